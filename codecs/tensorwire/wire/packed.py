"""Packed integers of protobuf, read where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.tree import check_out
from tensorwire.wire import varint

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body

__all__ = ["VarintsSource"]


class VarintsSource:
    """Packed varints that lie in `body` from `start` on."""

    __slots__ = ("_body", "_dtype", "_length", "_start")

    def __init__(self, body: Body, start: int, length: int, dtype: np.dtype[Any]) -> None:
        self._body, self._start, self._length, self._dtype = body, start, length, dtype

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Decode them to the dtype of their field."""
        packed = np.frombuffer(self._body, np.uint8, self._length, self._start)
        array = varint.unpack(packed, self._dtype)
        del limits  # an array of at most eight times the payload, which its kind checks
        if out is None:
            return array
        check_out(out, array.shape, array.dtype)
        out[...] = array
        return out
