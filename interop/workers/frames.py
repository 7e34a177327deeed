"""Frames on a pipe: a header of JSON, and blobs behind it.

A frame is ``u32 LE`` length of the header, the header (UTF-8 JSON, an object), then the blobs one
after another; their lengths are in the header, under ``blobs``.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["MOST", "Frame", "FrameError", "read", "write"]

SIZE = struct.Struct("<I")
MOST = 1 << 30
"""Bytes in a header or a blob."""


class FrameError(ValueError):
    """The other side wrote something that is not a frame."""


class Frame(NamedTuple):
    """One message on the pipe."""

    header: dict[str, Any]
    blobs: list[bytes]


def write(file: BinaryIO, header: dict[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Write one frame, and flush."""
    text = json.dumps({**header, "blobs": [len(blob) for blob in blobs]}).encode()
    file.write(SIZE.pack(len(text)) + text)
    file.writelines(blobs)
    file.flush()


def read(file: BinaryIO) -> Frame | None:
    """Read one frame; None where the other side has ended between two of them.

    Raises
    ------
    FrameError
        the bytes are not a frame, or not the whole of one.
    """
    start = file.read(SIZE.size)
    if not start:
        return None
    if len(start) < SIZE.size:
        raise FrameError("ended in the length of a header")
    text = _exactly(file, SIZE.unpack(start)[0])
    try:
        header = json.loads(text)
        lengths = header.pop("blobs")
        blobs = [_exactly(file, int(length)) for length in lengths]
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise FrameError(f"not a frame: {error}") from None
    return Frame(header, blobs)


def _exactly(file: BinaryIO, size: int) -> bytes:
    if not 0 <= size <= MOST:
        raise FrameError(f"a part of {size} bytes")
    data = file.read(size)
    if len(data) != size:
        raise FrameError(f"ended after {len(data)} of {size} bytes")
    return data
