"""What JSON text says beyond a parser of JSON: long arrays, bare words, integers beyond 64 bits."""

from __future__ import annotations

import re
from functools import lru_cache
from math import inf, nan
from os import urandom
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tensorwire.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tensorwire.missing import Reading
    from tensorwire.tree import Array
    from tensorwire.wire.schema import Schema

__all__ = ["has_words", "loads_exactly", "long_members", "words_for_null"]

_TAIL = 4096  # bytes in which a member behind a string would have its quotes
_LONG = 4096  # bytes of a member that is worth a cut
_HOPS = 64  # strings that are looked at
_ANY = b"*"
_VALUE = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*")
_TOKEN = re.compile(rb"NaN|-?Infinity|-?[0-9]{19,}")  # shorter integers have 64 bits
_BEFORE, _BEHIND = frozenset(b"[,: \t\r\n"), frozenset(b",]} \t\r\n")
_VALUES = {b"NaN": nan, b"Infinity": inf, b"-Infinity": -inf}


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


def has_words(body: bytes) -> bool:
    """Return whether there may be a bare word in a text that is not JSON."""
    return b"NaN" in body or b"Infinity" in body


def loads_exactly(body: bytes, how: Reading) -> Any:
    """Read JSON with bare words, or with integers beyond 64 bits, of which orjson makes floats.

    Both are found where they stand outside of strings, and a string that is nowhere in the text
    is put there; in the tree, that string is the word again. (No number will do for it: whatever
    it is, somebody may have written it.)

    Raises `DecodeError` with the place for integers beyond 64 bits, and for words unless `how`
    allows them; orjson's own error for what is not JSON otherwise.
    """
    found = list(_tokens(body, how))
    if not found:
        return orjson.loads(body)
    mark = urandom(6).hex().encode()
    while mark in body:
        mark = urandom(6).hex().encode()
    words: dict[str, bytes] = {}
    pieces, at = [], 0
    for start, stop in found:
        word = body[start:stop]
        # Each integer has a name of its own, for its place to be found.
        name = b"%b%b" % (mark, word) if word in _VALUES else b"%b.%d" % (mark, len(words))
        words[name.decode()] = word
        pieces += [body[at:start], b'"%b"' % name]
        at = stop
    tree = orjson.loads(b"".join([*pieces, body[at:]]))
    values = {name: _VALUES[word] for name, word in words.items() if how.words and word in _VALUES}
    _restore(tree, values, words)
    return tree


def _tokens(body: bytes, how: Reading) -> Iterator[tuple[int, int]]:
    """Find the words and the integers beyond 64 bits that are values: their starts and stops."""
    quotes = None
    for match in _TOKEN.finditer(body):
        start, stop = match.span()
        before, behind = body[start - 1 : start], body[stop : stop + 1]
        if not (_BEFORE.issuperset(before) and _BEHIND.issuperset(behind)):
            continue
        if not how.exact and match[0] not in _VALUES:
            continue
        digits = match[0].lstrip(b"-")
        if match[0] not in _VALUES and len(digits) <= 20 and -(2**63) <= int(match[0]) < 2**64:
            continue
        if quotes is None:
            quotes = _quotes(body)
        if np.searchsorted(quotes, start) % 2 == 0:
            yield start, stop


def _quotes(body: bytes) -> Array:
    """Return the places of the quotes around strings, in order."""
    if b"\\" in body:  # what is escaped is overwritten, a backslash first
        body = body.replace(b"\\\\", b"..").replace(b'\\"', b"..")
    return np.flatnonzero(np.frombuffer(body, np.uint8) == 0x22)


def _restore(tree: Any, values: Mapping[str, float], words: Mapping[str, bytes]) -> None:
    """Put values where their names are; raise `DecodeError` for a name without a value."""
    left: list[Any] = [tree]
    while left:
        part = left.pop()
        if type(part) is dict:
            if not words.keys().isdisjoint(part):
                raise DecodeError("not JSON: a bare word in place of the name of a member")
            items: Any = part.items()
        elif type(part) is list:
            items = enumerate(part)
        else:
            continue
        for key, item in items:
            kind = type(item)
            if kind is dict or kind is list:
                left.append(item)
            elif kind is str and item in words:
                if item not in values:
                    raise _refusal(tree, values, words)
                part[key] = values[item]


def _refusal(tree: Any, values: Mapping[str, float], words: Mapping[str, bytes]) -> DecodeError:
    """Return the error for the first name without a value, with its place."""
    keys: list[Any] = []
    levels = [_items(tree)]
    while levels:
        for key, item in levels[-1]:
            if type(item) is str and item in words and item not in values:
                path = "".join(f"[{k}]" if type(k) is int else f".{k}" for k in [*keys, key])
                return DecodeError(_reason(words[item].decode()), f"${path}")
            if type(item) in (dict, list):
                keys.append(key)
                levels.append(_items(item))
                break
        else:
            levels.pop()
            del keys[-1:]
    raise AssertionError("no name without a value")


def _items(node: Any) -> Iterator[tuple[Any, Any]]:
    return iter(node.items() if type(node) is dict else enumerate(node))


def _reason(word: str) -> str:
    if word.encode() in _VALUES:
        return f"expected a JSON value, got the bare word {word}; missing='nan' reads it"
    digits = word if len(word) <= 40 else f"one of {len(word.lstrip('-'))} digits"
    return f"expected an integer of 64 bits, got {digits}; write it as a float or as a string"


def words_for_null(block: Array, text: bytes, words: Mapping[str, bytes]) -> bytes:
    """Put the words for NaN and the infinities where orjson wrote null for numbers of a block."""
    found = [words[str(number)] for number in block[~np.isfinite(block)].tolist()]
    pieces = text.split(b"null")
    return pieces[0] + b"".join(map(b"".join, zip(found, pieces[1:], strict=True)))
