"""Files of arrays: .npy, .npz and .safetensors, read by the library's own codecs.

What is not compressed is mapped: its bytes are read when they are looked at.
"""

from __future__ import annotations

import mmap
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile, is_zipfile

from bench.payloads import room
from bench.payloads.choosing import choose, listed
from tensorwire.formats.npy import Npy
from tensorwire.formats.safetensors import Safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tensorwire.tree import Array

NPY = ".npy"


def mapped(path: str) -> mmap.mmap:
    """Map a file, which outlives its handle as long as an array views it."""
    with Path(path).open("rb") as stream:
        return mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)


def npy(path: str, asked: str) -> Iterator[tuple[str, Array]]:
    """Read the array of a .npy file; it has no name."""
    if asked:
        raise ValueError(f"holds one array, without a name: leave out ::{asked}")
    yield "", Npy().decode(mapped(path))


def npz(path: str, asked: str) -> Iterator[tuple[str, Array]]:
    """Read the arrays of a .npz file, one at a time."""
    if not is_zipfile(path):
        raise ValueError("not a .npz file, or its end is missing")
    with ZipFile(path) as archive:
        members = {n.removesuffix(NPY): n for n in archive.namelist() if n.endswith(NPY)}
        if not members:
            raise ValueError(_no_arrays(archive.namelist()))
        for name in choose(list(members), asked):
            room.check(archive.getinfo(members[name]).file_size * 2)
            with named(name):
                array = Npy().decode(archive.read(members[name]))
            yield name, array


def _no_arrays(names: list[str]) -> str:
    if any(name.endswith("/data.pkl") for name in names):
        return "a PyTorch checkpoint, which is a pickle: store its tensors with safetensors"
    return f"a zip file without .npy arrays; in it: {listed(names)}"


def safetensors(path: str, asked: str) -> Iterator[tuple[str, Array]]:
    """View the tensors of a .safetensors file, in the order of their names."""
    decoded: Any = Safetensors().decode(mapped(path))
    tensors: dict[str, Array] = decoded if isinstance(decoded, dict) else {"": decoded}
    for name in choose(sorted(tensors), asked):
        yield name, tensors[name]


@contextmanager
def named(name: str) -> Iterator[None]:
    """Put the name of an array before what is wrong with it."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None
