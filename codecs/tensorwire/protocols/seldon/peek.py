"""What the messages of Seldon say of their arrays, without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.containers.json.scan import infer_shape
from tensorwire.errors import CodecError, DecodeError
from tensorwire.kinds.tensorproto import STRING, dtype_of, row_of, shape_of
from tensorwire.protocols.neutral import Peek, TensorInfo
from tensorwire.protocols.seldon import envelope as seldon
from tensorwire.protocols.seldon.messages import Message, MessageList
from tensorwire.protocols.seldon.reader import check_said, other_value, parts_in, placed, reward
from tensorwire.tree import blob, integers

if TYPE_CHECKING:
    from tensorwire.containers import Container
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading
    from tensorwire.tree import Array, Tree

    Claim = tuple[np.dtype[Any] | None, tuple[int, ...] | None]

__all__ = ["claims"]

_FLOAT64 = np.dtype(np.float64)


def claims(
    tree: Tree, kind: type, container: Container, _: Limits, payload: int, how: Reading
) -> Peek:
    """Tell what a message of a class says of itself; the arrays in a list are named by place."""
    if kind is Message:
        found, infos, around = _message(tree, "$", container, how, payload)
        check_said(tree, found)
        return Peek(found, tuple(infos), *around)
    parts = parts_in(tree, kind, container, payload)
    named = [
        info for place, node in parts for info in _message(node, place, container, how, payload)[1]
    ]
    if kind is MessageList:
        return Peek("seldonMessages", tuple(named))
    reward(tree.get("reward"), container, how)
    return Peek("feedback", tuple(named))


def _message(
    tree: Tree, place: str, container: Container, how: Reading, payload: int
) -> tuple[str, list[TensorInfo], seldon.Envelope]:
    """Return the kind of a message, what its one array is if it has one, and what is around it."""
    kind, claim = "", []
    try:
        kind, node, around = seldon.opened(tree, foreign=container.foreign)
        if around.meta or around.status:
            lists.check_numbers([around.meta, around.status], how)
        if kind in _CLAIMS:
            claim = [TensorInfo(place[2:], *_CLAIMS[kind](node))]
        else:
            other_value(kind, node, container, how, payload)
    except CodecError as error:
        raise placed(error.within(seldon.path_of(kind)), place) from None
    return kind, claim, around


def _ndarray(node: Any) -> Claim:
    if hasattr(node, "claims"):  # nested lists in bytes
        claim: Claim = node.claims()
        return claim
    if type(node) is not list and not hasattr(node, "read"):
        raise DecodeError(f"expected nested lists, got a {type(node).__name__}")
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
        claim: Claim = node.claims() if hasattr(node, "claims") else infer_shape(node)
        return claim[0]
    try:
        array: Array = lists.numbers(node, DecodeError)
    except CodecError:
        return None  # which `decode` refuses
    return array.dtype


def _tftensor(node: Any) -> Claim:
    row, shape = row_of(_object(node).get("dtype", 0)), shape_of(node)
    return np.dtype("S") if row.number == STRING else dtype_of(row), tuple(shape)


def _raw(node: Any) -> Claim:
    return np.dtype(np.uint8), (len(node) if isinstance(node, bytes) else blob(node).size,)


def _object(node: Any) -> Tree:
    if type(node) is not dict:
        raise DecodeError(f"expected an object, got a {type(node).__name__}")
    return node


_CLAIMS = {"ndarray": _ndarray, "tensor": _tensor, "tftensor": _tftensor, "raw": _raw}
