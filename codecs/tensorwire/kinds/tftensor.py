"""`tftensor`: TensorFlow's TensorProto, written as `tf.make_tensor_proto` writes it.

An array of more than one element is written as `tensorContent`, its little-endian memory in C
order. A single element, and all arrays of bool, uint16, complex, sub-byte integers and strings, are
written in the field of their dtype. Both forms of every dtype are read; a list of too few values is
filled with its last value.
Source: tensorflow/core/framework/tensor.proto, tensorflow/python/framework/tensor_util.py
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.arrays import as_array, from_bytes, in_range, utf8
from tensorwire.errors import CodecError, DecodeError, shown
from tensorwire.kinds.tensorproto import STRING, Type, dtype_of, row_of, shape_of, type_of
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import STRICT, VERIFIED
from tensorwire.tree import Leaf, Role, Tree, blob, pick

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading, Writing
    from tensorwire.tree import Array

__all__ = ["TFTensor"]


class TFTensor:
    """Every dtype and every shape; strings come back as bytes."""

    name = "tftensor"
    views = True

    def leaf(self, value: Any, *, lossy: bool, options: Writing = STRICT) -> Leaf:
        """Return the array as content or as values, as TensorFlow writes it."""
        del lossy
        if type(value) is bytes:  # numpy would drop a NUL at the end
            return Leaf(Role.STRINGS, [value], None, (), np.dtype("S"))
        array = as_array(value, none=options.none)
        if isinstance(array, list):
            return _byte_strings(array)
        dtype, shape, row = array.dtype, array.shape, type_of(array.dtype)
        if not array.size:
            return Leaf(Role.ABSENT, array, None, shape, dtype)
        if row.content and array.size > 1:
            field = None if dtype.isnative else dtype.newbyteorder("<")
            return Leaf(Role.BLOB, array, field, shape, dtype)
        return _values_leaf(array, row)

    def tree(self, leaf: Leaf) -> Tree:
        """Write dtype and shape before the values."""
        assert leaf.dtype is not None  # noqa: S101 - every leaf of this kind has one
        row, shape = type_of(leaf.dtype), leaf.shape
        dims = {"dim": [{"size": str(size)} for size in shape]} if shape else {}
        tree: Tree = {"dtype": row.name, "tensorShape": dims}
        if leaf.role is not Role.ABSENT:
            tree["tensorContent" if row.content and prod(shape) > 1 else row.member] = leaf
        return tree

    def value(
        self,
        tree: Any,
        payload: int,
        limits: Limits,
        out: Array | None,
        options: Reading = VERIFIED,
    ) -> Any:
        """View the content, or make an array of the values."""
        del out
        if type(tree) is not dict:
            raise DecodeError(f"expected a TensorProto, got {shown(tree)}")
        row, shape = row_of(tree.get("dtype", 0)), shape_of(tree)
        content = pick(tree, "tensorContent")
        if content is not None:
            if type(content) is not np.ndarray:
                content = _at(".tensorContent", blob, content)
            if content.size:
                return _content(content, row, shape, limits, payload)
        return _at(
            "." + row.member, _values, pick(tree, row.member), row, shape, limits, payload, options
        )


_USUAL_RANK = 32


def _values_leaf(array: Array, row: Type) -> Leaf:
    """Return the elements of an array as values of the member of its dtype."""
    dtype, shape = array.dtype, array.shape
    if row.number == STRING:
        return Leaf(Role.STRINGS, utf8(array), None, shape, dtype)
    if not row.field:  # float8: bytes
        return Leaf(Role.BLOB, array, None, shape, dtype)
    field = np.dtype(row.field)
    if dtype == field and dtype.kind == "f":
        return Leaf(Role.VALUES, array, field, shape, dtype)
    flat = np.ascontiguousarray(array).reshape(-1)
    if row.member == "halfVal":
        flat = flat.astype(dtype.newbyteorder("=")).view(np.uint16)
    elif dtype.kind == "c":
        flat = flat.astype(dtype.newbyteorder("=")).view(field.newbyteorder("="))
    return Leaf(Role.VALUES, flat.astype(field), field, shape, dtype)


def _byte_strings(nested: list[Any]) -> Leaf:
    strings = list(lists.scalars(nested))
    if not all(isinstance(item, bytes) for item in strings):
        raise lists.mixed(nested, "values of one TensorFlow dtype")
    return Leaf(Role.STRINGS, strings, None, lists.shape(nested), np.dtype("S"))


def _content(array: Array, row: Type, shape: list[int], limits: Limits, payload: int) -> Array:
    if row.number == STRING:
        raise DecodeError("expected stringVal for strings, got tensorContent", ".tensorContent")
    dtype = dtype_of(row)
    count = prod(shape)
    if limits is not DEFAULT_LIMITS or not count or len(shape) > _USUAL_RANK:
        limits.check(shape, dtype.itemsize, payload, ".tensorShape")
    if array.size != count * dtype.itemsize:
        wanted = f"expected {count * dtype.itemsize} bytes for shape {tuple(shape)} of {dtype}"
        reason = f"{wanted}, got {array.size}"
        raise DecodeError(reason, ".tensorContent")
    if dtype.kind == "b" and (array > 1).any():
        raise DecodeError("expected bools of 0 or 1, got other bytes", ".tensorContent")
    return array.view(dtype).reshape(shape)


def _at(path: str, read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except CodecError as error:
        raise error.within(path) from None


def _values(  # noqa: PLR0913, PLR0917
    node: Any, row: Type, shape: list[int], limits: Limits, payload: int, options: Reading
) -> Any:
    if row.number == STRING:
        return _strings(node, shape, limits, payload)
    dtype = dtype_of(row)
    count = limits.check(shape, dtype.itemsize, payload)
    if node is None:
        return np.zeros(shape, dtype)
    if not row.field:
        array = blob(node).view(dtype)
    else:
        array = _numbers(node, np.dtype(row.field), options) if isinstance(node, list) else node
        if hasattr(array, "read"):
            array = array.read(limits)
        if not isinstance(array, np.ndarray) or array.ndim != 1 or array.dtype == np.uint8:
            raise DecodeError(f"expected a list of values, got {shown(node)}")
        array = _typed(array, row, dtype)
    if array.size > count:
        raise DecodeError(
            f"expected at most {count} values for shape {tuple(shape)}, got {array.size}"
        )
    if array.size < count:
        filled = np.zeros(count, dtype)
        if array.size:
            filled[: array.size], filled[array.size :] = array, array[-1]
        array = filled
    return array.reshape(shape)


def _numbers(node: list[Any], field: np.dtype[Any], options: Reading) -> Any:
    """Read values, quoted or not; null is NaN in a field of floats, and refused in others."""
    floats = field.kind == "f"
    if None in node:
        options = options._replace(also=frozenset(), remedy="")
    return lists.numbers(node, DecodeError, options, floats=floats)


def _typed(array: Array, row: Type, dtype: np.dtype[Any]) -> Array:
    """Convert values of the dtype of their field to that of the tensor, exactly."""
    field = np.dtype(row.field)
    target = np.dtype("<u2") if row.member == "halfVal" else field if dtype.kind == "c" else dtype
    if (array.dtype.kind == "b") != (target.kind == "b") and array.size:
        raise DecodeError(f"expected {dtype} values, got {array.dtype}")
    if array.dtype != target:
        array = in_range(array, target, dtype)
    if dtype.kind == "c" and array.size % 2:
        raise DecodeError(f"expected pairs of real and imaginary parts, got {array.size} numbers")
    return array if target == dtype else array.view(dtype)


def _strings(node: Any, shape: list[int], limits: Limits, payload: int) -> Any:
    if node is not None and type(node) is not list:
        raise DecodeError(f"expected a list of strings, got {shown(node)}")
    strings = [blob(item).tobytes() for item in node or [b""]]
    count = limits.check(shape, 8, payload)
    limits.check([max(0, count - len(strings))], max(8, len(strings[-1])), payload)
    if node and len(strings) > count:
        raise DecodeError(
            f"expected at most {count} values for shape {tuple(shape)}, got {len(strings)}"
        )
    return from_bytes((strings + strings[-1:] * (count - len(strings)))[:count], shape)
