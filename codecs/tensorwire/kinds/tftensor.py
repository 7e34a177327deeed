"""`tftensor`: TensorFlow's TensorProto, written as `tf.make_tensor_proto` writes it.

Arrays of more than one element travel as `tensorContent`, their little-endian memory in C order;
one element, and always bool, uint16, complex, the sub-byte integers and strings, in the field of
their type. Both forms of every dtype are read; a short list of values is filled up with its last.
Source: tensorflow/core/framework/tensor.proto, tensorflow/python/framework/tensor_util.py
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tensorwire import lists
from tensorwire.dtypes import as_array
from tensorwire.errors import CodecError, DecodeError, EncodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.tree import Leaf, Role, Tree, blob, integer, pick

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.tree import Array

__all__ = ["TFTensor"]


class _Type(NamedTuple):
    """One line of the table below."""

    number: int
    name: str
    dtype: str
    member: str  # where the values go that are not content
    field: str  # the dtype of that member
    content: bool  # whether more than one element is written as content


_TYPES = [
    _Type(1, "DT_FLOAT", "float32", "floatVal", "<f4", True),
    _Type(2, "DT_DOUBLE", "float64", "doubleVal", "<f8", True),
    _Type(3, "DT_INT32", "int32", "intVal", "<i4", True),
    _Type(4, "DT_UINT8", "uint8", "intVal", "<i4", True),
    _Type(5, "DT_INT16", "int16", "intVal", "<i4", True),
    _Type(6, "DT_INT8", "int8", "intVal", "<i4", True),
    _Type(7, "DT_STRING", "bytes", "stringVal", "", False),
    _Type(8, "DT_COMPLEX64", "complex64", "scomplexVal", "<f4", False),
    _Type(9, "DT_INT64", "int64", "int64Val", "<i8", True),
    _Type(10, "DT_BOOL", "bool", "boolVal", "?", False),
    _Type(14, "DT_BFLOAT16", "bfloat16", "halfVal", "<i4", True),
    _Type(17, "DT_UINT16", "uint16", "intVal", "<i4", False),
    _Type(18, "DT_COMPLEX128", "complex128", "dcomplexVal", "<f8", False),
    _Type(19, "DT_HALF", "float16", "halfVal", "<i4", True),
    _Type(22, "DT_UINT32", "uint32", "uint32Val", "<u4", True),
    _Type(23, "DT_UINT64", "uint64", "uint64Val", "<u8", True),
    _Type(24, "DT_FLOAT8_E5M2", "float8_e5m2", "float8Val", "", True),
    _Type(25, "DT_FLOAT8_E4M3FN", "float8_e4m3fn", "float8Val", "", True),
    _Type(26, "DT_FLOAT8_E4M3FNUZ", "float8_e4m3fnuz", "float8Val", "", True),
    _Type(27, "DT_FLOAT8_E4M3B11FNUZ", "float8_e4m3b11fnuz", "float8Val", "", True),
    _Type(28, "DT_FLOAT8_E5M2FNUZ", "float8_e5m2fnuz", "float8Val", "", True),
    _Type(29, "DT_INT4", "int4", "intVal", "<i4", False),
    _Type(30, "DT_UINT4", "uint4", "intVal", "<i4", False),
    _Type(31, "DT_INT2", "int2", "intVal", "<i4", False),
    _Type(32, "DT_UINT2", "uint2", "intVal", "<i4", False),
    _Type(33, "DT_FLOAT4_E2M1FN", "float4_e2m1fn", "float8Val", "", True),
]
_BY_NAME = {row.name: row for row in _TYPES}
_BY_NUMBER = {row.number: row for row in _TYPES}
_BY_DTYPE = {row.dtype: row for row in _TYPES}


@lru_cache(maxsize=64)
def _type_of(dtype: np.dtype[Any]) -> _Type:
    row = _BY_NAME["DT_STRING"] if dtype.kind in "SUT" else _BY_DTYPE.get(dtype.name)
    if row is None:
        raise EncodeError(f"TensorFlow has no dtype {dtype}")
    return row


@lru_cache(maxsize=64)
def _dtype_of(row: _Type) -> np.dtype[Any]:
    if hasattr(np, row.dtype):
        return np.dtype(row.dtype)  # little-endian, as every machine numpy has wheels for
    import ml_dtypes  # costs milliseconds that few payloads need

    dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, row.dtype))
    return dtype


class TFTensor:
    """Every dtype and every shape; strings come back as bytes."""

    name = "tftensor"
    views = True

    def leaf(self, value: Any, *, lossy: bool) -> Leaf:
        """Lay the array out as content or as values, just as TensorFlow would."""
        del lossy
        array = as_array(value)
        if isinstance(array, list):
            return _byte_strings(array)
        dtype, shape = array.dtype, array.shape
        row = _type_of(dtype)
        if not array.size:
            return Leaf(Role.ABSENT, array, None, shape, dtype)
        if row.content and array.size > 1:
            field = None if dtype.isnative else dtype.newbyteorder("<")
            return Leaf(Role.BLOB, array, field, shape, dtype)
        return _values_leaf(array, row)

    def tree(self, leaf: Leaf) -> Tree:
        """Write dtype and shape before the values."""
        assert leaf.dtype is not None  # noqa: S101 - every leaf of this kind has one
        row, shape = _type_of(leaf.dtype), leaf.shape
        dims = {"dim": [{"size": str(size)} for size in shape]} if shape else {}
        tree: Tree = {"dtype": row.name, "tensorShape": dims}
        if leaf.role is not Role.ABSENT:
            tree["tensorContent" if row.content and prod(shape) > 1 else row.member] = leaf
        return tree

    def value(self, tree: Any, payload: int, limits: Limits, out: Array | None) -> Any:
        """View the content, or make an array of the values."""
        del out
        if type(tree) is not dict:
            raise DecodeError(f"a {type(tree).__name__} in place of a TensorProto")
        node = tree.get("dtype", 0)
        row = _BY_NAME.get(node) if type(node) is str else None
        row = row or _row(node)
        shape = _shape(tree)
        content = tree.get("tensorContent")
        if content is None:
            content = tree.get("tensor_content")
        if content is not None:
            if type(content) is not np.ndarray:
                content = _at(".tensorContent", blob, content)
            if content.size:
                return _content(content, row, shape, limits, payload)
        return _at("." + row.member, _values, pick(tree, row.member), row, shape, limits, payload)


_STRING = 7
_INT = frozenset({int})
_USUAL_RANK = 32


def _values_leaf(array: Array, row: _Type) -> Leaf:
    """Lay out the elements of an array as the member of its dtype has them."""
    dtype, shape = array.dtype, array.shape
    if row.number == _STRING:
        return Leaf(Role.STRINGS, _utf8(array), None, shape, dtype)
    if row.member == "float8Val":
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


def _utf8(array: Array) -> list[bytes]:
    if array.dtype.kind == "S":
        strings: list[bytes] = array.reshape(-1).tolist()
        return strings
    try:
        return [text.encode() for text in array.reshape(-1).tolist()]
    except UnicodeEncodeError as error:
        raise EncodeError(f"a string that is not Unicode text: {error}") from None


def _byte_strings(nested: list[Any]) -> Leaf:
    strings = list(lists.scalars(nested))
    if not all(isinstance(item, bytes) for item in strings):
        raise EncodeError("rows that mix types have no TensorFlow dtype")
    return Leaf(Role.STRINGS, strings, None, np.shape(nested), np.dtype("S"))


def _row(node: Any) -> _Type:
    row = None if type(node) is str else _BY_NUMBER.get(integer(node, ".dtype"))
    if row is not None:
        return row
    raise DecodeError(f"dtype {str(node)[:40]} is not one that numpy has", ".dtype")


def _shape(tree: Tree) -> list[int]:
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


def _content(array: Array, row: _Type, shape: list[int], limits: Limits, payload: int) -> Array:
    if row.number == _STRING:
        raise DecodeError("strings travel in stringVal", ".tensorContent")
    dtype = _dtype_of(row)
    count = prod(shape)
    if limits is not DEFAULT_LIMITS or not count or len(shape) > _USUAL_RANK:
        limits.check(shape, dtype.itemsize, payload, ".tensorShape")
    if array.size != count * dtype.itemsize:
        reason = f"{array.size} bytes where shape {shape} of {dtype} takes {count * dtype.itemsize}"
        raise DecodeError(reason, ".tensorContent")
    if dtype.kind == "b" and (array > 1).any():
        raise DecodeError("a bool that is neither 0 nor 1", ".tensorContent")
    return array.view(dtype).reshape(shape)


def _at(path: str, read: Any, *arguments: Any) -> Any:
    try:
        return read(*arguments)
    except CodecError as error:
        raise error.within(path) from None


def _values(node: Any, row: _Type, shape: list[int], limits: Limits, payload: int) -> Any:
    if row.number == _STRING:
        return _strings(node, shape, limits, payload)
    dtype = _dtype_of(row)
    count = limits.check(shape, dtype.itemsize, payload)
    if type(node) is np.ndarray and node.dtype is dtype and node.size == count:
        return node.reshape(shape)
    if node is None:
        return np.zeros(shape, dtype)
    if row.member == "float8Val":
        array = blob(node).view(dtype)
    else:
        array = lists.numbers(node, DecodeError) if isinstance(node, list) else node
        if hasattr(array, "read"):
            array = array.read(limits)
        if not isinstance(array, np.ndarray) or array.dtype == np.uint8:
            raise DecodeError("a list of values belongs here")
        array = _typed(array, row, dtype)
    if array.size > count:
        raise DecodeError(f"{array.size} values where shape {shape} takes {count}")
    if array.size < count:
        filled = np.zeros(count, dtype)
        if array.size:
            filled[: array.size], filled[array.size :] = array, array[-1]
        array = filled
    return array.reshape(shape)


def _typed(array: Array, row: _Type, dtype: np.dtype[Any]) -> Array:
    """Turn values as their field has them into the dtype, none of them changed."""
    field = np.dtype(row.field)
    target = np.dtype("<u2") if row.member == "halfVal" else field if dtype.kind == "c" else dtype
    if (array.dtype.kind == "b") != (target.kind == "b") and array.size:
        raise DecodeError(f"{array.dtype} values in place of {dtype}")
    if array.dtype != target:
        array = _in_range(array, target, dtype)
    if dtype.kind == "c" and array.size % 2:
        raise DecodeError("a real part without its imaginary part")
    return array if target == dtype else array.view(dtype)


def _in_range(array: Array, target: np.dtype[Any], dtype: np.dtype[Any]) -> Array:
    with np.errstate(all="ignore"):
        narrow = array.astype(target)
    if target.kind in "iu" and array.dtype.kind in "iu" and array.size:
        bounds = np.iinfo(target)
        good = bounds.min <= int(array.min()) and int(array.max()) <= bounds.max
    elif np.dtype(target).kind == "f":
        good = not (np.isinf(narrow) & np.isfinite(array)).any()
    else:
        good = bool((narrow.astype(array.dtype) == array).all())
    if not good:
        raise DecodeError(f"a value that is out of range for {dtype}")
    return narrow


def _strings(node: Any, shape: list[int], limits: Limits, payload: int) -> Any:
    if node is not None and type(node) is not list:
        raise DecodeError(f"a {type(node).__name__} in place of a list of strings")
    strings = [blob(item).tobytes() for item in node or [b""]]
    count = limits.check(shape, max(8, *map(len, strings)), payload)
    if node and len(strings) > count:
        raise DecodeError(f"{len(strings)} values where shape {shape} takes {count}")
    strings += strings[-1:] * (count - len(strings))
    array = lists.to_array(strings[:count], DecodeError)
    if not isinstance(array, list):
        return (array if array.size else array.astype("S")).reshape(shape)
    if not shape:
        return array[0]
    for size in reversed(shape[1:]):
        array = [array[i : i + size] for i in range(0, len(array), size)]
    return array
