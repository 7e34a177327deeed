"""msgpack's nested arrays <-> numpy, for numbers that all have the same size in bytes.

A number is a type code and its big-endian value: a float64 is always `cb` and eight bytes. A row is
a header with its length, then its numbers.
Source: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from __future__ import annotations

import struct
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.arrays import put
from tensorwire.errors import DecodeError
from tensorwire.tree import check_out
from tensorwire.wire.grid import Grid, GridFill, SmallGrid

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body

__all__ = ["LIST_MAX", "NestedSource", "find", "small_array_writer", "write"]

_MAX_RANK = 64  # numpy's
LIST_MAX = 16  # numbers that msgpack writes from a list faster than numpy
_SMALL_MAX = 512  # numbers whose bytes Python compares faster than numpy
_CODES = {  # the type code, by dtype
    "<f8": 0xCB, "<f4": 0xCA, "|u1": 0xCC, "<u2": 0xCD, "<u4": 0xCE, "<u8": 0xCF,
    "|i1": 0xD0, "<i2": 0xD1, "<i4": 0xD2, "<i8": 0xD3,
}  # fmt: skip
_SHORT = tuple(bytes([0x90 | count]) for count in range(16))  # the headers of short arrays
_FALSE = np.uint8(0xC2)  # and 0xC3 is true
_DTYPES = {code: np.dtype(name).newbyteorder(">") for name, code in _CODES.items()}


class NestedSource:
    """The `Source` of nested arrays of numbers of one size."""

    __slots__ = ("_body", "_grid", "_small", "_start")

    def __init__(self, body: Body, start: int, grid: Grid, small: SmallGrid | None) -> None:
        self._body, self._start, self._grid, self._small = body, start, grid, small

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Copy the numbers, as int64, uint64 or float64."""
        grid = self._grid
        limits.check(grid.shape, 8, len(self._body))
        wide = np.dtype(np.float64 if grid.dtype.kind == "f" else np.int64)
        if grid.dtype == _DTYPES[0xCF]:
            array = grid.read(self._body, self._start)
            array = array if array.size and int(array.max()) >= 2**63 else array.view(np.int64)
        elif out is not None:
            try:
                check_out(out, grid.shape, wide)
            except DecodeError:
                self.peek()  # raises `Irregular` where a number has another type code
                raise
            return grid.read(self._body, self._start, out)
        elif self._small is not None:
            array = np.empty(grid.shape, wide)
            put(array, self._small.read(self._body, self._start))
        else:
            return grid.read(self._body, self._start, None, wide)
        return array

    def peek(self) -> tuple[np.dtype[Any] | None, tuple[int, ...]]:
        """Return dtype and shape; the dtype is None for uint64, where it depends on the values.

        Raises `Irregular` where a number has another type code, or a row another length.
        """
        grid = self._grid
        if self._small is not None:
            self._small.read(self._body, self._start)
        else:
            grid.check(self._body, self._start)
        if grid.dtype == _DTYPES[0xCF]:
            return None, grid.shape
        return np.dtype(np.float64 if grid.dtype.kind == "f" else np.int64), grid.shape


def write(array: Array) -> GridFill:
    """Return the `Fill` of an array of numbers or bools, each in the size of its dtype."""
    if array.dtype.kind == "b":
        lead, *headers = map(_array, array.shape)
        return GridFill(Grid(array.shape, headers, b"", np.dtype("u1")), array + _FALSE, lead)
    grid, lead = _known_layout(array.shape, array.dtype)
    return GridFill(grid, array, lead)


def small_array_writer(
    shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Callable[[Array], bytes] | None:
    """Return a fast form of `write` for small arrays of numbers of that shape and dtype."""
    return None if dtype.kind == "b" else SmallGrid(*_layout(shape, dtype)).write


def _layout(shape: tuple[int, ...], dtype: np.dtype[Any]) -> tuple[Grid, bytes]:
    lead, *headers = map(_array, shape)
    return Grid(shape, headers, *_element(dtype)), lead


_known_layout = lru_cache(maxsize=1024)(_layout)


@lru_cache(maxsize=64)
def _element(dtype: np.dtype[Any]) -> tuple[bytes, np.dtype[Any]]:
    """Return the type code of the numbers of a dtype, and their dtype in the bytes."""
    name = dtype.newbyteorder("<").str
    wire = np.dtype("<f4" if name == "<f2" else name)
    return bytes([_CODES[wire.str]]), wire.newbyteorder(">")


def _array(count: int) -> bytes:
    if count < 16:
        return _SHORT[count]
    return struct.pack(">BH", 0xDC, count) if count < 1 << 16 else struct.pack(">BI", 0xDD, count)


def find(body: Body, start: int) -> tuple[Array | NestedSource, int] | None:
    """Return the `bin` or the array of numbers at `start`, and its end.

    Returns None for a value that is cut off, short, or of another type; may raise `IndexError`.
    """
    if body[start] in (0xC4, 0xC5, 0xC6):
        width = 1 << (body[start] - 0xC4)
        size = int.from_bytes(body[start + 1 : start + 1 + width], "big")
        stop = start + 1 + width + size
        return (
            (np.frombuffer(body, np.uint8, size, stop - size), stop) if stop <= len(body) else None
        )
    shape: list[int] = []
    headers: list[bytes] = []
    at = start
    while len(shape) <= _MAX_RANK:
        code, begin = body[at], at
        if code >> 4 == 0x9:
            count, at = code & 0xF, at + 1
        elif code in (0xDC, 0xDD):
            width = 2 << (code - 0xDC)
            count, at = int.from_bytes(body[at + 1 : at + 1 + width], "big"), at + 1 + width
        else:
            break
        shape.append(count)
        headers.append(bytes(body[begin:at]))
    dtype = _DTYPES.get(code)
    if dtype is None or not headers or not LIST_MAX < prod(shape) < len(body):
        return None
    small = (
        _small_grid(tuple(shape), tuple(headers[1:]), code) if prod(shape) <= _SMALL_MAX else None
    )
    grid = small.grid if small else Grid(shape, headers[1:], bytes([code]), dtype)
    start += len(headers[0])
    stop = start + grid.nbytes
    return (NestedSource(body, start, grid, small), stop) if stop <= len(body) else None


@lru_cache(maxsize=1024)
def _small_grid(shape: tuple[int, ...], headers: tuple[bytes, ...], code: int) -> SmallGrid:
    return SmallGrid(Grid(shape, headers, bytes([code]), _DTYPES[code]))
