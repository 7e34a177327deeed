"""Numbers of protobuf: single ones, and packed integers, read where they lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.tree import Irregular, check_out

if TYPE_CHECKING:
    from tensorwire.containers.protobuf.schema import Field
    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body

__all__ = ["VarintsSource", "few_varints", "one_float", "one_integer"]

_MOST = 2**31 - 1
_FEW = 64  # bytes of varints that are not worth numpy


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


def one_float(body: Body, pos: int, field: Field) -> float:
    """Read one float of constant size."""
    if pos + field.dtype.itemsize > len(body):
        raise Irregular
    number = float(np.frombuffer(body, field.dtype, 1, pos)[0])
    if not number and not field.oneof:
        raise Irregular  # a zero that nobody writes, or a negative one
    return number


def few_varints(body: Body, pos: int, length: int, field: Field) -> Any:
    """Read packed varints at once if they are few, else when they are asked for."""
    if length > _FEW:
        return VarintsSource(body, pos, length, field.dtype)
    few = body[pos : pos + length]
    if max(few) < 0x80:
        bools = field.dtype.kind == "b"
        return np.frombuffer(few, np.uint8).astype(np.bool_) if bools else list(few)
    numbers, end = [], pos + length
    while pos < end:
        number, pos = varint.read(body, pos)
        numbers.append(one_integer(number, field))
    if pos > end:
        raise Irregular
    return numbers


def one_integer(number: int, field: Field) -> Any:
    """Make what a field holds of the varint that it is."""
    if number <= _MOST and field.enum is None and field.dtype.kind != "b":
        return number
    kind, bits = field.dtype.kind, field.dtype.itemsize * 8
    if kind == "b":
        return number != 0
    number &= (1 << bits) - 1
    if kind == "i" and number >> (bits - 1):
        number -= 1 << bits
    return field.enum.get(number, number) if field.enum else number
