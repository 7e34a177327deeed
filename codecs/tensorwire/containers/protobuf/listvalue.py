"""google.protobuf.ListValue <-> numpy, for numbers and for bools.

In the one form protobuf writes, a number element is always `0a 09 11 <float64>` and a bool element
`0a 02 20 <0 or 1>`; a row is `0a <length> 32 <length> elements`, its header the same for every row
of one level. Source: https://protobuf.dev/reference/protobuf/google.protobuf/#list-value
"""

from __future__ import annotations

import struct
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.errors import DecodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.tree import Irregular, check_out
from tensorwire.wire.grid import Grid, SmallGrid, declining_inexact

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body, Leaf

__all__ = [
    "MAX_RANK",
    "ListValueSource",
    "encode_small",
    "layout",
    "small_array_writer",
    "small_layout",
]

MAX_RANK = 49  # protobuf reads at most 100 nested messages, and each dimension takes two
_FLOAT64 = struct.Struct("<d")
_SMALL_MAX = 512  # elements whose bytes Python compares faster than numpy
_NUMBER = (b"\x0a\x09\x11", np.dtype("<f8"))
_BOOL = (b"\x0a\x02\x20", np.dtype("?"))


@lru_cache(maxsize=1024)
def layout(shape: tuple[int, ...], is_bool: bool) -> Grid:  # noqa: FBT001 - a key of the cache
    """Return the layout of the ListValue of an array of numbers or bools."""
    return _grid(shape, is_bool)


@lru_cache(maxsize=1024)
def small_layout(shape: tuple[int, ...], is_bool: bool) -> SmallGrid:  # noqa: FBT001
    """Return the layout and the constant bytes of the ListValue of a small array."""
    return SmallGrid(_grid(shape, is_bool))


def _grid(shape: tuple[int, ...], is_bool: bool) -> Grid:  # noqa: FBT001
    prefix, value = _BOOL if is_bool else _NUMBER
    size = len(prefix) + value.itemsize
    headers: list[bytes] = []
    for count in shape[:0:-1]:
        size *= count
        headers.append(_header(size))
        size += len(headers[-1])
    return Grid(shape, headers[::-1], prefix, value)


@lru_cache(maxsize=1024)
def _header(size: int) -> bytes:
    """Return the header of a row whose elements have so many bytes."""
    inner = b"\x32" + varint.write(size)
    return b"\x0a%b%b" % (varint.write(len(inner) + size), inner)


def encode_small(array: Array) -> bytes:
    """Write a small array of numbers or bools."""
    return small_layout(array.shape, array.dtype.kind == "b").write(array)


def small_array_writer(leaf: Leaf) -> Callable[[Array], bytes | None] | None:
    """Return `encode_small` for numbers of one dtype and shape."""
    dtype, shape = leaf.data.dtype, leaf.data.shape
    if dtype.kind == "b":
        return None
    if prod(shape) > 1:
        return declining_inexact(encode_small, dtype)
    head = small_layout(shape, False).constants[:-8]  # noqa: FBT003
    return declining_inexact(lambda array: head + _FLOAT64.pack(array.item()), dtype)


@lru_cache(maxsize=1)
def _singles() -> dict[int, tuple[bytes, tuple[int, ...]]]:
    """Return the bytes before the value and the shape of a list of one number, by its length."""
    shapes = [(1,) * rank for rank in range(1, 5)]
    lists = [(small_layout(shape, False).constants, shape) for shape in shapes]  # noqa: FBT003
    return {len(body): (body[:-8], shape) for body, shape in lists}


class ListValueSource:
    """A ListValue in `body`, from `start` to `stop`."""

    __slots__ = ("_body", "_start", "_stop")

    def __init__(self, body: Body, start: int, stop: int) -> None:
        self._body, self._start, self._stop = body, start, stop

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Copy the numbers or bools; raise `Irregular` for what only protobuf's runtime reads."""
        single = _singles().get(self._stop - self._start)
        if single is not None and out is None and limits is DEFAULT_LIMITS:
            head, shape = single
            if self._body[self._start : self._stop - 8] == head:
                return np.frombuffer(self._body, "<f8", 1, self._stop - 8).reshape(shape)
        shape, is_bool = self._infer()
        small = small_layout(shape, is_bool) if prod(shape) <= _SMALL_MAX else None
        grid = small.grid if small else layout(shape, is_bool)
        limits.check(shape, grid.dtype.itemsize, len(self._body))
        if out is not None:
            try:
                check_out(out, shape, grid.dtype)
            except DecodeError:
                self.peek()  # raises `Irregular` where a row differs from the first
                raise
        if small:
            array = small.read(self._body, self._start)
        elif is_bool:
            array = grid.read(self._body, self._start)
            if (array.view(np.uint8) > 1).any():
                raise Irregular
        else:
            return grid.read(self._body, self._start, out)
        if out is None:
            return array
        out[...] = array
        return out

    def peek(self) -> tuple[np.dtype[Any], tuple[int, ...]]:
        """Return dtype and shape; raise `Irregular` for what only protobuf's runtime reads."""
        shape, is_bool = self._infer()
        if prod(shape) <= _SMALL_MAX:
            return small_layout(shape, is_bool).read(self._body, self._start).dtype, shape
        grid = layout(shape, is_bool)
        grid.check(self._body, self._start)
        if is_bool and (grid.values(self._body, self._start).view(np.uint8) > 1).any():
            raise Irregular
        return grid.dtype, shape

    def _infer(self) -> tuple[tuple[int, ...], bool]:
        """Return the shape by the first row of each level, and whether the elements are bools.

        The other rows and the headers are not checked.
        """
        try:
            return self._first_rows()
        except IndexError:
            raise Irregular from None

    def _first_rows(self) -> tuple[tuple[int, ...], bool]:
        body, start, stop = self._body, self._start, self._stop
        shape: list[int] = []
        while start < stop:
            if body[start] != 0x0A or len(shape) == MAX_RANK:
                raise Irregular
            length, at = body[start + 1], start + 2
            if length > 0x7F:
                length, at = varint.read(body, start + 1)
            end = at + length
            count, rest = divmod(stop - start, end - start)
            if rest:
                raise Irregular
            shape.append(count)
            if body[at] != 0x32:
                prefix, value = element = _NUMBER if body[at] == 0x11 else _BOOL
                if body[start : at + 1] != prefix or end - at != value.itemsize + 1:
                    raise Irregular
                return tuple(shape), element is _BOOL
            inside, first = body[at + 1], at + 2
            if inside > 0x7F:
                inside, first = varint.read(body, at + 1)
            if first + inside != end:
                raise Irregular
            start, stop = first, end
        return (*shape, 0), False
