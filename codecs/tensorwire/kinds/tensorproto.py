"""dtype and shape of TensorFlow's TensorProto, and its field for the values of each dtype.

Source: tensorflow/core/framework/types.proto, tensor.proto, tensor_shape.proto
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.tree import integer

if TYPE_CHECKING:
    from tensorwire.tree import Tree

__all__ = [
    "BY_NAME",
    "BY_NUMBER",
    "STRING",
    "Type",
    "dtype_of",
    "row_of",
    "shape_of",
    "type_of",
]

_INT = frozenset({int})


def row_of(node: Any) -> Type:
    """Return the `Type` of a name or number; raise `DecodeError` for an unknown one."""
    by_name = type(node) is str
    row = BY_NAME.get(node) if by_name else BY_NUMBER.get(integer(node, ".dtype"))
    if row is None:
        raise DecodeError(f"expected a TensorFlow dtype of arrays, got {shown(node)}", ".dtype")
    return row


def shape_of(tree: Tree) -> list[int]:
    """Return the sizes of all dimensions; raise `DecodeError` for an invalid or unknown size."""
    whole = tree.get("tensorShape")
    if whole is None:
        whole = tree.get("tensor_shape", {})
    dims = whole.get("dim", []) if type(whole) is dict else None
    if type(dims) is not list or any(type(dim) is not dict for dim in dims):
        raise DecodeError(
            f"expected an object with a list of objects, dim, got {shown(whole)}", ".tensorShape"
        )
    shape = [dim.get("size", 0) for dim in dims]
    if not _INT.issuperset(map(type, shape)):
        path = ".tensorShape.dim[{}].size"
        shape = [integer(size, path.format(i)) for i, size in enumerate(shape)]
    if shape and min(shape) < 0:
        reason = f"expected a known size, got {min(shape)}"
        raise DecodeError(reason, f".tensorShape.dim[{shape.index(min(shape))}].size")
    return shape


STRING = 7


class Type(NamedTuple):
    """One dtype of TensorFlow, and its fields in a TensorProto."""

    number: int
    name: str
    dtype: str
    member: str  # the member of the values that are not written as tensorContent
    field: str  # the dtype of that member
    content: bool  # whether more than one element is written as tensorContent


TYPES = [
    Type(1, "DT_FLOAT", "float32", "floatVal", "<f4", True),
    Type(2, "DT_DOUBLE", "float64", "doubleVal", "<f8", True),
    Type(3, "DT_INT32", "int32", "intVal", "<i4", True),
    Type(4, "DT_UINT8", "uint8", "intVal", "<i4", True),
    Type(5, "DT_INT16", "int16", "intVal", "<i4", True),
    Type(6, "DT_INT8", "int8", "intVal", "<i4", True),
    Type(7, "DT_STRING", "bytes", "stringVal", "", False),
    Type(8, "DT_COMPLEX64", "complex64", "scomplexVal", "<f4", False),
    Type(9, "DT_INT64", "int64", "int64Val", "<i8", True),
    Type(10, "DT_BOOL", "bool", "boolVal", "?", False),
    Type(14, "DT_BFLOAT16", "bfloat16", "halfVal", "<i4", True),
    Type(17, "DT_UINT16", "uint16", "intVal", "<i4", False),
    Type(18, "DT_COMPLEX128", "complex128", "dcomplexVal", "<f8", False),
    Type(19, "DT_HALF", "float16", "halfVal", "<i4", True),
    Type(22, "DT_UINT32", "uint32", "uint32Val", "<u4", True),
    Type(23, "DT_UINT64", "uint64", "uint64Val", "<u8", True),
    Type(24, "DT_FLOAT8_E5M2", "float8_e5m2", "float8Val", "", True),
    Type(25, "DT_FLOAT8_E4M3FN", "float8_e4m3fn", "float8Val", "", True),
    Type(26, "DT_FLOAT8_E4M3FNUZ", "float8_e4m3fnuz", "float8Val", "", True),
    Type(27, "DT_FLOAT8_E4M3B11FNUZ", "float8_e4m3b11fnuz", "float8Val", "", True),
    Type(28, "DT_FLOAT8_E5M2FNUZ", "float8_e5m2fnuz", "float8Val", "", True),
    Type(29, "DT_INT4", "int4", "intVal", "<i4", False),
    Type(30, "DT_UINT4", "uint4", "intVal", "<i4", False),
    Type(31, "DT_INT2", "int2", "intVal", "<i4", False),
    Type(32, "DT_UINT2", "uint2", "intVal", "<i4", False),
    Type(33, "DT_FLOAT4_E2M1FN", "float4_e2m1fn", "float8Val", "", True),
]
BY_NAME = {row.name: row for row in TYPES}
BY_NUMBER = {row.number: row for row in TYPES}
_BY_DTYPE = {row.dtype: row for row in TYPES}


@lru_cache(maxsize=64)
def type_of(dtype: np.dtype[Any]) -> Type:
    """Return the `Type` of a numpy dtype; raise `EncodeError` where TensorFlow has none."""
    row = BY_NAME["DT_STRING"] if dtype.kind in "SUT" else _BY_DTYPE.get(dtype.name)
    if row is None:
        raise EncodeError(f"expected a dtype that TensorFlow has, got {dtype}")
    return row


@lru_cache(maxsize=64)
def dtype_of(row: Type) -> np.dtype[Any]:
    """Return the numpy dtype of a `Type`."""
    if hasattr(np, row.dtype):
        return np.dtype(row.dtype)  # native byte order: numpy has wheels for little-endian only
    import ml_dtypes  # takes milliseconds: imported only where it is needed

    dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, row.dtype))
    return dtype
