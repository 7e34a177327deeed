"""SeldonMessage, the envelope of Seldon Core v1.

An array stands in `data`, beside the names of its columns, or as bytes in `binData`; `meta` and
`status` stand beside them. Source: seldon.protos, https://docs.seldon.io/projects/seldon-core/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tensorwire.errors import DecodeError
from tensorwire.tree import pick

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
    """Put a payload into the envelope, fields in the order of their numbers."""
    message: Tree = {}
    if status:
        message["status"] = dict(status)
    if meta:
        message["meta"] = dict(meta)
    if kind == "raw":
        message["binData"] = tree
    elif names:
        message["data"] = {"names": list(names), kind: tree}
    else:
        message["data"] = {kind: tree}
    return message


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
