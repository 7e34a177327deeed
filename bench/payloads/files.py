"""Read the arrays in a file, by name; whatever is wrong with it is one line.

A file's format is found by its first bytes, then by its suffix, else by all of its bytes.
"""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from . import arrays
from .requests import recorded, request
from .tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tensorwire.tree import Array


SEPARATOR = "::"
LONGEST = 300
"""Characters of a reason."""
MAGIC = {
    b"\x93NUMPY": "npy",
    b"PK\x03\x04": "npz",
    b"PK\x05\x06": "npz",  # an empty one
    b"PAR1": "parquet",
}
SUFFIXES = {
    ".npy": "npy",
    ".npz": "npz",
    ".safetensors": "safetensors",
    ".parquet": "parquet",
    ".pq": "parquet",
}
TABLES = {".csv": "csv", ".tsv": "csv"}
PICKLE = (
    "a pickle, which is never loaded; store arrays with numpy.save, a DataFrame with to_parquet"
)
OTHERS = {
    b"\x1f\x8b": "a file compressed by gzip; unpack it first",
    b"\x28\xb5\x2f\xfd": "a file compressed by zstd; unpack it first",
    b"\xfd7zXZ": "a file compressed by xz; unpack it first",
    b"BZh": "a file compressed by bzip2; unpack it first",
    b"\x89HDF": "an HDF5 file; store its arrays with numpy.savez",
    b"ARROW1": "an Arrow file; store it as Parquet",
    b"\x89PNG": "a picture; store its pixels with numpy.save",
    b"\xff\xd8\xff": "a picture; store its pixels with numpy.save",
    # Protocols 2 to 5; as msgpack it would be an empty map with something behind it.
    **{bytes((0x80, version)): PICKLE for version in range(2, 6)},
}


class PayloadError(Exception):
    """A file that cannot be measured: one line that names it."""


def split(text: str) -> tuple[str, str]:
    """Split ``FILE::NAMES``, also for a path of Windows, or one that has ``::`` in it."""
    path, names = text, ""
    parts = text.split(SEPARATOR)
    for number in range(len(parts), 0, -1):
        path, names = SEPARATOR.join(parts[:number]), SEPARATOR.join(parts[number:])
        if Path(path).exists():
            break
    return path, names


def read(path: str, asked: str = "") -> Iterator[tuple[str, Array]]:
    """Yield the arrays of a file with their names, as they are: they may be mapped, not read.

    Parameters
    ----------
    asked
        Which of them; of a table, which columns. All without it.

    Raises
    ------
    PayloadError
        The file cannot be read, or holds what no array or no format can represent.
    """
    with _one_line(path):
        yield from _checked(READERS[recognise(path)](path, asked))


def record(path: str) -> tuple[str, list[tuple[str, Array]]]:
    """Return the form of a recorded request, and its arrays; PayloadError as `read` raises it."""
    with _one_line(path):
        form = recognise(path)
        form, found = recorded(path) if form == "request" else (form, READERS[form](path, ""))
        return form, list(_checked(found))


def _checked(found: Iterator[tuple[str, Array]]) -> Iterator[tuple[str, Array]]:
    for name, array in found:
        if not arrays.representable(array.dtype):
            before = f"{name}: " if name else ""
            raise ValueError(f"{before}holds {array.dtype} values, which no format can represent")
        yield name, array


def load(path: str, name: str, rows: int | None = None) -> Array:
    """Return one array of a file, or its first rows: in memory, in C order and native bytes."""
    array = dict(read(path, name))[name]
    if rows is not None:
        array = array[:rows]
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", subok=False)


def recognise(path: str) -> str:
    """Return ``npy``, ``npz``, ``safetensors``, ``parquet``, ``csv`` or ``request``.

    Raises
    ------
    ValueError
        The file is empty, is none, or is of a format that is known and not read.
    """
    file = Path(path)
    if file.exists() and not file.is_file():
        what = "a directory" if file.is_dir() else "what is no file, and read only once"
        raise ValueError(f"expected a file, got {what}")
    with file.open("rb") as stream:
        head = stream.read(16)
    if not head:
        raise ValueError(f"{arrays.WANTED}an empty file")
    suffix = file.suffix.lower()
    for magic, name in MAGIC.items():
        if head.startswith(magic):
            return name
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= file.stat().st_size - 8:
        return "safetensors"
    if suffix in TABLES:
        return TABLES[suffix]
    for magic, what in OTHERS.items():
        if head.startswith(magic):
            raise ValueError(arrays.WANTED + what)
    if head.lstrip()[:1] in (b"{", b"["):
        return "request"
    return SUFFIXES.get(suffix, "request")


@contextmanager
def _one_line(path: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise PayloadError(f"{path}: {error.strerror or _plain(error)}") from None
    except MemoryError:
        raise PayloadError(f"{path}: it does not fit into memory") from None
    except (
        ValueError,  # of numpy, of pyarrow, and of every codec
        RecursionError,
        NotImplementedError,  # pyarrow's and zipfile's, for what they do not read
        BadZipFile,
        EOFError,
        zlib.error,
        RuntimeError,  # a zip file with a password
    ) as error:
        raise PayloadError(f"{path}: {_plain(error)}") from None


def _plain(error: Exception) -> str:
    # zipfile's errors may quote as much of the file as they like.
    text = " ".join(str(error).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


READERS: dict[str, Callable[[str, str], Iterator[tuple[str, Array]]]] = {
    "npy": arrays.npy,
    "npz": arrays.npz,
    "safetensors": arrays.safetensors,
    "parquet": table,
    "csv": table,
    "request": request,
}
"""How a file is read, by its format."""
