"""What a TensorProto says before its elements: dtype and shape.

Source: tensorflow/core/framework/tensor.proto, tensor_shape.proto
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.errors import DecodeError, shown
from tensorwire.kinds.tftypes import BY_NAME, BY_NUMBER
from tensorwire.nodes import integer

if TYPE_CHECKING:
    from tensorwire.kinds.tftypes import Type
    from tensorwire.tree import Tree

__all__ = ["row_of", "shape_of"]

_INT = frozenset({int})


def row_of(node: Any) -> Type:
    """Give the line of a dtype, by name or number; raise `DecodeError` where there is none."""
    by_name = type(node) is str
    row = BY_NAME.get(node) if by_name else BY_NUMBER.get(integer(node, ".dtype"))
    if row is None:
        raise DecodeError(f"dtype {shown(node)} is not one that numpy has", ".dtype")
    return row


def shape_of(tree: Tree) -> list[int]:
    """Give the sizes of all dimensions; raise `DecodeError` for what are none."""
    whole = tree.get("tensorShape")
    if whole is None:
        whole = tree.get("tensor_shape", {})
    dims = whole.get("dim", []) if type(whole) is dict else None
    if type(dims) is not list or any(type(dim) is not dict for dim in dims):
        raise DecodeError("a shape is an object with a list of objects, dim", ".tensorShape")
    shape = [dim.get("size", 0) for dim in dims]
    if not _INT.issuperset(map(type, shape)):
        path = ".tensorShape.dim[{}].size"
        shape = [integer(size, path.format(i)) for i, size in enumerate(shape)]
    if shape and min(shape) < 0:
        reason = f"size {min(shape)}: the shape of an array is never unknown"
        raise DecodeError(reason, f".tensorShape.dim[{shape.index(min(shape))}].size")
    return shape
