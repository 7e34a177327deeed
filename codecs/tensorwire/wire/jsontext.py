"""Find the long arrays and strings in a text without reading them, and put words for nulls."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.tree import Array
    from tensorwire.wire.schema import Schema

__all__ = ["long_members", "words_for_null"]

_TAIL = 4096  # bytes in which a member behind a string would have its quotes
_LONG = 4096  # bytes of a member that is worth a cut
_HOPS = 64  # strings that are looked at
_ANY = b"*"
_VALUE = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")


def long_members(body: bytes, message: Schema) -> list[tuple[int, int]]:
    """Find members that may be arrays and are long: where each starts, and where it stops.

    Goes from quote to quote, of which there are few: none in an array of numbers. What is found may
    be wrong where a string has escapes or looks like a member; then what is left is no JSON.
    """
    names = _as_text(message.arrays)
    found, at = [], 0
    for _ in range(_HOPS):
        quote = body.find(b'"', at)
        end = body.find(b'"', quote + 1)
        if quote < 0 or end < 0:
            break
        value = _VALUE.match(body, end + 1)
        at = end + 1
        if value is None:
            continue
        start = at = value.end()
        if body[quote + 1 : end] not in names and _ANY not in names:
            continue
        stop = _stop(body, start)
        if stop - start > _LONG:
            found.append((start, stop))
            at = stop
    return found


@lru_cache(maxsize=16)
def _as_text(names: frozenset[str]) -> frozenset[bytes]:
    return frozenset(map(str.encode, names))


def _stop(body: bytes, start: int) -> int:
    """Find where an array of numbers or a string ends, 0 for anything else."""
    first = body[start : start + 1]
    if first == b'"':
        return _closing_quote(body, start + 1) + 1
    if first != b"[":
        return 0
    brace = body.find(b"}", start)
    quote = body.find(b'"', start, brace)
    return body.rfind(b"]", start, quote if quote > 0 else brace) + 1


def _closing_quote(body: bytes, start: int) -> int:
    """Find where a string without escapes ends: most often it is the last of the text."""
    last = body.rfind(b'"', start)
    if body.rfind(b'"', max(start, last - _TAIL), last) < 0:
        return last  # should there be an earlier one, then what is between is no base64
    return body.find(b'"', start)


def words_for_null(block: Array, text: bytes, words: Mapping[str, bytes]) -> bytes:
    """Put the words for NaN and the infinities where orjson wrote null for numbers of a block."""
    found = [words[str(number)] for number in block[~np.isfinite(block)].tolist()]
    pieces = text.split(b"null")
    return pieces[0] + b"".join(map(b"".join, zip(found, pieces[1:], strict=True)))
