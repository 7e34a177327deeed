"""Read the arrays in a file, by name; whatever is wrong with it is one line."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np

from bench.payloads.case import carried
from bench.payloads.formats import recognise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tensorwire.tree import Array

SEPARATOR = "::"
LONGEST = 300
"""Characters of a reason."""


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
        The file cannot be read, or holds what no array or no format carries.
    """
    with _one_line(path):
        for name, array in _reader(recognise(path))(path, asked):
            if not carried(array.dtype):
                before = f"{name}: " if name else ""
                raise ValueError(f"{before}holds {array.dtype} values, which no format carries")
            yield name, array


def load(path: str, name: str, rows: int | None = None) -> Array:
    """Return one array of a file, or its first rows: in memory, in C order and native bytes."""
    array = dict(read(path, name))[name]
    if rows is not None:
        array = array[:rows]
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", subok=False)


def _reader(name: str) -> Callable[[str, str], Iterator[tuple[str, Array]]]:
    if name == "request":
        from bench.payloads.requests import request

        return request
    if name in {"parquet", "csv"}:
        from bench.payloads.tables import table

        return table
    from bench.payloads import arrays

    readers: dict[str, Any] = {
        "npy": arrays.npy,
        "npz": arrays.npz,
        "safetensors": arrays.safetensors,
    }
    found: Callable[[str, str], Iterator[tuple[str, Array]]] = readers[name]
    return found


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
    # A codec's error ends in a path; that of the whole message says nothing. zipfile's may quote
    # as much of the file as it likes.
    text = " ".join(str(error).split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
