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

The last quote is sought by `rpartition`: `rfind` takes half as long again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from tensorwire.containers.json.small import AS_LIST, DECLINED, small_array, small_text

if TYPE_CHECKING:
    from typing import TypeAlias

    from tensorwire.tree import Array

    Read: TypeAlias = tuple[Array, str, list[str] | None, dict[str, Any]]

__all__ = ["read_short", "write_rows"]

_BARE = 20  # bytes: `{"data": {"ndarray` has less, and any text with another member has
_LONGEST = 6 << 10  # bytes of a body
_COLON, _N = b":n"
_ONE = {n: b'{"data":{"ndarray":%b%%b%b}}' % (b"[" * n, b"]" * n) for n in range(1, 9)}
_TEXT = frozenset({str})
_loads, _dumps = orjson.loads, orjson.dumps


def write_rows(array: Array, names: Any, meta: Any) -> bytes | None:
    """Write a message of a small array of finite numbers or bools, and decline any other.

    Names are a list of strings, and meta has strings alone, as a puid is.
    """
    plain = names is None and (meta is None or (meta.__class__ is dict and not meta))
    try:
        if plain and array.size == 1 and array.dtype in AS_LIST:
            text = _dumps(array.item())
            return None if _N in text else _ONE[array.ndim] % text
        found = small_text(array)
        if found is None or plain:
            return None if found is None else b'{"data":{"ndarray":%b}}' % found
        return _with_members(found, names, meta, array.shape)
    except (TypeError, LookupError):  # of orjson: not Unicode; or a rank that is not in _ONE
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


def read_short(body: bytes) -> Read | None:
    """Read array, kind, names and meta of a message of an array of numbers; decline any other.

    The last string of the text is the key of the numbers, `ndarray` or `values`, and all members
    are known, so that there are no strings behind it.
    """
    if len(body) > _LONGEST:
        return None
    head, _, tail = body.rpartition(b'"')
    names: list[str] | None = None
    meta: dict[str, Any] = {}
    kind = "ndarray"
    try:
        if len(head) < _BARE:
            array = small_array(_loads(body)["data"]["ndarray"], tail)
        elif head[-8:] == b'"ndarray' and tail[0] == _COLON:
            rows, names, meta = _members(_loads(body), kind)
            array = small_array(rows, tail)
        elif head[-7:] == b'"values' and tail[0] == _COLON:
            kind = "tensor"
            node, names, meta = _members(_loads(body), kind)
            flat, shape = _tensor(node)
            array = small_array(flat, tail, shape)
        else:
            return None
    except DECLINED:
        return None
    if names is not None and array.ndim > 1 and len(names) != array.shape[1]:
        return None
    return array, kind, names, meta


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
