"""Description of the arrays in Seldon's messages, without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.containers.json.scan import infer_shape
from tensorwire.errors import CodecError, DecodeError, shown
from tensorwire.kinds.tensorproto import STRING, dtype_of, row_of, shape_of
from tensorwire.protocols.neutral import Peek, TensorInfo
from tensorwire.protocols.seldon.envelope import open_message, path_of
from tensorwire.protocols.seldon.messages import Message, MessageList
from tensorwire.protocols.seldon.reader import (
    check_not_empty,
    other_value,
    parts_in,
    relocated,
    reward,
)
from tensorwire.tree import blob, integers

if TYPE_CHECKING:
    from tensorwire.containers import Container
    from tensorwire.missing import Reading
    from tensorwire.tree import Array, Tree

    Claim = tuple[np.dtype[Any] | None, tuple[int, ...] | None]

__all__ = ["peek_tree"]

_FLOAT64 = np.dtype(np.float64)


def peek_tree(tree: Tree, size: int, options: Reading, kind: type, container: Container) -> Peek:
    """Describe a message of a class; the arrays in a list are named by their path."""
    if kind is Message:
        found, infos, beside = _message(tree, "$", container, options, size)
        if not found:
            check_not_empty(tree)
        return Peek(found, tuple(infos), *beside)
    parts = parts_in(tree, kind, container, size)
    named = [
        info for path, node in parts for info in _message(node, path, container, options, size)[1]
    ]
    if kind is MessageList:
        return Peek("seldonMessages", tuple(named))
    reward(tree.get("reward"), container, options)
    return Peek("feedback", tuple(named))


def _message(
    tree: Tree, path: str, container: Container, options: Reading, size: int
) -> tuple[str, list[TensorInfo], tuple[Any, Any, Any]]:
    """Return the kind of a message, the `TensorInfo` of its array, and its envelope."""
    kind, claim = "", []
    try:
        kind, node, names, meta, status = open_message(tree, foreign=container.foreign)
        if meta or status:
            lists.check_numbers({"meta": meta, "status": status}, options, path="$")
        if kind in _CLAIMS:
            claim = [TensorInfo(path[2:], *_CLAIMS[kind](node))]
        else:
            other_value(kind, node, container, options, size)
    except CodecError as error:
        raise relocated(error.within(path_of(kind)), path) from None
    return kind, claim, (names, meta, status)


def _ndarray(node: Any) -> Claim:
    if hasattr(node, "peek"):  # nested lists in bytes
        claim: Claim = node.peek()
        return claim
    if type(node) is not list and not hasattr(node, "read"):
        raise DecodeError(f"expected nested lists, got {shown(node)}")
    return infer_shape(node)


def _tensor(node: Any) -> Claim:
    shape = integers(_object(node).get("shape"), ".shape")
    if shape and min(shape) < 0:
        raise DecodeError(f"expected sizes of at least 0, got {min(shape)}", ".shape")
    return _values_dtype(node.get("values")), tuple(shape)


def _values_dtype(node: Any) -> np.dtype[Any] | None:
    if node is None or isinstance(node, (bytes, np.ndarray)):
        return _FLOAT64
    if hasattr(node, "read"):
        claim: Claim = node.peek() if hasattr(node, "peek") else infer_shape(node)
        return claim[0]
    try:
        array: Array = lists.numbers(node, DecodeError)
    except CodecError:
        return None  # `decode` refuses it
    return array.dtype


def _tftensor(node: Any) -> Claim:
    row, shape = row_of(_object(node).get("dtype", 0)), shape_of(node)
    return np.dtype("S") if row.number == STRING else dtype_of(row), tuple(shape)


def _raw(node: Any) -> Claim:
    return np.dtype(np.uint8), (len(node) if isinstance(node, bytes) else blob(node).size,)


def _object(node: Any) -> Tree:
    if type(node) is not dict:
        raise DecodeError(f"expected an object, got {shown(node)}")
    return node


_CLAIMS = {"ndarray": _ndarray, "tensor": _tensor, "tftensor": _tftensor, "raw": _raw}
