"""Nested lists whose elements all have the same size in bytes, as strided arrays.

In such a list each element is ``prefix value``, and each row of one level has the same header::

    header1 (header2 (prefix value) * shape[2]) * shape[1] ... repeated shape[0] times

A `Grid` fills and checks the bytes by numpy; a `SmallGrid` caches the bytes of a short list.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.arrays import EXACT, put
from tensorwire.tree import Irregular, Role
from tensorwire.wire.buffers import ArrayFill, join

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from tensorwire.tree import Array, Body, Leaf

    Writer: TypeAlias = Callable[[Array], bytes | None]

__all__ = ["Grid", "GridFill", "SmallGrid", "declining_inexact", "small_array_writer"]

_MAX_RANK = 64  # numpy's
_TILE = 16 << 10  # bytes of constant text that are copied at a time: fits the L1 cache
_CHECK_BLOCK = 16 << 10  # elements that are checked at a time, in separate memory
_PEEK_BLOCK = 1 << 10  # elements that are checked at a time where no value is read
_READ_BLOCK = 128 << 10  # elements that are checked at a time, in the memory of the result


class Grid:
    """The byte layout of one nested list.

    Parameters
    ----------
    shape
        the dimensions, at least one.
    headers
        the constant bytes before each row of level 1, 2, ... rank - 1.
    prefix
        the constant bytes before each value: one or three.
    dtype
        the value in the bytes.

    Attributes
    ----------
    unit
        bytes of one element.
    nbytes
        bytes of the whole list, without the header of level 0.
    """

    __slots__ = ("_headers", "_lead", "_prefix", "_strides", "dtype", "nbytes", "shape", "unit")

    def __init__(
        self, shape: Sequence[int], headers: Sequence[bytes], prefix: bytes, dtype: np.dtype[Any]
    ) -> None:
        self.shape = tuple(shape)
        self._headers = headers
        self._prefix = prefix
        self.dtype = dtype
        self.unit = size = len(prefix) + dtype.itemsize
        strides: tuple[int, ...] = (size,)
        lead = 0
        for level in range(len(headers), 0, -1):
            length = len(headers[level - 1])
            lead += length
            size = length + self.shape[level] * size
            strides = (size, *strides)
        self.nbytes = self.shape[0] * size
        self._strides, self._lead = strides, lead

    def values(self, body: Any, offset: int) -> Array:
        """View the values that lie in `body` from `offset` on, as a strided array."""
        if 0 in self.shape:
            return np.empty(self.shape, self.dtype)
        at = offset + self._lead + len(self._prefix)
        return np.ndarray(self.shape, self.dtype, body, at, self._strides)

    def repeated(self, value: bytes) -> bytes:
        """Return a short list in which every value has the same bytes."""
        shape, headers, row = self.shape, self._headers, self._prefix + value
        for level in range(len(headers), 0, -1):
            row = headers[level - 1] + row * shape[level]
        return row * shape[0]

    def fill(self, body: memoryview, offset: int, array: Array) -> None:
        """Write the whole list into writable `body` at `offset`."""
        if self.nbytes:
            self._fill_constants(body, offset)
        put(self.values(body, offset), array)

    def read(
        self,
        body: Body,
        offset: int,
        out: Array | None = None,
        dtype: np.dtype[Any] | None = None,
    ) -> Array:
        """Copy the values out of `body`, into `out` where given, else as `dtype` or their own.

        Raises `Irregular`, with `out` unchanged, where a constant byte differs.
        """
        values = self.values(body, offset)
        if out is not None:  # check the whole list before the first write
            self.check(body, offset, _CHECK_BLOCK)
            put(out, values)
            return out
        self._check_headers(body, offset)
        words = self._words(body, offset)
        out = np.empty(self.shape, dtype or self.dtype.newbyteorder("="))
        for block, source, target in _blocks(_READ_BLOCK, words, values, out):
            scratch = target.reshape(-1).view(np.uint8)  # unused until the values are copied
            self._check(block, scratch if target.itemsize >= 5 else np.empty(5 * block.size, "u1"))
            put(target, source)
        return out

    def check(self, body: Body, offset: int, most: int = _PEEK_BLOCK) -> None:
        """Raise `Irregular` where a constant byte differs; the values are not read."""
        self._check_headers(body, offset)
        for (block,) in _blocks(most, self._words(body, offset)):
            self._check(block, np.empty(5 * block.size, np.uint8))

    def _fill_constants(self, body: memoryview, offset: int) -> None:
        unit = self._prefix + bytes(self.dtype.itemsize)
        level = len(self.shape)
        while level > 1:
            row = len(self._headers[level - 2]) + self.shape[level - 1] * len(unit)
            if row > _TILE:
                break
            level -= 1
            unit = self._headers[level - 1] + unit * self.shape[level]
        # Rows of one level are adjacent, so several are written as one longer row.
        count, outer = self.shape[level - 1], self.shape[: level - 1]
        many = max(1, min(count, _TILE // len(unit)))
        tile = np.frombuffer(unit * many, np.uint8)
        at, steps = offset + sum(map(len, self._headers[: level - 1])), self._strides[: level - 1]
        if level == _MAX_RANK:  # numpy has no dimension left for the bytes of a tile
            outer, steps = _longer_than_one(outer, steps)
        whole, rest = divmod(count, many)
        strides = (*steps, tile.size, 1)
        np.ndarray((*outer, whole, tile.size), np.uint8, body, at, strides)[...] = tile
        if rest:
            at, left = at + whole * tile.size, rest * len(unit)
            np.ndarray((*outer, left), np.uint8, body, at, (*steps, 1))[...] = tile[:left]
        for depth, header in enumerate(self._headers[: level - 1]):
            at = offset + sum(map(len, self._headers[:depth]))
            shape, strides = (*self.shape[: depth + 1], len(header)), self._strides[: depth + 1]
            rows: Array = np.ndarray(shape, np.uint8, body, at, (*strides, 1))
            rows[...] = np.frombuffer(header, np.uint8)

    def _words(self, body: Body, offset: int) -> Array:
        """View each prefix as one integer: one byte, or three and the first byte of the value."""
        kind = np.dtype("<u4" if len(self._prefix) > 1 else "u1")
        if 0 in self.shape:
            return np.empty(self.shape, kind)
        return np.ndarray(self.shape, kind, body, offset + self._lead, self._strides)

    def _check(self, words: Array, scratch: Array) -> None:
        """Compare prefixes; `scratch` has five bytes for each, which saves a slow allocation."""
        size, shape = words.size, words.shape
        same = scratch[4 * size : 5 * size].view(np.bool_).reshape(shape)
        if len(self._prefix) > 1:
            three = scratch[: 4 * size].view("<u4").reshape(shape)
            words = np.bitwise_and(words, np.uint32(0xFFFFFF), out=three)
        np.equal(words, int.from_bytes(self._prefix, "little"), out=same)
        if not same.all():
            raise Irregular

    def _check_headers(self, body: Body, offset: int) -> None:
        for depth, header in enumerate(self._headers):
            # Two words, which may overlap, cover a header of up to 16 bytes.
            width = next(size for size in (8, 4, 2, 1) if size <= len(header))
            word = np.dtype(f"<u{width}")
            shape, strides = self.shape[: depth + 1], self._strides[: depth + 1]
            at = offset + sum(map(len, self._headers[:depth]))
            for place in {0, len(header) - width}:
                rows: Array = np.ndarray(shape, word, body, at + place, strides)
                expected = int.from_bytes(header[place : place + width], "little")
                if not all((block == expected).all() for (block,) in _blocks(_CHECK_BLOCK, rows)):
                    raise Irregular


class GridFill:
    """The `Fill` that writes an array as nested lists of elements of constant size."""

    __slots__ = ("_array", "_grid", "_lead", "nbytes")

    def __init__(self, grid: Grid, array: Array, lead: bytes = b"") -> None:
        self._grid, self._array, self._lead = grid, array, lead
        self.nbytes = len(lead) + grid.nbytes

    def fill(self, body: memoryview, offset: int) -> None:
        """Write the constant bytes, then the values between them."""
        start = offset + len(self._lead)
        body[offset:start] = self._lead
        self._grid.fill(body, start, self._array)


def _longer_than_one(
    shape: tuple[int, ...], strides: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the dimensions of a size other than 1."""
    kept = [i for i, size in enumerate(shape) if size != 1]
    return tuple(shape[i] for i in kept), tuple(strides[i] for i in kept)


def _blocks(most: int, *arrays: Array) -> Iterator[tuple[Array, ...]]:
    """Cut arrays of one shape into corresponding parts of at most about `most` elements."""
    while len(arrays[0]) == 1 and arrays[0].size > most:
        arrays = tuple(array[0] for array in arrays)
    first = arrays[0]
    if first.size <= most:
        yield arrays
        return
    step = most * len(first) // first.size
    if step:
        for start in range(0, len(first), step):
            yield tuple(array[start : start + step] for array in arrays)
    else:
        for rows in zip(*arrays, strict=True):
            yield from _blocks(most, *rows)


_WIDE = frozenset(np.dtype(char).num for char in "lqLQ")
_LOOP_MAX = 64  # numbers that Python compares and converts faster than numpy
_FLOAT64 = np.dtype("<f8")


class SmallGrid:
    """The constant bytes of nested lists of one shape, kept for short lists.

    They are one row, repeated, which takes 1 us for 100 numbers, and by numpy 19 us: sizes of
    batches vary, so that many lists have a shape that was never seen. What `read` compares is made
    by the first call.

    Parameters
    ----------
    grid
        the layout, of at most some hundred elements.
    lead
        the bytes before it, which are written, and not compared.

    Attributes
    ----------
    grid
        the layout.
    constants
        the bytes of a list of zeros.
    """

    __slots__ = ("_bits", "_lead", "constants", "grid")

    def __init__(self, grid: Grid, lead: bytes = b"") -> None:
        self.grid, self._lead = grid, len(lead)
        self.constants = lead + grid.repeated(bytes(grid.dtype.itemsize))
        self._bits: tuple[int, int] | None = None

    def write(self, array: Array) -> bytes:
        """Return the list with the values of an array."""
        body = bytearray(self.constants)
        put(self.grid.values(body, self._lead), array)
        return bytes(body)

    def read(self, body: Body, start: int) -> Array:
        """Copy the values; raise `Irregular` where a constant byte differs."""
        zeros, mask = self._bits or self._compared()
        found = int.from_bytes(body[start : start + self.grid.nbytes], "little")
        if (found ^ zeros) & mask:
            raise Irregular
        return self.grid.values(body, start).copy()

    def _compared(self) -> tuple[int, int]:
        """Return a list of zeros as an integer, and the bits in which every list is like it."""
        grid = self.grid
        highest = b"\1" if grid.dtype.kind == "b" else b"\xff" * grid.dtype.itemsize
        zeros = int.from_bytes(self.constants[self._lead :], "little")
        varying = zeros ^ int.from_bytes(grid.repeated(highest), "little")
        self._bits = bits = zeros, (1 << 8 * grid.nbytes) - 1 ^ varying
        return bits


def declining_inexact(write: Writer, dtype: np.dtype[Any]) -> Writer:
    """Return a writer that returns None for integers that float64 may round.

    It also returns None for integers in arrays of more than `_LOOP_MAX` elements: the caller then
    checks them by numpy.
    """
    if dtype.num not in _WIDE:
        return write

    def write_small(array: Array) -> bytes | None:
        if array.size > _LOOP_MAX:
            return None
        numbers = array.ravel().tolist()
        return write(array) if min(numbers) >= -EXACT and max(numbers) <= EXACT else None

    return write_small


def small_array_writer(leaf: Leaf) -> Writer | None:
    """Return a fast form of `array_part` for small arrays of one dtype; None for varints."""
    field, dtype = leaf.field, leaf.data.dtype
    if leaf.role is Role.VALUES and dtype.kind != "f":
        return None
    if field is None or field == dtype:  # not `in (None, dtype)`: numpy reads None as float64
        return np.ndarray.tobytes
    return declining_inexact(_as_doubles, dtype) if leaf.role is Role.PACKED else None


def _as_doubles(array: Array) -> bytes:
    if array.size > _LOOP_MAX:
        return join(b"", ArrayFill(array, _FLOAT64), b"")
    return struct.pack(f"<{array.size}d", *array.ravel().tolist())
