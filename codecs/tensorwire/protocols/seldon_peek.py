"""What the messages of Seldon say of their arrays, without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.errors import CodecError, DecodeError
from tensorwire.message import Message, MessageList
from tensorwire.nodes import blob
from tensorwire.peeking import Peek, TensorInfo
from tensorwire.protocols import fields, seldon
from tensorwire.protocols.seldon_read import check_said, parts_in, placed
from tensorwire.tensorproto import row_of, shape_of
from tensorwire.tftypes import STRING, dtype_of
from tensorwire.wire.counting import counted

if TYPE_CHECKING:
    from tensorwire.containers import Container
    from tensorwire.limits import Limits
    from tensorwire.tree import Tree

    Claim = tuple[np.dtype[Any] | None, tuple[int, ...] | None]

__all__ = ["claims"]

_FLOAT64 = np.dtype(np.float64)


def claims(tree: Tree, kind: type, container: Container, _: Limits, payload: int) -> Peek:
    """Tell what a message of a class says of itself; the arrays in a list are named by place."""
    if kind is Message:
        found, infos = _payload(tree, "$")
        check_said(tree, found)
        return Peek(found, tuple(infos), *seldon.envelope(tree))
    parts = parts_in(tree, kind, container, payload)
    named = (info for place, node in parts for info in _payload(node, place)[1])
    return Peek("seldonMessages" if kind is MessageList else "feedback", tuple(named))


def _payload(tree: Tree, place: str) -> tuple[str, list[TensorInfo]]:
    """Give the kind of a message, and what its one array is if it has one."""
    kind = ""
    try:
        kind, node = seldon.content(tree)
        claim = [TensorInfo(place[2:], *_CLAIMS[kind](node))] if kind in _CLAIMS else []
    except CodecError as error:
        raise placed(error.within(seldon.path_of(kind)), place) from None
    return kind, claim


def _ndarray(node: Any) -> Claim:
    if hasattr(node, "claims"):  # nested lists in bytes
        claim: Claim = node.claims()
        return claim
    if isinstance(node, np.ndarray):  # a long string, taken for base64
        raise DecodeError("a string in place of nested lists")
    return counted(node)


def _tensor(node: Any) -> Claim:
    shape = tuple(fields.sizes(_object(node).get("shape")))
    values = node.get("values")
    if values is None or isinstance(values, (bytes, np.ndarray)):
        return _FLOAT64, shape
    dtype = counted(values)[0] if not hasattr(values, "claims") else values.claims()[0]
    return (None if dtype is None or dtype.kind not in "iuf" else dtype), shape


def _tftensor(node: Any) -> Claim:
    row, shape = row_of(_object(node).get("dtype", 0)), shape_of(node)
    return np.dtype("S") if row.number == STRING else dtype_of(row), tuple(shape)


def _raw(node: Any) -> Claim:
    return np.dtype(np.uint8), (len(node) if isinstance(node, bytes) else blob(node).size,)


def _object(node: Any) -> Tree:
    if type(node) is not dict:
        raise DecodeError(f"a {type(node).__name__} in place of an object")
    return node


_CLAIMS = {"ndarray": _ndarray, "tensor": _tensor, "tftensor": _tftensor, "raw": _raw}
