"""Request bodies that came compressed."""

from __future__ import annotations

import zlib

from tensorwire.server.refusals import Refusal, Status

__all__ = ["inflate"]

_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a Content-Encoding; stop at `limit` bytes, however little was sent."""
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        reason = f"content encoding {encoding[:80]!r}; known: gzip, deflate"
        raise Refusal(Status.UNKNOWN_MEDIA_TYPE, reason, **{"Accept-Encoding": "gzip, deflate"})
    parts: list[bytes] = []
    left = limit
    while body or not parts:  # gzip may come in several members
        inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        try:
            part = inflater.decompress(body, left + 1)
        except zlib.error as error:
            raise Refusal(Status.BAD_INPUT, f"the body is no {encoding}: {error}") from None
        left -= len(part)
        if left < 0:
            raise Refusal(Status.TOO_LARGE, f"the body inflates to more than {limit} bytes")
        if not inflater.eof:
            raise Refusal(Status.BAD_INPUT, f"the body ends in the middle of its {encoding}")
        parts.append(part)
        body = inflater.unused_data
    return b"".join(parts)
