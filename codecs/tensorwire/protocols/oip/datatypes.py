"""The datatypes of the Open Inference Protocol beside numpy's dtypes.

Source: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from tensorwire.errors import DecodeError, EncodeError, unknown

__all__ = ["BF16", "BYTES", "FP16", "Datatype", "datatype_of", "dtype_of", "row_of"]


class Datatype(NamedTuple):
    """How the protocol carries one dtype."""

    name: str
    dtype: str
    member: str  # of the contents; none where only raw will do
    field: str  # the dtype of that member


_DATATYPES = [
    Datatype("BOOL", "bool", "boolContents", "?"),
    Datatype("UINT8", "uint8", "uintContents", "<u4"),
    Datatype("UINT16", "uint16", "uintContents", "<u4"),
    Datatype("UINT32", "uint32", "uintContents", "<u4"),
    Datatype("UINT64", "uint64", "uint64Contents", "<u8"),
    Datatype("INT8", "int8", "intContents", "<i4"),
    Datatype("INT16", "int16", "intContents", "<i4"),
    Datatype("INT32", "int32", "intContents", "<i4"),
    Datatype("INT64", "int64", "int64Contents", "<i8"),
    Datatype("FP16", "float16", "", ""),
    Datatype("BF16", "bfloat16", "", ""),
    Datatype("FP32", "float32", "fp32Contents", "<f4"),
    Datatype("FP64", "float64", "fp64Contents", "<f8"),
    Datatype("BYTES", "bytes", "bytesContents", ""),
]
_BY_NAME = {row.name: row for row in _DATATYPES}
_BY_DTYPE = {row.dtype: row for row in _DATATYPES}
BYTES, BF16, FP16 = _BY_NAME["BYTES"], _BY_NAME["BF16"], _BY_NAME["FP16"]


@lru_cache(maxsize=64)
def datatype_of(dtype: np.dtype[Any]) -> Datatype:
    """Give the datatype of a numpy dtype; raise `EncodeError` where there is none."""
    row = BYTES if dtype.kind in "SUT" else _BY_DTYPE.get(dtype.name)
    if row is None:
        reason = f"the Open Inference Protocol has no datatype for {dtype}; cast it first"
        raise EncodeError(f"{reason}, or use tfserving/protobuf or protobuf/tftensor")
    return row


def row_of(name: Any) -> Datatype:
    """Give the datatype of a name that a payload has; raise `DecodeError` for another."""
    row = _BY_NAME.get(name) if type(name) is str else None
    if row is None:
        raise DecodeError(unknown("a datatype", name, _BY_NAME), ".datatype")
    return row


@lru_cache(maxsize=64)
def dtype_of(row: Datatype) -> np.dtype[Any]:
    """Give the numpy dtype of a datatype other than BYTES."""
    if row is BF16:
        import ml_dtypes  # costs milliseconds that few payloads need

        dtype: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return dtype
    return np.dtype(row.dtype)
