"""The typed contents of one tensor, apart from its message: InferTensorContents <-> a flat array.

For the objects of other libraries, whose runtime of protobuf would make a list of each value. The
canonical form has one field, packed: ``tag length values``.
Source: https://github.com/kserve/open-inference-protocol
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.tree import Irregular

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["dtype_of_field", "read_contents", "write_contents"]

# The field of each member, in InferTensorContents, and the dtype of its values.
_DTYPES = {1: "?", 2: "<i4", 3: "<i8", 4: "<u4", 5: "<u8", 6: "<f4", 7: "<f8"}
_FIELDS = {
    "bool": 1,
    "int8": 2,
    "int16": 2,
    "int32": 2,
    "int64": 3,
    "uint8": 4,
    "uint16": 4,
    "uint32": 4,
    "uint64": 5,
    "float32": 6,
    "float64": 7,
}


def dtype_of_field(dtype: np.dtype[Any]) -> np.dtype[Any] | None:
    """Return the dtype of the field that holds a dtype; None where there is none."""
    field = _FIELDS.get(dtype.name)
    return None if field is None else np.dtype(_DTYPES[field])


def read_contents(body: bytes) -> Array | None:
    """Return the values as their field has them; None for strings, and for another form.

    Where the field is of floats, the array is a view of the body.
    """
    try:
        dtype = np.dtype(_DTYPES[body[0] >> 3])
        length, start = varint.read(body, 1)
    except (Irregular, KeyError, IndexError):
        return None
    if body[0] & 7 != 2 or start + length != len(body) or not length:
        return None
    packed = np.frombuffer(body, np.uint8, offset=start)
    if dtype.kind == "f":
        return packed.view(dtype) if length % dtype.itemsize == 0 else None
    try:
        return varint.unpack(packed, dtype)
    except Irregular:
        return None


def write_contents(array: Array) -> bytes:
    """Return the message with the values of an array, in C order; `KeyError` without a field."""
    field = _FIELDS[array.dtype.name]
    flat = array.reshape(-1)
    if flat.dtype.kind == "f":
        values = flat.astype(_DTYPES[field], copy=False).tobytes()
    else:
        values = varint.pack(flat)
    return b"%c%b%b" % (field << 3 | 2, varint.write(len(values)), values)
