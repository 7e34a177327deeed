"""Protobuf's variable-length integers: single ones, and arrays of them.

A varint is little-endian base 128, the high bit set on every byte but the last, ten bytes at most;
negative numbers are written as their 64-bit two's complement.
Source: https://protobuf.dev/programming-guides/encoding/#varints
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.tree import Irregular

if TYPE_CHECKING:
    from tensorwire.tree import Array, Body

__all__ = ["pack", "read", "unpack", "write"]

_LONGEST = 10
_LAST_SHIFT = 7 * (_LONGEST - 1)
_BLOCK = 1 << 13  # numbers encoded at a time: they stay in the cache
_SHORT = tuple(bytes([number]) for number in range(0x80))


def write(number: int) -> bytes:
    """Encode one integer, non-negative or an int64."""
    if 0 <= number < 0x80:
        return _SHORT[number]
    if 0 <= number < 0x4000:  # most lengths: at a fifth of the cost of the loop
        return bytes((number & 0x7F | 0x80, number >> 7))
    number &= 0xFFFFFFFFFFFFFFFF
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read(body: Body, pos: int) -> tuple[int, int]:
    """Decode the varint at `pos`; return its value and its end.

    Raises `Irregular` where it is longer than necessary, or has more than 64 bits.
    """
    number = shift = 0
    while True:
        byte = body[pos]
        pos += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > _LAST_SHIFT:
            raise Irregular
    if (byte == 0 and shift) or number >= 1 << 64:
        raise Irregular
    return number, pos


def pack(array: np.ndarray[Any, Any]) -> bytes:
    """Encode a flat integer or bool array as consecutive varints."""
    if array.dtype.kind == "b":
        return array.tobytes()
    wide = np.int64 if array.dtype.kind == "i" else np.uint64
    blocks = (array[start : start + _BLOCK] for start in range(0, array.size, _BLOCK))
    return b"".join([_pack(block.astype(wide).view(np.uint64)) for block in blocks])


def _pack(left: Array) -> bytes:
    """Encode a block of uint64, column by column: 7 bits of each number at a time."""
    top = int(left.max())
    if top < 0x80:
        return left.astype(np.uint8).tobytes()
    if top < 1 << 32:
        left = left.astype(np.uint32)
    longest = (top.bit_length() + 6) // 7
    digits = np.empty((left.size, longest), np.uint8)
    kept = np.ones((left.size, longest), np.bool_)
    for place in range(longest):
        digits[:, place] = left & 0x7F
        left = left >> 7
        more = left != 0
        digits[:, place] |= more.view(np.uint8) << 7
        if place + 1 < longest:
            kept[:, place + 1] = more
    return digits[kept].tobytes()


def unpack(packed: np.ndarray[Any, Any], dtype: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """Decode consecutive varints, a flat uint8 array, to the integer or bool type of their field.

    As protobuf does, a field of 32 bits keeps the low 32 of what the varint holds.
    Raises `Irregular` where a varint is cut off or longer than 64 bits.
    """
    last = packed < 0x80
    if last.all():
        return packed.astype(dtype)
    if not last[-1]:
        raise Irregular
    if (last[1:] | last[:-1]).all():
        return _two_bytes(packed, last).astype(dtype)
    ends = np.flatnonzero(last)
    starts = np.empty_like(ends)
    starts[0], starts[1:] = 0, ends[:-1] + 1
    lengths = ends - starts
    longest = int(lengths.max())
    if longest >= _LONGEST or (longest == _LONGEST - 1 and _overflows(packed, ends, lengths)):
        raise Irregular
    values = np.zeros(ends.size, np.uint64)
    for place in range(longest + 1):
        more = np.flatnonzero(lengths >= place)
        digit = (packed[starts[more] + place] & 0x7F).astype(np.uint64)
        values[more] |= digit << np.uint64(7 * place)
    return values.astype(dtype)


def _two_bytes(packed: np.ndarray[Any, Any], last: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Decode varints of one or two bytes, as of 8-bit pixels."""
    values = packed.astype(np.uint16)
    more = values[:-1] >> 7  # 1 where the next byte continues, with a weight of 128
    values[1:] = values[1:] * (more * 127 + 1) + (values[:-1] & 0x7F) * more
    found: np.ndarray[Any, Any] = values[last]
    return found


def _overflows(
    packed: np.ndarray[Any, Any], ends: np.ndarray[Any, Any], lengths: np.ndarray[Any, Any]
) -> bool:
    return bool((packed[ends[lengths == _LONGEST - 1]] > 1).any())
