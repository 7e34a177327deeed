"""numpy's own names of dtypes, such as ``<f8``, which .npy and msgpack-numpy carry.

Source: https://numpy.org/doc/stable/reference/arrays.interface.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.arrays import NUMBERS
from tensorwire.errors import DecodeError, shown
from tensorwire.formats.format import refusal

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["dtype_of", "typestr_of"]

_NAME = re.compile(r"[<>=|]?[biufcSU][1-9][0-9]{0,9}")


def typestr_of(format_name: str, array: Array) -> str:
    """Name the dtype of an array; `EncodeError` where the name would not bring it back."""
    dtype = array.dtype
    if not _known(dtype):  # bfloat16 would come back as two bytes, StringDType as addresses
        raise refusal(format_name, dtype)
    return dtype.str


def dtype_of(name: Any, path: str) -> np.dtype[Any]:
    """Give the dtype of a name: bools, integers, floats, complex numbers and strings.

    Raises `DecodeError` for any other: objects (which only a pickle could carry), records, dates.
    """
    if type(name) is str and name.endswith("O"):
        raise DecodeError("Python objects, which only a pickle could carry: never loaded", path)
    if type(name) is not str or not _NAME.fullmatch(name):
        raise DecodeError(f"{shown(name)} is not a dtype of numbers, bools or strings", path)
    try:
        dtype = np.dtype(name)
    except (TypeError, ValueError):
        dtype = None
    if dtype is None or not _known(dtype):
        raise DecodeError(f"there is no dtype {name!r} here", path)
    return dtype


def _known(dtype: np.dtype[Any]) -> bool:
    return dtype.num in _CARRIED and dtype.itemsize > 0


_CARRIED = NUMBERS | {np.dtype(char).num for char in "FDSU"}
