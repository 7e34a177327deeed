"""Short JSON messages of nested lists, the most frequent requests of all, in few calls.

::

    {"data":{"ndarray":[[1.5,2.5,3.5]]}}
    {"meta":{"puid":"k2oi"},"data":{"names":["a","b","c"],"ndarray":[[1.5,2.5,3.5]]}}

A client or a model would read and write them by hand::

    array = np.array(orjson.loads(body)["data"]["ndarray"])
    body = orjson.dumps({"data": {"ndarray": array.tolist()}})

These two lines are here, with the checks that they lack. Whatever needs a closer look is declined,
and read or written as all other messages are, which takes 3 to 7 times as long up to ten numbers,
and twice as long for a hundred.
"""

from __future__ import annotations

from itertools import chain
from math import hypot
from struct import error as PackingError  # noqa: N812 - an exception
from struct import pack
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from typing import TypeAlias

    from tensorwire.tree import Array

    Read: TypeAlias = tuple[Array, list[str] | None, dict[str, Any]]

__all__ = ["read_rows", "write_rows"]

_KEY, _OPEN = b'"ndarray":', 0x5B
_BARE = 20  # bytes: `{"data": {"ndarray"` has no more, and any text with another member has
_LONGEST = 6 << 10  # bytes of a body
_SIZE_MAX = 1024  # elements of an array that is written in one piece
_LIST_MAX = 8  # elements that orjson writes sooner from a list
_PACK_MIN = 24  # elements that struct converts sooner than numpy
_SAFE = 2.0**52  # well below 2**53, up to which float64 holds all integers
_FLOAT64, _INT64, _FLOAT32 = np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.float32)
_INTEGERS = frozenset(np.dtype(code) for code in "?bhilqBHILQ")  # of native byte order
_TEXT, _INT, _NUMBER = frozenset({str}), frozenset({int}), frozenset({int, float})
_loads, _dumps, _NUMPY = orjson.loads, orjson.dumps, orjson.OPT_SERIALIZE_NUMPY


def write_rows(array: Array, names: Any = None, meta: Any = None) -> bytes | None:
    """Write a message of a small array of finite numbers or bools, and decline any other.

    Names are a list of strings, and meta has strings alone, as a puid is.
    """
    dtype, size = array.dtype, array.size
    if not 0 < size <= _SIZE_MAX or (meta is not None and type(meta) is not dict):
        return None
    try:
        if size <= _LIST_MAX and (dtype is _FLOAT64 or dtype in _INTEGERS):
            text = _dumps(array.tolist())
        elif dtype is _FLOAT64 or dtype is _FLOAT32 or dtype in _INTEGERS:
            text = _dumps(array, None, _NUMPY)
        else:
            return None
        if text.find(b"n") >= 0 or text[0] != _OPEN:  # null for NaN; a number alone, of rank 0
            return None
        if names is None and not meta:
            return b'{"data":{"ndarray":%b}}' % text
        return _with_members(text, names, meta, array.shape)
    except TypeError:  # of orjson: not in C order, or not Unicode
        return None


def _with_members(text: bytes, names: Any, meta: Any, shape: tuple[int, ...]) -> bytes | None:
    """Write names and meta before the rows; decline all but strings."""
    first = b"{"
    if meta:
        if not _TEXT.issuperset(map(type, (*meta, *meta.values()))):
            return None
        first = b'{"meta":%b,' % _dumps(meta)
    if names is None:
        return b'%b"data":{"ndarray":%b}}' % (first, text)
    if type(names) is not list or not names or not _TEXT.issuperset(map(type, names)):
        return None
    if len(shape) > 1 and len(names) != shape[1]:
        return None
    return b'%b"data":{"names":%b,"ndarray":%b}}' % (first, _dumps(names), text)


def read_rows(body: bytes) -> Read | None:  # noqa: C901, PLR0911, PLR0912 - a call costs a tenth
    """Read array, names and meta of a message of one or two dimensions; decline any other.

    The last string of the text is the key `ndarray`, and the members before it are known, so that
    there are no strings behind it; without the letters u and l there are no true, false and null.
    What is left are numbers, which come back as `lists.to_array` has them: int64, or float64 where
    one is a float.
    """
    key = body.rfind(b'"') + 1
    bare = key <= _BARE
    if len(body) > _LONGEST or not (bare or body[key - 9 : key + 1] == _KEY):
        return None
    names: list[str] | None = None
    meta: dict[str, Any] = {}
    try:
        if bare:
            rows = _loads(body)["data"]["ndarray"]
        else:
            tree = _loads(body)
            data = tree["data"]
            rows, (names, meta) = data["ndarray"], _members(tree, data)
        first, count = rows[0], len(rows)
        if type(first) is not list:
            flat, columns = rows, 0
        else:
            flat, columns = first, len(first)
            if count > 1:
                flat = list(chain.from_iterable(rows))
                if len(set(map(len, rows))) > 1:
                    return None
            if names is not None and len(names) != columns:
                return None
        size = len(flat)
        if size == 1:
            one = flat[0]
            if type(one) not in _NUMBER or not -_SAFE < one < _SAFE:
                return None
            return np.array(one, ndmin=2 if columns else 1), names, meta
        # The root of the sum of squares bounds them all, and raises for lists and objects.
        if not hypot(*flat) < _SAFE:
            return None
        if body.find(b"u", key) >= 0 or body.find(b"l", key) >= 0:
            return None
        if size >= _PACK_MIN:
            return _packed(flat, (count, columns) if columns else (count,)), names, meta
        whole = type(flat[0]) is int and _INT.issuperset(map(type, flat))
        return np.array(rows, _INT64 if whole else _FLOAT64), names, meta
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return None


def _members(tree: Any, data: Any) -> tuple[list[str] | None, dict[str, Any]]:
    """Return names and meta; raise `LookupError` for other members, and for all but strings."""
    names, meta = data.get("names"), tree.get("meta", {})
    if len(tree) - ("meta" in tree) != 1 or len(data) - ("names" in data) != 1:
        raise LookupError
    if type(meta) is not dict or not _TEXT.issuperset(map(type, meta.values())):
        raise LookupError
    if "names" in data and (type(names) is not list or not names):
        raise LookupError
    if names and not _TEXT.issuperset(map(type, names)):
        raise LookupError
    return names, meta


def _packed(flat: list[Any], shape: tuple[int, ...]) -> Array:
    """Return numbers as an array, in half the time that numpy takes.

    `struct` packs integers as floats, and refuses floats as integers.
    """
    size = len(flat)
    if type(flat[0]) is int:
        try:
            return np.ndarray(shape, _INT64, bytearray(pack(f"{size}q", *flat)))
        except PackingError:  # a float among them
            pass
    return np.ndarray(shape, _FLOAT64, bytearray(pack(f"{size}d", *flat)))
