"""Grids, held to bytes that are built one value after the other."""

import struct
from itertools import product
from typing import Any

import numpy as np
import pytest

from tensorwire.tree import Irregular, Leaf, Role
from tensorwire.wire.buffers import join
from tensorwire.wire.grid import (
    Grid,
    GridFill,
    SmallGrid,
    declining_inexact,
    small_array_writer,
)

FLOAT64 = np.dtype("<f8")
SHAPES = [(1,), (5,), (2, 3), (3, 1, 2), (2, 2, 2, 2), (1,) * 10, (700, 30), (3, 9000), (20_000,)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def headers_of(shape: tuple[int, ...]) -> list[bytes]:
    """Return a header of another length for each level but the outer one."""
    return [bytes(range(0xA0, 0xA2 + level)) for level in range(len(shape) - 1)]


def grid_of(shape: tuple[int, ...], prefix: bytes = b"\x0a\x09\x11") -> Grid:
    """Return a grid of float64."""
    return Grid(shape, headers_of(shape), prefix, FLOAT64)


def by_hand(array: Any, prefix: bytes) -> bytes:
    """Write headers, prefixes and values in order."""
    headers = headers_of(array.shape)
    pieces = []
    for at in product(*map(range, array.shape)):
        new = [header for level, header in enumerate(headers, 1) if not any(at[level:])]
        pieces += new
        pieces.append(prefix + struct.pack("<d", array[at]))
    return b"".join(pieces)


def values(shape: tuple[int, ...]) -> Any:
    """Return numbers of which each is another."""
    return np.arange(1.0, np.prod(shape) + 1).reshape(shape) / 3


@pytest.mark.parametrize("prefix", [b"\xcb", b"\x0a\x09\x11"])
@shapes
def test_a_grid_is_what_is_written_by_hand(shape: tuple[int, ...], prefix: bytes) -> None:
    """Headers, prefixes and values are in their places, behind what was there before."""
    grid, array = grid_of(shape, prefix), values(shape)
    wanted = by_hand(array, prefix)
    body = bytearray(b"abc" + bytes(grid.nbytes) + b"xyz")
    grid.fill(memoryview(body), 3, array)
    assert bytes(body) == b"abc" + wanted + b"xyz"
    assert grid.nbytes == len(wanted)
    assert join(b"<", GridFill(grid, array, b"lead"), b">") == b"<lead" + wanted + b">"


@shapes
def test_a_grid_is_read_back(shape: tuple[int, ...]) -> None:
    """Into an array of its own, of another dtype, or into the caller's, of any order."""
    grid, array = grid_of(shape), values(shape)
    body = b"ab" + by_hand(array, b"\x0a\x09\x11") + b"c"  # a prefix is read as four bytes
    grid.check(body, 2)
    assert np.array_equal(grid.read(body, 2), array)
    narrow = grid.read(body, 2, None, np.dtype(np.float32))
    assert np.array_equal(narrow, array.astype(np.float32))
    out = np.zeros(shape, order="F")
    assert grid.read(body, 2, out) is out
    assert np.array_equal(out, array)


@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 2, 2, 2), (700, 3)], ids=str)
def test_each_constant_byte_is_checked(shape: tuple[int, ...]) -> None:
    """A changed header or prefix is refused and leaves `out` alone; a changed value is a value."""
    grid, array = grid_of(shape), values(shape)
    good = by_hand(array, b"\x0a\x09\x11")
    constant = bytearray(b"\1" * len(good))
    grid.values(constant, 0).view("<u8")[...] = 0
    for at in range(0, len(good), max(1, len(good) // 300)):
        changed = bytearray(good + b"\0")
        changed[at] ^= 0x40
        body = bytes(changed)
        out = np.full(shape, -1.0)
        if constant[at]:
            for read in (lambda b=body: grid.read(b, 0), lambda b=body: grid.check(b, 0)):
                with pytest.raises(Irregular):
                    read()
            with pytest.raises(Irregular):
                grid.read(body, 0, out)
            assert (out == -1).all()
        else:
            assert not np.array_equal(grid.read(body, 0, out), array)


@pytest.mark.parametrize("shape", [(0,), (2, 0)], ids=str)
def test_a_grid_of_nothing(shape: tuple[int, ...]) -> None:
    """Without elements there are headers alone, or nothing."""
    grid = grid_of(shape)
    body = bytearray(grid.nbytes)
    grid.fill(memoryview(body), 0, np.zeros(shape))
    assert bytes(body) == b"".join(headers_of(shape)) * (shape[0] if len(shape) > 1 else 0)
    assert grid.read(bytes(body), 0).shape == shape


@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3), (2, 2, 2)], ids=str)
def test_a_small_grid_is_the_grid(shape: tuple[int, ...]) -> None:
    """The same bytes, the same values, the same refusals."""
    grid, array = grid_of(shape), values(shape)
    small = SmallGrid(grid)
    body = by_hand(array, b"\x0a\x09\x11")
    assert small.write(array) == body
    assert small.constants == by_hand(np.zeros(shape), b"\x0a\x09\x11")
    assert np.array_equal(small.read(b"ab" + body, 2), array)
    assert SmallGrid(grid, b"lead").write(array) == b"lead" + body
    with pytest.raises(Irregular):
        small.read(b"\x0b" + body[1:], 0)


def test_a_small_grid_of_bools_has_zeros_and_ones() -> None:
    """A byte that is neither is not a bool of the canonical form."""
    small = SmallGrid(Grid((2,), [], b"\x0a\x02\x20", np.dtype("?")))
    body = small.write(np.array([True, False]))
    assert body == b"\x0a\x02\x20\x01\x0a\x02\x20\x00"
    assert small.read(body, 0).tolist() == [True, False]
    with pytest.raises(Irregular):
        small.read(body[:3] + b"\x02" + body[4:], 0)


@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_integers_that_may_be_rounded_are_declined(dtype: type) -> None:
    """Up to 2**53 they are written; beyond, and where there are many, somebody looks closer."""
    write = declining_inexact(np.ndarray.tobytes, np.dtype(dtype))
    for good in ([0], [2**53, 1], list(range(64))):
        assert write(np.array(good, dtype)) == np.array(good, dtype).tobytes()
    for bad in ([2**53 + 1], [1, 2**53 + 2], list(range(65))):
        assert write(np.array(bad, dtype)) is None
    narrow = declining_inexact(np.ndarray.tobytes, np.dtype(np.int32))
    assert narrow(np.arange(1000, dtype=np.int32)) is not None


@pytest.mark.parametrize("dtype", ["f8", "f4", "i4", "u1", "?", "i8"])
def test_the_writer_of_small_arrays_writes_float64(dtype: str) -> None:
    """Of a packed field, the doubles of any dtype; of a field of integers, nothing."""
    array = np.array([[0, 1], [1, 0]], dtype)
    write = small_array_writer(Leaf(Role.PACKED, array, FLOAT64, array.shape))
    assert write is not None
    assert write(array) == array.astype("<f8").tobytes()
    assert small_array_writer(Leaf(Role.VALUES, array.astype("i4"), np.dtype("<i4"))) is None
