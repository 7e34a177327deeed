"""Long rows of one named array of numbers: ``{"x":[1,2]},{"x":[3,4]}`` read as ``[[1,2],[3,4]]``.

That is done where each row is written like the first one, as programs do: the bytes between the
values are overwritten, in a copy of the text. All else is read by the general parser, row by row.
"""

from __future__ import annotations

import re
from os import urandom
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

from tensorwire.containers.json import JSON
from tensorwire.containers.json.numbers import NumbersText
from tensorwire.errors import DecodeError
from tensorwire.missing import VERIFIED
from tensorwire.tree import Irregular

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading
    from tensorwire.tree import Array, ArrayPlaces, Body, Tree

__all__ = ["Rows", "RowsJSON"]

_PLACEHOLDER = urandom(16).hex()  # the placeholder of the rows in the text around them
_SMALL = 6 << 10  # bytes of a body that orjson reads at once
_BLOCK = 64 << 10  # bytes that are searched at a time
_HEAD = 1024  # bytes in which rows begin
_SPACE = rb"[ \t\r\n]*"
_ROWS = re.compile(rb'"(instances|predictions)"%b:%b\[%b(?=\{)' % ((_SPACE,) * 3))
# Each byte of the name and each bracket is looked for in all rows, with a call of numpy for each;
# numpy stops at rank 64.
_FIRST = re.compile(rb'(\{("[^"\\]{0,256}"): ?)(\[{0,63})(?!\[)')


class Rows(dict[str, "_RowsText"]):
    """The arrays of all rows, by name."""


class RowsJSON(JSON):
    """JSON in which rows of one named array are `Rows`."""

    def read(self, body: Body, message: ArrayPlaces, options: Reading = VERIFIED) -> Tree:
        """Cut the long arrays out of the text, and read the rest by orjson."""
        if len(body) < _SMALL:
            return self.read_any(body, message)
        body = bytes(body)
        found = _ROWS.search(body, 0, _HEAD)
        if found is None:
            return super().read(body, message, options)
        start, stop = found.end(), body.rfind(b"]")
        rest = b'%b"%b"%b' % (body[:start], _PLACEHOLDER.encode(), body[stop:])
        rows = _one_array(body, start, stop, options)
        try:
            tree = {} if rows is None else self.read_any(rest, message)
        except DecodeError:  # the cut may be wrong, and not the text
            tree = {}
        key = found[1].decode()
        if tree.get(key) != [_PLACEHOLDER]:
            return self.read_any(body, message)
        tree[key] = rows
        return tree


class _RowsText(NumbersText):
    """The array of all rows, as text."""

    __slots__ = ("_count", "_rank")

    def __init__(self, text: Any, count: int, rank: int, options: Reading) -> None:
        super().__init__(text, 0, len(text), options)
        self._count, self._rank = count, rank

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Read the array; raise `Irregular` for rows other than numbers of one shape."""
        array = super().read(limits, out)
        # All that was overwritten is between rows: where rank - 1 lists end and as many begin,
        # numpy's first dimension goes on. So there can be no more rows, and if there are not less,
        # each of them was the value of one object.
        if len(array) != self._count or array.ndim != self._rank:
            raise Irregular
        return array


def _one_array(body: bytes, start: int, stop: int, options: Reading) -> Rows | None:
    """Return the text of the array; None where not all rows are written like the first one."""
    first = _FIRST.match(body, start, stop)
    if first is None or body[stop - 1] != 0x7D:
        return None
    opening, name, brackets = first.groups()
    close = body.find(b"}", start)
    comma = b", " if body[close + 1 : close + 3] == b", " else b","
    between = b"}" + comma + opening
    made = bytearray(memoryview(body)[start:stop])
    text = np.frombuffer(made, np.uint8)
    starts = _quotes(text)[::2] + (len(opening) - 1)
    if starts[-1] + len(brackets) >= text.size:
        return None
    ends = starts[1:] - len(between)
    if not _all_equal(text, ends, between) or not _all_equal(text, starts, brackets):
        return None
    if not _all_equal(text, ends - len(brackets), b"]" * len(brackets)):
        return None
    # The spaces are after the brackets: readers search for `],[`, the usual form.
    _put(text, ends, (comma + brackets).ljust(len(between) + len(brackets)))
    _put(text, starts[:1] - len(opening), (b"[" + brackets).ljust(len(opening) + len(brackets)))
    text[-1] = 0x5D
    try:
        return Rows({orjson.loads(name): _RowsText(made, starts.size, len(brackets) + 1, options)})
    except orjson.JSONDecodeError:
        return None


def _quotes(text: Array) -> Array:
    """Return the offsets of all quotes, found a block at a time: a block fits in the cache."""
    found = [
        np.flatnonzero(text[start : start + _BLOCK] == 0x22) + start
        for start in range(0, text.size, _BLOCK)
    ]
    return np.concatenate(found)


def _all_equal(text: Array, places: Array, wanted: bytes) -> bool:
    """Return whether the text has the same bytes at all these offsets."""
    return all((text[places + i] == byte).all() for i, byte in enumerate(wanted))


def _put(text: Array, places: Array, wanted: bytes) -> None:
    """Write the same bytes at all these offsets."""
    for i, byte in enumerate(wanted):
        text[places + i] = byte
