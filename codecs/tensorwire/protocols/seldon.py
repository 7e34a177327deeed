"""SeldonMessage, the envelope of Seldon Core v1.

An array stands in `data`, beside the names of its columns, or as bytes in `binData`; `meta` and
`status` stand beside them. Source: seldon.protos, https://docs.seldon.io/projects/seldon-core/
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any, NamedTuple

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.nodes import pick
from tensorwire.tree import walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.tree import Tree

__all__ = ["MESSAGE", "Envelope", "envelope", "path_of", "payload", "wrap"]

MESSAGE = "seldon.protos.SeldonMessage"
_IN_DATA = ("tensor", "ndarray", "tftensor")
_NO_ARRAY = ("strData", "jsonData", "customData")


class Envelope(NamedTuple):
    """What travels with a payload."""

    names: list[str] | None
    meta: dict[str, Any]
    status: dict[str, Any]


def path_of(kind: str) -> str:
    """Tell where the payload of a kind stands."""
    return "$.binData" if kind == "raw" else f"$.data.{kind}"


def wrap(
    kind: str,
    tree: Any,
    names: Sequence[str] | None,
    meta: Mapping[str, Any] | None,
    status: Mapping[str, Any] | None,
) -> Tree:
    """Put a payload into the envelope, fields in the order of their numbers.

    Raises `EncodeError`, with the place, for what is no envelope in any container.
    """
    message: Tree = {}
    if status is not None and _checked(status, "$.status"):
        message["status"] = dict(status)
    if meta is not None and _checked(meta, "$.meta"):
        message["meta"] = dict(meta)
    columns = [] if names is None else _columns(names)
    if kind == "raw":
        if columns:
            raise EncodeError("raw bytes have no columns to name", "$.data.names")
        message["binData"] = tree
    else:
        message["data"] = {"names": columns, kind: tree} if columns else {kind: tree}
    return message


def _columns(names: Any) -> list[str]:
    columns = list(names) if isinstance(names, Iterable) else [names]
    if isinstance(names, (str, bytes)) or not all(isinstance(name, str) for name in columns):
        raise EncodeError("the names of columns are a list of strings", "$.data.names")
    return [str(name) for name in columns]


def _checked(part: Any, path: str) -> bool:
    """Tell whether a part of an envelope says anything, once all in it is sure to be sayable."""
    if not isinstance(part, Mapping):
        raise EncodeError(f"a {type(part).__name__} in place of a dict", path)
    try:
        for place, value in walk(part, path):
            if not isinstance(value, (str, bytes, int, float, NoneType)):
                kind = "key that is no string" if value is Ellipsis else type(value).__name__
                raise EncodeError(f"a {kind} cannot be said in a message", place)
            if isinstance(value, int) and not -(2**63) <= value < 2**64:
                raise EncodeError("an integer beyond 64 bits", place)
    except RecursionError:
        raise EncodeError("nested too deep", path) from None
    return bool(part)


def payload(message: Tree) -> tuple[str, Any]:
    """Find the one payload of a message: its kind and its tree."""
    data = message.get("data")
    if len(message) == 1 and type(data) is dict and len(data) == 1:  # as most are
        for kind, tree in data.items():
            if kind in _IN_DATA and tree is not None:
                return kind, tree
    found: list[tuple[str, Any]] = []
    if data is not None:
        if type(data) is not dict:
            raise DecodeError(f"a {type(data).__name__} in place of an object", "$.data")
        found = [(kind, data[kind]) for kind in _IN_DATA if data.get(kind) is not None]
    raw = pick(message, "binData")
    if raw is not None:
        found.append(("raw", raw))
    if len(found) != 1 or (raw is not None and data is not None):
        raise _none_or_many(message, found)
    return found[0]


def envelope(message: Tree) -> Envelope:
    """Take what stands around the payload of a message."""
    names = _object(message, "data").get("names")
    if names and (type(names) is not list or any(type(name) is not str for name in names)):
        raise DecodeError("the names of columns are a list of strings", "$.data.names")
    return Envelope(names or None, _object(message, "meta"), _object(message, "status"))


def _object(message: Tree, name: str) -> dict[str, Any]:
    value = message.get(name)
    if value is None:
        return {}
    if type(value) is not dict:
        raise DecodeError(f"a {type(value).__name__} in place of an object", f"$.{name}")
    return value


def _none_or_many(message: Tree, found: list[tuple[str, Any]]) -> DecodeError:
    if found:
        return DecodeError("more than one payload in a message: " + ", ".join(k for k, _ in found))
    others = [name for name in _NO_ARRAY if pick(message, name) is not None]
    if others:
        return DecodeError("holds no array", f"$.{others[0]}")
    where = "$.data" if message.get("data") is not None else "$"
    return DecodeError("no payload: none of tensor, ndarray, tftensor, binData is there", where)
