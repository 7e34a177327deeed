"""Short lists: what is written again and again is made once, and compared in one piece."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.dtypes import EXACT, put
from tensorwire.tree import Irregular, Role
from tensorwire.wire.buffers import ArrayFill, join

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from tensorwire.tree import Array, Body, Leaf
    from tensorwire.wire.grid import Grid

    Writer: TypeAlias = Callable[[Array], bytes | None]

__all__ = ["Few", "exact", "writer_of"]

_WIDE = frozenset(np.dtype(char).num for char in "lqLQ")
_MOST = 64  # numbers that Python looks at, or converts, sooner than numpy
_FLOAT64 = np.dtype("<f8")


class Few:
    """The bytes of nested lists of one shape, but for the values.

    Parameters
    ----------
    grid
        the layout, of not too many elements.
    lead
        the bytes before it, which are written, and not compared.

    Attributes
    ----------
    grid
        the layout.
    constants
        the bytes of a list of zeros.
    """

    __slots__ = ("_lead", "_mask", "_zeros", "constants", "grid")

    def __init__(self, grid: Grid, lead: bytes = b"") -> None:
        self.grid, self._lead = grid, len(lead)
        zeros = bytearray(lead + bytes(grid.nbytes))
        grid.fill(memoryview(zeros), self._lead, np.zeros(grid.shape, grid.dtype))
        ones = bytearray(zeros)
        highest = b"\1" if grid.dtype.kind == "b" else b"\xff" * grid.dtype.itemsize
        grid.values(ones, self._lead)[...] = np.frombuffer(highest, grid.dtype)[0]
        self.constants = bytes(zeros)
        self._zeros = int.from_bytes(zeros[self._lead :], "little")
        varying = self._zeros ^ int.from_bytes(ones[self._lead :], "little")
        self._mask = (1 << 8 * grid.nbytes) - 1 ^ varying

    def write(self, array: Array) -> bytes:
        """Put the values of an array between the other bytes."""
        body = bytearray(self.constants)
        put(self.grid.values(body, self._lead), array)
        return bytes(body)

    def read(self, body: Body, start: int) -> Array:
        """Copy the values out; raise `Irregular` where any other byte is not as it would be."""
        found = int.from_bytes(body[start : start + self.grid.nbytes], "little")
        if (found ^ self._zeros) & self._mask:
            raise Irregular
        return self.grid.values(body, start).copy()


def exact(write: Writer, dtype: np.dtype[Any]) -> Writer:
    """Give what writes as float64 only what float64 holds, and None for the rest.

    The rest is integers that may be rounded, and arrays of many, for those who look closer.
    """
    if dtype.num not in _WIDE:
        return write

    def write_small(array: Array) -> bytes | None:
        if array.size > _MOST:
            return None
        numbers = array.ravel().tolist()
        return write(array) if min(numbers) >= -EXACT and max(numbers) <= EXACT else None

    return write_small


def writer_of(leaf: Leaf) -> Writer | None:
    """Give what `array_part` comes down to for small arrays of one dtype; None for varints."""
    field, dtype = leaf.field, leaf.data.dtype
    if leaf.role is Role.VALUES and dtype.kind != "f":
        return None
    if field is None or field == dtype:  # never `in`: None is float64
        return np.ndarray.tobytes
    return exact(_as_doubles, dtype) if leaf.role is Role.PACKED else None


def _as_doubles(array: Array) -> bytes:
    if array.size > _MOST:
        return join(b"", ArrayFill(array, _FLOAT64), b"")
    return struct.pack(f"<{array.size}d", *array.ravel().tolist())
