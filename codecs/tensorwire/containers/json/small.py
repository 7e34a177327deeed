"""Small arrays of numbers as JSON text, and back, in few calls.

A client or a model would write and read them by hand::

    text = orjson.dumps(array.tolist())
    array = np.array(orjson.loads(text))

These two lines are here, with the checks that they lack. Other arrays are declined, and written or
read as those of any size are: that takes 2 to 3 times as long for one value.

Single bytes are sought by `in`: `find` takes five times as long.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from math import hypot
from struct import Struct
from struct import error as PackingError  # noqa: N812 - an exception
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tensorwire.tree import Array

__all__ = ["AS_LIST", "DECLINED", "small_array", "small_text"]

DECLINED = (ValueError, LookupError, TypeError, AttributeError, OverflowError, PackingError)
"""What `small_array` raises for anything but numbers that it reads exactly."""

AS_LIST = frozenset(np.dtype(code) for code in "?bhilqBHILQd")
"""The dtypes, of native byte order, whose text is that of the Python objects of an array."""

_SIZE_MAX = 1024  # elements of an array that is written in one piece
_SAFE = 2.0**52  # well below 2**53, up to which float64 holds all integers
_LOWEST = -_SAFE
_OPEN, _POINT, _L, _N, _U = b"[.lnu"
_INT64, _FLOAT32 = np.dtype(np.int64), np.dtype(np.float32)
_DIRECT = AS_LIST | {_FLOAT32}
_ORIGIN: list[Any] = [(0,) * rank for rank in range(65)]
_dumps, _NUMPY, _empty = orjson.dumps, orjson.OPT_SERIALIZE_NUMPY, np.empty


def small_text(array: Array) -> bytes | None:
    """Return the text of a small array of finite numbers or bools; None for any other array."""
    dtype, size = array.dtype, array.size
    if dtype not in _DIRECT or not 0 < size <= _SIZE_MAX:
        return None
    try:
        # Of one number a list takes four fifths of the time. Equal dtypes are not always the same
        # object: float32 that was pickled is not.
        one = size == 1 and dtype in AS_LIST
        text = _dumps(array.tolist()) if one else _dumps(array, None, _NUMPY)
    except TypeError:  # not in C order
        return None
    return None if _N in text or text[0] != _OPEN else text  # null is for NaN; rank 0 has no list


def small_array(  # noqa: C901 - a call costs a twentieth
    rows: Any, tail: bytes, shape: Sequence[int] | None = None
) -> Array:
    """Return numbers as `lists.to_array` has them: int64, or float64 where one is a float.

    The numbers are in nested lists of equal lengths; or in one list, where the shape is given.
    Raises one of `DECLINED` for anything but numbers, and for integers that would be rounded. The
    text behind the last string is `tail`: without the letters u and l there are no true, false and
    null in it. The root of the sum of squares bounds all numbers; and among as many points as
    numbers there are no integers.
    """
    first = rows[0]
    if shape is None:
        shape = (len(rows),)
        while first.__class__ is list:
            size = len(first)
            if len(rows) == 1:
                rows = first
            elif set(map(len, rows)) == {size}:
                rows = list(chain.from_iterable(rows))
            else:
                raise LookupError
            shape += (size,)
            first = rows[0]
    size, kind = len(rows), first.__class__
    if size == 1:
        if kind is float and _LOWEST < first < _SAFE:
            array = _empty(shape)
        elif kind is int:
            array = _empty(shape, _INT64)
        else:
            raise LookupError
        array[_ORIGIN[len(shape)]] = first
        return array
    if _U in tail or _L in tail:
        raise LookupError
    if _POINT not in tail and kind is int:
        array = _empty(shape, _INT64)
        _int64(size)(array, 0, *rows)
        return array
    if not hypot(*rows) < _SAFE and tail.count(b".") != size:
        raise LookupError
    array = _empty(shape)
    _float64(size)(array, 0, *rows)
    return array


@cache
def _float64(size: int) -> Callable[..., None]:
    """Return a function that packs so many numbers into memory, in half the time of numpy."""
    return Struct(f"{size}d").pack_into


@cache
def _int64(size: int) -> Callable[..., None]:
    """Return a function that packs so many integers into memory, and refuses floats."""
    return Struct(f"{size}q").pack_into
