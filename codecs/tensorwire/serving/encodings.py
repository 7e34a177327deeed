"""What is around a message in HTTP: content encodings and charsets, undone."""

from __future__ import annotations

import json
import zlib

from tensorwire.errors import DecodeError
from tensorwire.serving.refusals import Refusal, Status

__all__ = ["in_utf8", "inflate"]

_UTF8 = ("utf-8", "utf8", "us-ascii", "ascii")
_CHARSETS = ("iso-8859-1", "latin1", "windows-1252", "utf-16", "utf-16le", "utf-16be", "utf-32")
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")
_MEMBERS = 10_000  # of one body: an empty member has 20 bytes, and takes a microsecond
# Bytes of a member that are read first, and then twice as many each time: zlib copies what is
# behind the end of a member, which for all of a body would take quadratic time.
_PIECE = 256
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


def inflate(body: bytes, encoding: str, limit: int) -> bytes:
    """Undo a Content-Encoding; stop at `limit` bytes, however little was sent."""
    encoding, most = encoding.strip().lower(), limit
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip", "deflate"):
        reason = f"expected a Content-Encoding of gzip or deflate, got {encoding[:80]!r}"
        raise Refusal(Status.UNKNOWN_MEDIA_TYPE, reason, **{"Accept-Encoding": "gzip, deflate"})
    parts: list[bytes] = []
    view, at, members = memoryview(body), 0, 0
    while at < len(view) or not members:  # gzip may come in several members
        members += 1
        if members > _MEMBERS:
            raise Refusal(
                Status.BAD_INPUT, f"expected at most {_MEMBERS} members of gzip, got more"
            )
        inflater = zlib.decompressobj(_GZIP_OR_ZLIB)
        size = _PIECE
        while not inflater.eof:
            if at == len(view):
                reason = f"expected {encoding} up to its end, got a part of it"
                raise Refusal(Status.BAD_INPUT, reason)
            try:
                parts.append(inflater.decompress(view[at : at + size], limit + 1))
            except zlib.error as error:
                raise Refusal(
                    Status.BAD_INPUT, f"expected {encoding}, got other bytes: {error}"
                ) from None
            at += min(size, len(view) - at)
            limit -= len(parts[-1])
            if limit < 0:
                raise Refusal(
                    Status.TOO_LARGE, f"expected at most {most} bytes when inflated, got more"
                )
            size *= 2
        at -= len(inflater.unused_data)
    return b"".join(parts)


def in_utf8(body: bytes, content_type: str) -> bytes:
    """Return a JSON text of any charset in UTF-8, without a byte order mark."""
    charset = _charset(content_type) if ";" in content_type else "utf-8"
    if body.startswith(_MARKS):
        charset = json.detect_encoding(body)
    elif charset in _UTF8:
        return body
    try:
        return body.decode(charset).encode()
    except ValueError as error:
        raise DecodeError(f"expected text in {charset}, got other bytes: {error}") from None


def _charset(content_type: str) -> str:
    pieces = (piece.strip().lower() for piece in content_type.split(";")[1:])
    charset = next((p[8:].strip('" ') for p in pieces if p.startswith("charset=")), "utf-8")
    if charset in _UTF8 or charset in _CHARSETS:
        return charset
    known = ", ".join(("utf-8", *_CHARSETS))
    reason = f"expected one of {known} for charset=, got {charset[:80]!r}"
    raise Refusal(Status.UNKNOWN_MEDIA_TYPE, reason)
