"""Files of arrays: .npy, .npz and .safetensors, read by the library's own codecs.

What is not compressed is mapped: its bytes are read when they are looked at. What all readers of
files need is here, too: the choice by name, and whether there is memory.
"""

from __future__ import annotations

import mmap
import os
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile, is_zipfile

from tensorwire.formats.npy import Npy
from tensorwire.formats.safetensors import Safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np

    from tensorwire.tree import Array

NPY = ".npy"
WANTED = "expected arrays or a request, got "
"""Begins what is wrong with a file that holds something else."""
SHOWN = 8
"""Names that an error lists."""


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
            check_room(archive.getinfo(members[name]).file_size * 2)
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


def representable(dtype: np.dtype[Any]) -> bool:
    """Whether any format has a dtype: numbers of up to 64 bits a part, bools, strings, bytes."""
    if dtype.kind in "biufc":
        return dtype.itemsize <= (16 if dtype.kind == "c" else 8)
    return dtype.kind in "US" or getattr(dtype.type, "__module__", "").startswith("ml_dtypes")


def choose(names: Sequence[str], asked: str) -> list[str]:
    """Return the names that are asked for, each once, in the order asked; all if none are.

    Parameters
    ----------
    names
        Those there are. They may have commas in them: the longest that fits is meant.
    asked
        ``a``, ``a,b`` or ``layer*``.

    Raises
    ------
    ValueError
        One of them is not there.
    """
    if not asked:
        return list(names)
    longest = sorted(dict.fromkeys(names), key=len, reverse=True)
    found: list[str] = []
    rest: str | None = asked
    while rest is not None:
        exact = next((n for n in longest if rest == n or (n and rest.startswith(n + ","))), None)
        part = rest.partition(",")[0] if exact is None else exact
        found += _matching(names, part) if exact is None else [exact]
        rest = rest[len(part) + 1 :] if len(rest) > len(part) else None
    return list(dict.fromkeys(found))


def _matching(names: Sequence[str], pattern: str) -> list[str]:
    found = [name for name in names if fnmatchcase(name, pattern)]
    if not found:
        raise ValueError(f"there is no {pattern!r} in it; it has {listed(names)}")
    return found


def listed(names: Sequence[str]) -> str:
    """Name the first few."""
    text = ", ".join(name or "an array without a name" for name in names[:SHOWN])
    more = len(names) - SHOWN
    return f"{text} and {more:,} more" if more > 0 else text or "none"


def free_memory() -> int | None:
    """Return the bytes that can be had without swapping, None where that is not known."""
    try:
        import psutil
    except ImportError:
        pass
    else:
        return int(psutil.virtual_memory().available)
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such thing on Windows
        return None


def check_room(need: float) -> None:
    """Raise `ValueError` if there are not so many bytes."""
    there = free_memory()
    if there is not None and need > there:
        raise ValueError(
            f"reading it takes about {need / 1e9:,.1f} GB, {there / 1e9:,.1f} GB are free"
        )
