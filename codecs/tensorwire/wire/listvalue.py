"""google.protobuf.ListValue <-> numpy, for numbers and for bools.

In the one form protobuf writes, a number element is always `0a 09 11 <float64>` and a bool element
`0a 02 20 <0 or 1>`; a row is `0a <length> 32 <length> elements`, its header the same for every row
of one level. Source: https://protobuf.dev/reference/protobuf/google.protobuf/#list-value
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tensorwire.tree import Irregular, check_out
from tensorwire.wire import varint
from tensorwire.wire.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body

__all__ = ["MAX_RANK", "ListValueSource", "layout"]

MAX_RANK = 49  # protobuf stops at 100 nested messages, and each dimension takes two
_NUMBER = (b"\x0a\x09\x11", np.dtype("<f8"))
_BOOL = (b"\x0a\x02\x20", np.dtype("?"))


def layout(shape: Sequence[int], dtype: np.dtype[np.generic]) -> Grid:
    """Give the bytes of the ListValue that holds an array of that shape, of numbers or bools."""
    prefix, value = _BOOL if dtype.kind == "b" else _NUMBER
    size = len(prefix) + value.itemsize
    headers: list[bytes] = []
    for count in reversed(shape[1:]):
        inner = b"\x32" + varint.write(count * size)
        header = b"\x0a" + varint.write(len(inner) + count * size) + inner
        headers.append(header)
        size = len(header) + count * size
    return Grid(shape, headers[::-1], prefix, value)


class ListValueSource:
    """A ListValue that lies in `body` from `start` to `stop`."""

    __slots__ = ("_body", "_start", "_stop")

    def __init__(self, body: Body, start: int, stop: int) -> None:
        self._body, self._start, self._stop = body, start, stop

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Copy the numbers or bools out; `Irregular` for anything that only upb should judge."""
        try:
            grid, last = self._infer()
        except IndexError:
            raise Irregular from None
        limits.check(grid.shape, grid.dtype.itemsize, len(self._body))
        if out is not None:
            check_out(out, grid.shape, grid.dtype)
        if last == self._start + grid.nbytes - grid.unit:  # one element, seen whole already
            array = grid.values(self._body, self._start).copy()
        elif grid.dtype.kind == "b":
            array = grid.read(self._body, self._start)
        else:
            return grid.read(self._body, self._start, out)
        if array.dtype.kind == "b" and (array.view(np.uint8) > 1).any():
            raise Irregular
        if out is None:
            return array
        out[...] = array
        return out

    def _infer(self) -> tuple[Grid, int]:
        """Tell the shape from the first row of each level; `Grid.read` checks the other rows.

        Gives also where the first element starts.
        """
        body, start, stop = self._body, self._start, self._stop
        shape: list[int] = []
        headers: list[bytes] = []
        while start < stop:
            if body[start] != 0x0A or len(shape) == MAX_RANK:
                raise Irregular
            length = body[start + 1]
            at = start + 2
            if length > 0x7F:
                length, at = varint.read(body, start + 1)
            end = at + length
            count, rest = divmod(stop - start, end - start)
            if rest:
                raise Irregular
            shape.append(count)
            if body[at] != 0x32:
                value = _NUMBER if body[at] == 0x11 else _BOOL
                if bytes(body[start : at + 1]) != value[0]:
                    raise Irregular
                return Grid(shape, headers, *value), start
            inside, first = varint.read(body, at + 1)
            if first + inside != end:
                raise Irregular
            headers.append(bytes(body[start:first]))
            start, stop = first, end
        shape.append(0)
        return Grid(shape, headers, *_NUMBER), start
