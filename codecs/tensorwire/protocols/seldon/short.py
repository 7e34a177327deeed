"""Short JSON messages of one array, the most frequent requests of all, in few calls.

::

    {"data":{"ndarray":[[1.5,2.5,3.5]]}}
    {"meta":{"puid":"k2oi"},"data":{"names":["a","b","c"],"ndarray":[[1.5,2.5,3.5]]}}
    {"data":{"tensor":{"shape":[1,3],"values":[1.5,2.5,3.5]}}}

A client or a model would read and write them by hand::

    array = np.array(orjson.loads(body)["data"]["ndarray"])
    body = orjson.dumps({"data": {"ndarray": array.tolist()}})

These two lines are here, with the checks that they lack. Whatever needs a closer look is declined,
and read or written as all other messages are: to read one takes 2 to 3 times as long then.

Single bytes are sought by `in` and by `rpartition`: `find` takes five times as long.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from math import hypot
from struct import Struct
from struct import error as PackingError  # noqa: N812 - an exception
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeAlias

    from tensorwire.tree import Array

    Read: TypeAlias = tuple[Array, str, list[str] | None, dict[str, Any]]

__all__ = ["read_short", "write_rows"]

_BARE = 20  # bytes: `{"data": {"ndarray` has less, and any text with another member has
_LONGEST = 6 << 10  # bytes of a body
_SIZE_MAX = 1024  # elements of an array that is written in one piece
_LIST_MAX = 8  # elements that orjson writes sooner from a list
_SAFE = 2.0**52  # well below 2**53, up to which float64 holds all integers
_OPEN, _COLON, _POINT, _L, _N, _U = b"[:.lnu"
_FLOAT64, _INT64, _FLOAT32 = np.dtype(np.float64), np.dtype(np.int64), np.dtype(np.float32)
_INTEGERS = frozenset(np.dtype(code) for code in "?bhilqBHILQ")  # of native byte order
_RANKS = range(1, 9)
_ONE = (b"", *(b'{"data":{"ndarray":%b%%b%b}}' % (b"[" * n, b"]" * n) for n in _RANKS))
_ORIGIN = ((), *((0,) * n for n in _RANKS))
_TEXT, _NUMBER = frozenset({str}), frozenset({int, float})
_loads, _dumps, _NUMPY, _empty = orjson.loads, orjson.dumps, orjson.OPT_SERIALIZE_NUMPY, np.empty


def write_rows(array: Array, names: Any, meta: Any) -> bytes | None:
    """Write a message of a small array of finite numbers or bools, and decline any other.

    Names are a list of strings, and meta has strings alone, as a puid is.
    """
    dtype, size = array.dtype, array.size
    plain = names is None and (meta is None or (type(meta) is dict and not meta))
    try:
        if size <= _LIST_MAX and (dtype is _FLOAT64 or dtype in _INTEGERS):
            if size == 1 and plain:
                text = _dumps(array.item())
                return None if _N in text else _ONE[array.ndim] % text
            text = _dumps(array.tolist())
        elif size <= _SIZE_MAX and (dtype is _FLOAT64 or dtype is _FLOAT32 or dtype in _INTEGERS):
            text = _dumps(array, None, _NUMPY)
        else:
            return None
        # null is for NaN; a number alone has rank 0
        if _N in text or text[0] != _OPEN or not size:
            return None
        if plain:
            return b'{"data":{"ndarray":%b}}' % text
        return _with_members(text, names, meta, array.shape)
    except (TypeError, IndexError):  # of orjson: not in C order, or not Unicode
        return None


def _with_members(text: bytes, names: Any, meta: Any, shape: tuple[int, ...]) -> bytes | None:
    """Write names and meta before the rows; decline all but strings."""
    first = b"{"
    if meta is not None and type(meta) is not dict:
        return None
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


def read_short(body: bytes) -> Read | None:  # noqa: C901, PLR0911 - a call costs a twentieth
    """Read array, kind, names and meta of a message of an array of numbers; decline any other.

    The last string of the text is the key of the numbers, `ndarray` or `values`, and all members
    are known, so that there are no strings behind it.
    """
    if len(body) > _LONGEST:
        return None
    head, _, tail = body.rpartition(b'"')
    names: list[str] | None = None
    meta: dict[str, Any] = {}
    shape: Sequence[int]
    try:
        if len(head) < _BARE:
            rows = _loads(body)["data"]["ndarray"]
        elif head[-8:] == b'"ndarray' and tail[0] == _COLON:
            rows, names, meta = _members(_loads(body), "ndarray")
        elif head[-7:] == b'"values' and tail[0] == _COLON:
            node, names, meta = _members(_loads(body), "tensor")
            flat, shape = _tensor(node)
            if names is not None and len(shape) > 1 and len(names) != shape[1]:
                return None
            return _numbers(tail, flat, shape), "tensor", names, meta
        else:
            return None
        first = rows[0]
        if type(first) is not list:
            flat, shape = rows, (len(rows),)
        else:
            count, columns = len(rows), len(first)
            flat, shape = first, (count, columns)
            if count > 1:
                flat = list(chain.from_iterable(rows))
                if len(set(map(len, rows))) > 1:
                    return None
            if names is not None and len(names) != columns:
                return None
        return _numbers(tail, flat, shape), "ndarray", names, meta
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError, PackingError):
        return None


def _members(tree: Any, kind: str) -> tuple[Any, list[str] | None, dict[str, Any]]:
    """Return payload, names and meta; raise `LookupError` for other members than these.

    Names and the values of meta are strings.
    """
    data = tree["data"]
    node = data[kind]
    if len(tree) == len(data) == 1:
        return node, None, {}
    names, meta = data.get("names"), tree.get("meta", {})
    if len(tree) - ("meta" in tree) != 1 or len(data) - ("names" in data) != 1:
        raise LookupError
    if type(meta) is not dict or not _TEXT.issuperset(map(type, meta.values())):
        raise LookupError
    if "names" in data and (type(names) is not list or not names):
        raise LookupError
    if names and not _TEXT.issuperset(map(type, names)):
        raise LookupError
    return node, names, meta


def _tensor(node: Any) -> tuple[list[Any], list[int]]:
    """Return the values and the shape of a tensor; raise `LookupError` where they do not agree.

    Sizes below 0 are left to numpy, which refuses them.
    """
    shape, flat = node["shape"], node["values"]
    if type(shape) is not list or type(flat) is not list or len(node) > 2:
        raise LookupError
    count = 1
    for size in shape:
        if type(size) is not int:
            raise LookupError
        count *= size
    if count != len(flat):
        raise LookupError
    return flat, shape


def _numbers(tail: bytes, flat: list[Any], shape: Sequence[int]) -> Array:
    """Return numbers as `lists.to_array` has them: int64, or float64 where one is a float.

    Raises one of the errors that `read_short` catches for anything but numbers, and for integers
    that would be rounded. The text behind the last string is `tail`: without the letters u and l
    there are no true, false and null in it. The root of the sum of squares bounds all numbers.
    """
    size = len(flat)
    if size == 1:
        one = flat[0]
        if type(one) not in _NUMBER or not -_SAFE < one < _SAFE:
            raise LookupError
        array = _empty(shape) if type(one) is float else _empty(shape, _INT64)
        array[_ORIGIN[len(shape)]] = one
        return array
    if not size or _U in tail or _L in tail:
        raise LookupError
    if _POINT not in tail and type(flat[0]) is int:
        array = _empty(shape, _INT64)
        _int64(size)(array, 0, *flat)
        return array
    if not hypot(*flat) < _SAFE:
        raise LookupError
    array = _empty(shape)
    _float64(size)(array, 0, *flat)
    return array


@cache
def _float64(size: int) -> Callable[..., None]:
    """Return a function that packs so many numbers into memory, in half the time of numpy."""
    return Struct(f"{size}d").pack_into


@cache
def _int64(size: int) -> Callable[..., None]:
    """Return a function that packs so many integers into memory, and refuses floats."""
    return Struct(f"{size}q").pack_into
