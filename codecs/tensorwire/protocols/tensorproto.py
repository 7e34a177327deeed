"""The canonical bytes of a TensorProto before its elements, where these are the memory of an array.

::

    08 <dtype>
    12 <length> { 12 <length> 08 <size> }     tensor_shape: a dim for each dimension
    22 <length> elements                      tensor_content

The elements of complex dtypes, and a single float, are in a field of their dtype instead: 2a
float_val, 32 double_val and so on. A header is read by `described`, which only looks where dtype
and shape should be, and compared with the one that `header` writes for these: so both always mean
the same bytes. Either takes 1 us, where the tree of these fields takes 20 us.
Source: tensorflow/core/framework/tensor.proto, tensor_shape.proto
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tensorwire.containers.protobuf import varint
from tensorwire.containers.protobuf.schema import Form, schema
from tensorwire.errors import EncodeError
from tensorwire.kinds.tensorproto import BY_NUMBER, STRING, dtype_of, type_of
from tensorwire.tree import Role

if TYPE_CHECKING:
    import numpy as np

__all__ = ["described", "header"]

_DIMS = tuple(b"\x12\x02\x08%c" % size for size in range(0x80))


def header(dtype: np.dtype[Any], shape: tuple[int, ...], count: int) -> bytes | None:
    """Return the bytes before the elements of an array; None where they are not its memory.

    `count` is the number of elements. Sizes are not negative.
    """
    start, one, several = _fields(dtype)
    tag = several if count > 1 else one
    if tag is None or not count:
        return None
    dims = b"".join([_DIMS[size] if size < 0x80 else _dim(size) for size in shape])
    length = varint.write(count * dtype.itemsize)
    return b"".join((start, varint.write(len(dims)), dims, tag, length))


def _dim(size: int) -> bytes:
    number = varint.write(size)
    return b"\x12%c\x08%b" % (len(number) + 1, number)


@lru_cache(maxsize=64)
def _fields(dtype: np.dtype[Any]) -> tuple[bytes, bytes | None, bytes | None]:
    """Return the bytes before the dims, and the tags of the memory of one and of more elements."""
    try:
        row = type_of(dtype)
    except EncodeError:
        return b"", None, None
    if not dtype.isnative or row.number == STRING:
        return b"", None, None
    members = schema("tensorflow.TensorProto").fields
    values, content = members[row.member], members["tensorContent"]
    memory = values.form is Form.FIXED or values.role is Role.BLOB
    one = values.tag if memory else None
    return b"\x08%c\x12" % row.number, one, content.tag if row.content else one


def described(header: bytes, at: int) -> tuple[np.dtype[Any], tuple[int, ...]] | None:
    """Return dtype and shape that a TensorProto seems to have; None where it has none.

    Its header is to be compared with that which `header` writes. Raises `IndexError` and
    `Irregular` for bytes of another form.
    """
    dtype, dims = _dtype(header[at + 1]), header[at + 4 : at + 4 + header[at + 3]]
    if dtype is None:
        return None
    if dims.isascii():
        return dtype, tuple(dims[3::4])
    shape: list[int] = []
    at = 0
    while at < len(dims):
        size, at = varint.read(dims, at + 3)
        shape.append(size)
    return dtype, tuple(shape)


@lru_cache(maxsize=64)
def _dtype(number: int) -> np.dtype[Any] | None:
    row = BY_NUMBER.get(number)
    return None if row is None or row.number == STRING else dtype_of(row)
