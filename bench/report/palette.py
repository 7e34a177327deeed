"""A PNG of few colours, with a palette: a third of the bytes, and the eye sees the same.

It reads only what resvg writes: 8 bits a channel, red, green, blue and opacity, not interlaced.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Bytes = npt.NDArray[np.uint8]
    Numbers = npt.NDArray[np.int16]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOURS = 64


def shrink(picture: bytes) -> bytes:
    """Write an opaque picture with its most frequent colours; the others take the nearest."""
    parts = _chunks(picture)
    width, height = struct.unpack(">II", parts[b"IHDR"][:8])
    lines = np.frombuffer(zlib.decompress(parts[b"IDAT"]), np.uint8).reshape(height, 1 + width * 4)
    pixels = _unfilter(lines[:, 0], lines[:, 1:].reshape(height, width, 4))
    colours, places, counts = np.unique(
        pixels[..., :3].reshape(-1, 3).view("u1,u1,u1").ravel(),
        return_inverse=True,
        return_counts=True,
    )
    known = colours.view(np.uint8).reshape(-1, 3)
    palette = known[np.argsort(-counts, kind="stable")[:COLOURS]]
    away = known[:, None].astype(np.int32) - palette[None].astype(np.int32)
    nearest = (away**2).sum(axis=2).argmin(axis=1).astype(np.uint8)
    indices = nearest[places].reshape(height, width)
    # A byte of zero before each line: it is not filtered.
    body = np.zeros((height, width + 1), np.uint8)
    body[:, 1:] = indices
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", head),
            _chunk(b"PLTE", palette.tobytes()),
            _chunk(b"IDAT", zlib.compress(body.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunks(picture: bytes) -> dict[bytes, bytes]:
    """Return what each kind of chunk holds, all of a kind together."""
    found: dict[bytes, bytes] = {}
    start = len(SIGNATURE)
    while start < len(picture):
        (length,) = struct.unpack_from(">I", picture, start)
        kind = picture[start + 4 : start + 8]
        found[kind] = found.get(kind, b"") + picture[start + 8 : start + 8 + length]
        start += 12 + length
    return found


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _unfilter(filters: Bytes, lines: Bytes) -> Bytes:
    """Undo the filters of PNG: a byte stands for its difference from what is left of and above it.

    Each line is moved one pixel further to the right than that above. What a pixel needs then lies
    in the two columns before its own, so that a column is done at once.
    """
    height, width, channels = lines.shape
    skewed = np.zeros((height + 1, height + width + 1, channels), np.int16)
    for row in range(height):
        skewed[row + 1, row + 2 : row + 2 + width] = lines[row]
    kind = filters.astype(np.int16)[:, None]
    for column in range(2, height + width + 1):
        left, above = skewed[1:, column - 1], skewed[:-1, column - 1]
        corner = skewed[:-1, column - 2]
        guess = _guess(kind, left, above, corner)
        first, last = max(0, column - 1 - width), min(height, column - 1)
        done = skewed[1 + first : 1 + last, column]
        done += guess[first:last]
        done &= 255
    rows = [skewed[row + 1, row + 2 : row + 2 + width] for row in range(height)]
    return np.stack(rows).astype(np.uint8)


def _guess(kind: Numbers, left: Numbers, above: Numbers, corner: Numbers) -> Numbers:
    straight = left + above - corner
    away = [abs(straight - each) for each in (left, above, corner)]
    paeth = np.where(
        (away[0] <= away[1]) & (away[0] <= away[2]),
        left,
        np.where(away[1] <= away[2], above, corner),
    )
    return np.choose(kind, [np.zeros_like(left), left, above, (left + above) // 2, paeth])
