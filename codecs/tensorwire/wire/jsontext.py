"""Find the one long array in the text of a message, without reading it."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from tensorwire.wire.schema import array_names

if TYPE_CHECKING:
    from tensorwire.wire.schema import Schema

__all__ = ["longest"]

_TAIL = 4096  # bytes in which a member behind the array would have its quotes


@lru_cache(maxsize=16)
def _members(name: str) -> re.Pattern[bytes]:
    """Find, in text, a member that may hold an array."""
    names = sorted(array_names(name))
    return re.compile(rb'"(?:%b)"[ \t\r\n]*:[ \t\r\n]*(?=["\[])' % "|".join(names).encode())


def _closing_quote(body: bytes, start: int) -> int:
    """Find where a string without escapes ends: most often it is the last of the text."""
    last = body.rfind(b'"', start, len(body))
    if body.rfind(b'"', max(start, last - _TAIL), last) < 0:
        return last  # should there be an earlier one, then what is between is no base64
    return body.find(b'"', start)


def longest(body: bytes, message: Schema) -> tuple[int, int] | None:
    """Find the array that takes more than half of the text."""
    for match in _members(message.name).finditer(body):
        start = match.end()
        if body[start] == 0x22:
            stop = _closing_quote(body, start + 1) + 1
        else:
            stop = body.find(b"}", start)
            quote = body.find(b'"', start, stop)
            stop = body.rfind(b"]", start, quote if quote > 0 else stop) + 1
        if 2 * (stop - start) > len(body):
            return start, stop
    return None
