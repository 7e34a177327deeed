"""SeldonMessage, the envelope of Seldon Core v1: the members around a payload in a tree.

::

    {"status": {...}, "meta": {...}, "data": {"names": [...], "ndarray": [[1.5, 2.5]]}}

The payload is one of ``data.tensor``, ``data.ndarray``, ``data.tftensor``, ``binData`` (kind
``raw``), ``strData``, ``jsonData`` and ``customData``.
Source: seldon.protos, https://docs.seldon.io/projects/seldon-core/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

from tensorwire import inputs, lists
from tensorwire import missing as missing_values
from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.tree import is_plain, walk

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TypeAlias

    from tensorwire.containers import Container
    from tensorwire.missing import Missing, Reading, Writing
    from tensorwire.tree import Tree

    Parts: TypeAlias = tuple[str, Any, list[str] | None, dict[str, Any], dict[str, Any]]

__all__ = [
    "ARRAYS_IN_DATA",
    "MESSAGE",
    "OTHER_KINDS",
    "NamesAsRead",
    "check_representable",
    "columns_of",
    "has_columns",
    "members_of",
    "open_message",
    "path_of",
    "reading",
    "wrap",
    "writing",
]

MESSAGE = "seldon.protos.SeldonMessage"
ARRAYS_IN_DATA = ("tensor", "ndarray", "tftensor")
OTHER_KINDS = ("strData", "jsonData", "customData")
_BESIDE_DATA = {"binData": "raw", "bin_data": "raw"} | {name: name for name in OTHER_KINDS}


def reading(missing: Missing | None, container: Container) -> Reading:
    """Return the options of a reader; by default null and bare words are read."""
    options = missing_values.reading(missing, "any", text=container.text)
    return options._replace(remedy="Codec.decode with dtype=np.float64")


def writing(missing: Missing | None) -> Writing:
    """Return the options of a writer; the default refuses NaN and infinities."""
    return missing_values.writing(missing, "error", missing_values.BARE)


def path_of(kind: str) -> str:
    """Return the path of the payload of a kind."""
    if kind in ARRAYS_IN_DATA:
        return f"$.data.{kind}"
    return "$.binData" if kind == "raw" else f"$.{kind}"


def members_of(meta: Mapping[str, Any] | None, status: Mapping[str, Any] | None) -> Tree:
    """Return status and meta as members of a message, in the order of their field numbers.

    Raises `EncodeError`, with the path, for values that no container represents.
    """
    message: Tree = {}
    if status is not None and (checked := _checked(status, "$.status")):
        message["status"] = checked
    if meta is not None and (checked := _checked(meta, "$.meta")):
        message["meta"] = checked
    return message


def wrap(kind: str, node: Any, names: Sequence[str] | None) -> Tree:
    """Return a message of a payload; raise `EncodeError` for names where there are no columns."""
    columns = [] if names is None else columns_of(names)
    if kind in ARRAYS_IN_DATA:
        return {"data": {"names": columns, kind: node} if columns else {kind: node}}
    if columns:
        reason = f"expected no names for kind {kind!r}, got {len(columns)}"
        raise EncodeError(reason, "$.data.names", "leave names= out")
    return {"binData" if kind == "raw" else kind: node} if kind else {}


class NamesAsRead(list[str]):
    """Names that were read with an array, and are not as many as its columns.

    A mistake of the peer does not make its numbers unreadable, and the message can be written
    again.
    """


def has_columns(value: Any, names: Sequence[str] | None) -> bool:
    """Return whether names are as many as the columns of an array, its second axis.

    An array of rank 1 has no columns: Seldon's wrapper sends the names of all classes beside the
    labels that a model has chosen. Of an array of a higher rank the last axis may be named too.
    """
    if names is None or not len(names):
        return True
    shape = lists.shape(value) if isinstance(value, list) else getattr(value, "shape", ())
    return len(shape) < 2 or len(names) in (shape[1], shape[-1])


def columns_of(names: Any, value: Any = None) -> list[str]:
    """Return the names of the columns of an array as a list, whatever sequence holds them.

    Raises `EncodeError` for items that are not strings, and for another number of names than
    columns.
    """
    if type(names) is list and {str}.issuperset(map(type, names)):
        return _as_many(names, names, value)
    whole = isinstance(names, (str, bytes)) or not isinstance(names, Iterable)
    try:
        columns = [names] if whole else inputs.plain_json(list(names), "$.data.names")
    except TypeError:  # an array of rank 0 has no length
        whole, columns = True, [names]
    for i, name in enumerate(columns):
        if whole or not isinstance(name, str):
            path = "$.data.names" if whole else f"$.data.names[{i}]"
            raise EncodeError(f"expected a list of strings for names, got {shown(name)}", path)
    return _as_many([str(name) for name in columns], names, value)


def _as_many(columns: list[str], names: Any, value: Any) -> list[str]:
    """Return the names; raise `EncodeError` where they are not as many as the columns."""
    if value is not None and not has_columns(value, columns) and type(names) is not NamesAsRead:
        count = (lists.shape(value) if isinstance(value, list) else value.shape)[1]
        reason = f"expected {count} names for {count} columns, got {len(columns)}"
        raise EncodeError(reason, "$.data.names", "pass one for each, or none")
    return columns


def _checked(part: Any, path: str) -> Tree:
    """Return meta or status as it is written; every value in it is representable."""
    if not isinstance(part, Mapping):
        raise EncodeError(f"expected a dict, got {shown(part)}", path)
    if len(part) == 1 and {str}.issuperset(map(type, (*part, *part.values()))):
        return dict(part)  # only a puid, the most frequent meta
    made: Tree = dict(inputs.plain_json(part, path))
    check_representable(made, path, (str, bytes, int, float, NoneType))
    return made


def check_representable(part: Any, path: str, scalars: tuple[type, ...]) -> None:
    """Raise `EncodeError` for keys other than strings, integers beyond 64 bits, other types."""
    if is_plain(part, frozenset(scalars)):
        return
    for where, value in walk(part, path):
        if not isinstance(value, scalars):
            if value is Ellipsis:
                raise EncodeError(
                    "expected strings for the keys of a dict, got another type", where
                )
            wanted = "text, a number, a bool, None, a list or a dict"
            raise EncodeError(f"expected {wanted}, got {shown(value)}", where)
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            reason = f"expected an integer of 64 bits, got {shown(value)}"
            raise EncodeError(reason, where, "pass it as a string")


def open_message(message: Tree, *, foreign: bool = False) -> Parts:
    """Return the kind and the node of the one payload, and names, meta and status.

    The kind is "" where there is no payload. Every reader of a SeldonMessage calls this, so that
    all refuse the same ones. Unknown members are ignored, as Seldon's wrapper does. With `foreign`,
    values that JSON does not have are refused where JSON values are expected.

    Raises
    ------
    DecodeError
        for more than one payload, and for names, meta or status of another type; with the path.
    """
    if len(message) == 1:  # only an array, the most frequent message
        data = message.get("data")
        if type(data) is dict and len(data) == 1:
            ((kind, node),) = data.items()
            if kind in ARRAYS_IN_DATA and node is not None:
                return kind, node, None, {}, {}
        node = message.get("binData")
        if node is not None:
            return "raw", node, None, {}, {}
    kind, node = _payload(message)
    names, meta, status = _names(message), _dict(message, "meta"), _dict(message, "status")
    if foreign:
        for part, path in ((meta, "$.meta"), (status, "$.status")):
            if part:  # most messages have neither, and a call costs a fifth of a microsecond
                _check_values(part, path, _ENVELOPE)
        if kind == "jsonData" or (kind == "customData" and type(node) is dict and "@type" in node):
            _check_values(node, f"$.{kind}", _VALUES)
    return kind, node, names, meta, status


_VALUES: frozenset[type] = frozenset({str, int, float, bool, NoneType})
_ENVELOPE = _VALUES | {bytes}


def _check_values(node: Any, path: str, known: frozenset[type]) -> None:
    """Raise `DecodeError` for keys other than strings, and for values of types not known."""
    if is_plain(node, known):
        return
    for where, value in walk(node, path):
        if type(value) not in known:
            got = "a key of another type than str" if value is Ellipsis else shown(value)
            raise DecodeError(f"expected a JSON value, got {got}", where)


def _payload(message: Tree) -> tuple[str, Any]:
    """Return the kind and the node of the one payload; "" and None where there is none."""
    data, found = message.get("data"), []
    if data is not None:
        if type(data) is not dict:
            raise DecodeError(f"expected an object, got {shown(data)}", "$.data")
        found = [(kind, data[kind]) for kind in ARRAYS_IN_DATA if data.get(kind) is not None]
        if not found:
            raise DecodeError("expected tensor, ndarray or tftensor, got none of them", "$.data")
    for name, node in message.items():
        if name in _BESIDE_DATA and node is not None:
            found.append((_BESIDE_DATA[name], node))
    if len(found) == 1:
        return found[0]
    if found:
        kinds = ", ".join(kind for kind, _ in found)
        raise DecodeError(f"expected one payload, got {len(found)}: {kinds}")
    return ("jsonData" if "jsonData" in message else ""), None  # for jsonData, null is a value


def _names(message: Tree) -> list[str] | None:
    """Return the names of the columns, None where there are none."""
    data = message.get("data")
    names = None if data is None else data.get("names")
    if not names and type(names) is list:
        return None
    if names is not None and type(names) is not list:
        raise DecodeError(f"expected a list of strings, got {shown(names)}", "$.data.names")
    for i, name in enumerate(names or ()):
        if type(name) is not str:
            reason = f"expected a string, got {shown(name)} at index {i}"
            raise DecodeError(reason, "$.data.names")
    return names


def _dict(message: Tree, name: str) -> dict[str, Any]:
    value = message.get(name)
    if value is None:
        return {}
    if type(value) is not dict:
        raise DecodeError(f"expected an object, got {shown(value)}", f"$.{name}")
    return value
