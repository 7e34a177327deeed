"""SeldonMessage, the envelope of Seldon Core v1.

An array stands in `data`, beside the names of its columns, or as bytes in `binData`; in their place
may stand text, any JSON value, or a message of another type; `meta` and `status` stand beside them.
Source: seldon.protos, https://docs.seldon.io/projects/seldon-core/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from tensorwire import guess, inputs, lists
from tensorwire import missing as missing_values
from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.tree import is_plain, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.containers import Container
    from tensorwire.missing import Missing, Reading, Writing
    from tensorwire.tree import Tree

__all__ = [
    "MESSAGE",
    "Envelope",
    "NamesAsRead",
    "check_sayable",
    "columns_of",
    "has_columns",
    "opened",
    "path_of",
    "payload",
    "reading",
    "wrap",
    "writing",
]

MESSAGE = "seldon.protos.SeldonMessage"
_IN_DATA = ("tensor", "ndarray", "tftensor")
_NO_ARRAY = ("strData", "jsonData", "customData")
_BESIDE = {"binData": "raw", "bin_data": "raw"} | {name: name for name in _NO_ARRAY}
_NONE = "no payload: none of tensor, ndarray, tftensor, binData is there"


class Envelope(NamedTuple):
    """What travels with a payload."""

    names: list[str] | None
    meta: dict[str, Any]
    status: dict[str, Any]


def reading(missing: Missing | None, container: Container) -> Reading:
    """Return how text is read: by default as Seldon's own wrapper reads it, null and words."""
    how = missing_values.reading(missing, "any", text=container.text)
    return how._replace(remedy="Codec.decode with dtype=np.float64")


def writing(missing: Missing | None) -> Writing:
    """Return how numbers that are not finite are written: they are refused by default."""
    return missing_values.writing(missing, "error", missing_values.BARE)


def path_of(kind: str) -> str:
    """Tell where the payload of a kind stands."""
    if kind in _IN_DATA:
        return f"$.data.{kind}"
    return "$.binData" if kind == "raw" else f"$.{kind}"


def around(meta: Mapping[str, Any] | None, status: Mapping[str, Any] | None) -> Tree:
    """Give what stands before a payload, fields in the order of their numbers.

    Raises `EncodeError`, with the place, for what is no envelope in any container.
    """
    message: Tree = {}
    if status is not None and (said := _checked(status, "$.status")):
        message["status"] = said
    if meta is not None and (said := _checked(meta, "$.meta")):
        message["meta"] = said
    return message


def wrap(kind: str, tree: Any, names: Sequence[str] | None) -> Tree:
    """Put a payload into the envelope; raise `EncodeError` for names that are none."""
    message: Tree = {}
    columns = [] if names is None else columns_of(names)
    if kind in _IN_DATA:
        message["data"] = {"names": columns, kind: tree} if columns else {kind: tree}
    elif columns:
        what = "raw bytes have" if kind == "raw" else f"{kind} has" if kind else "nothing has"
        raise EncodeError(f"{what} no columns to name", "$.data.names")
    elif kind:
        message["binData" if kind == "raw" else kind] = tree
    return message


class NamesAsRead(list[str]):
    """Names that came with an array, and are not as many as its columns.

    A peer's mistake does not make its numbers unreadable, and what was read can be written again.
    """


def has_columns(value: Any, names: Sequence[str] | None) -> bool:
    """Tell whether names are as many as the columns of an array, its second axis.

    An array of rank 1 has no columns: Seldon's wrapper sends the names of all classes beside the
    labels that a model has chosen. Of an array of a higher rank the last axis may be named too.
    """
    if names is None or not len(names):
        return True
    shape = lists.shape(value) if isinstance(value, list) else getattr(value, "shape", ())
    return len(shape) < 2 or len(names) in (shape[1], shape[-1])


def columns_of(names: Any, value: Any = None) -> list[str]:
    """Return the names of the columns of an array, whatever holds them.

    Raises `EncodeError` for what are no names, and for those that are not as many as the columns.
    """
    if type(names) is list and {str}.issuperset(map(type, names)):
        return _as_many(names, names, value)
    given = isinstance(names, (str, bytes)) or not isinstance(names, Iterable)
    try:
        columns = [names] if given else inputs.plain_json(list(names), "$.data.names")
    except TypeError:  # of an array of rank 0
        given, columns = True, [names]
    for i, name in enumerate(columns):
        if given or not isinstance(name, str):
            place = "$.data.names" if given else f"$.data.names[{i}]"
            raise EncodeError(f"expected a list of strings for names, got {shown(name)}", place)
    return _as_many([str(name) for name in columns], names, value)


def _as_many(columns: list[str], names: Any, value: Any) -> list[str]:
    """Return the names of columns; raise `EncodeError` where they are not as many as these."""
    if value is not None and not has_columns(value, columns) and type(names) is not NamesAsRead:
        count = (lists.shape(value) if isinstance(value, list) else value.shape)[1]
        reason = f"expected {count} names for {count} columns, got {len(columns)}"
        raise EncodeError(f"{reason}; pass one for each, or none", "$.data.names")
    return columns


def _checked(part: Any, path: str) -> Tree:
    """Return a part of an envelope as it is to be written, all in it sure to be sayable."""
    if not isinstance(part, Mapping):
        raise EncodeError(f"a {type(part).__name__} in place of a dict", path)
    if len(part) == 1 and {str}.issuperset(map(type, (*part, *part.values()))):
        return dict(part)  # a puid, as most have
    made: Tree = dict(inputs.plain_json(part, path))
    check_sayable(made, path, (str, bytes, int, float, NoneType))
    return made


def check_sayable(part: Any, path: str, scalars: tuple[type, ...]) -> None:
    """Raise `EncodeError` for keys that are no strings, integers beyond 64 bits, other types."""
    if is_plain(part, frozenset(scalars)):
        return
    for place, value in walk(part, path):
        if not isinstance(value, scalars):
            what = "a key that is no string" if value is Ellipsis else shown(value)
            wanted = "text, a number, a bool, None, a list or a dict"
            raise EncodeError(f"expected {wanted}, got {what}", place)
        if isinstance(value, int) and not -(2**63) <= value < 2**64:
            raise EncodeError("an integer beyond 64 bits", place)


def payload(message: Tree, *, foreign: bool = False) -> tuple[str, Any]:
    """Return the kind and the tree of the one array of a message, as `opened` reads it."""
    if len(message) == 1:  # nothing but an array, as in most
        data = message.get("data")
        if type(data) is dict and len(data) == 1:
            for kind, tree in data.items():
                if kind in _IN_DATA and tree is not None:
                    return kind, tree
        raw = message.get("binData")
        if raw is not None:
            return "raw", raw
    kind, tree, _ = opened(message, foreign=foreign)
    if kind in _NO_ARRAY:
        raise DecodeError("holds no array; loads() reads it", f"$.{kind}")
    if not kind and message.get("status"):
        raise DecodeError("holds no array but a status; loads() reads it", "$.status")
    if not kind:
        raise DecodeError(_NONE, "", guess.of_members(message))
    return kind, tree


def opened(message: Tree, *, foreign: bool = False) -> tuple[str, Any, Envelope]:
    """Return the kind and the tree of the one payload of a message, and what stands around it.

    The kind is empty where there is no payload. Everything that reads a SeldonMessage goes through
    here, so that all refuse the same ones. Members that the message does not have are passed over,
    as Seldon's wrapper does. Where the values of a tree may be `foreign` to JSON, those that stand
    where JSON's are to be are looked through.

    Raises
    ------
    DecodeError
        more than one payload; names, meta or status that are none; with the place.
    """
    kind, node = _content(message)
    around = _envelope(message)
    if foreign:
        for part, place in ((around.meta, "$.meta"), (around.status, "$.status")):
            if part:  # most messages have neither, and a call costs a fifth of a microsecond
                _check_values(part, place, _ENVELOPE)
        if kind == "jsonData" or (kind == "customData" and type(node) is dict and "@type" in node):
            _check_values(node, f"$.{kind}", _VALUES)
    return kind, node, around


_VALUES: frozenset[type] = frozenset({str, int, float, bool, NoneType})
_ENVELOPE = _VALUES | {bytes}


def _check_values(node: Any, path: str, known: frozenset[type]) -> None:
    """Raise `DecodeError` for keys that are no text, and for values of types that are not known."""
    if is_plain(node, known):
        return
    for place, value in walk(node, path):
        if type(value) not in known:
            what = "a key that is no text" if value is Ellipsis else shown(value)
            raise DecodeError(f"expected a value that JSON has, got {what}", place)


def _content(message: Tree) -> tuple[str, Any]:
    """Find the one payload of a message: its kind and its tree; "" and None where there is none."""
    data, found = message.get("data"), []
    if data is not None:
        if type(data) is not dict:
            raise DecodeError(f"a {type(data).__name__} in place of an object", "$.data")
        found = [(kind, data[kind]) for kind in _IN_DATA if data.get(kind) is not None]
        if not found:
            raise DecodeError(_NONE, "$.data")
    for name, node in message.items():
        if name in _BESIDE and node is not None:
            found.append((_BESIDE[name], node))
    if len(found) == 1:
        return found[0]
    if found:
        raise DecodeError("more than one payload in a message: " + ", ".join(k for k, _ in found))
    return ("jsonData" if "jsonData" in message else ""), None  # for jsonData, null is a value


def _envelope(message: Tree) -> Envelope:
    """Return what stands around the payload of a message."""
    data = message.get("data")
    names = None if data is None else data.get("names")
    if names is not None:
        wrong = [names] if type(names) is not list else [x for x in names if type(x) is not str]
        if wrong:
            reason = f"expected a list of strings, got a {type(wrong[0]).__name__}"
            if type(names) is list:
                reason += f" at index {names.index(wrong[0])}"
            raise DecodeError(reason, "$.data.names")
    return Envelope(names or None, _object(message, "meta"), _object(message, "status"))


def _object(message: Tree, name: str) -> dict[str, Any]:
    value = message.get(name)
    if value is None:
        return {}
    if type(value) is not dict:
        raise DecodeError(f"a {type(value).__name__} in place of an object", f"$.{name}")
    return value
