"""Byte strings one behind the other, each behind its length: four bytes, little-endian.

Source: the BYTES datatype in the binary tensor data extension of the Open Inference Protocol.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

import numpy as np

from tensorwire.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["pack", "unpack"]

_LENGTH = Struct("<I")


def pack(strings: list[bytes]) -> bytes:
    """Write byte strings of up to 4 GiB each."""
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    if lengths.size and lengths.max() >= 1 << 32:
        raise EncodeError("a byte string of 4 GiB or more")
    heads = memoryview(lengths.astype("<u4").tobytes())
    pieces: list[bytes | memoryview] = [b""] * (2 * len(strings))
    pieces[::2] = [heads[at : at + 4] for at in range(0, len(heads), 4)]
    pieces[1::2] = strings
    return b"".join(pieces)


def unpack(memory: Array) -> list[bytes]:
    """Read byte strings up to the end of a flat uint8 array; raise `DecodeError` for a cut one."""
    body = memory.tobytes()
    strings, at, read = [], 0, _LENGTH.unpack_from
    while at + 4 <= len(body):
        (length,) = read(body, at)
        start, at = at + 4, at + 4 + length
        strings.append(body[start:at])
    if at != len(body):
        raise DecodeError(f"byte strings of {at} bytes in all, of which there are {len(body)}")
    return strings
