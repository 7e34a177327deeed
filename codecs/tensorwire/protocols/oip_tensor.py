"""One tensor of the Open Inference Protocol: the three ways in which its elements travel.

raw
    the little-endian memory in C order; of BYTES, each element behind its length in four bytes.
contents
    the values in the member of the datatype, in a protobuf message.
data
    the values in a JSON list, flat or nested.

In each of them, BYTES with the parameter ``content_type`` of ``base64`` are base64 text of the
values, as MLServer has it; they are decoded and encoded here, so that a value is what is meant.
MLServer's other content types (``str``, ``np``, ``datetime``, ``pd``) do not change the elements.

Source: https://github.com/kserve/open-inference-protocol, the binary tensor data extension of
https://github.com/triton-inference-server/server, and the content types of
https://github.com/SeldonIO/MLServer
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import pybase64

from tensorwire import lists
from tensorwire.datatypes import BF16, BYTES, FP16, datatype_of, dtype_of
from tensorwire.dtypes import EXACT, as_array, in_range
from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.nodes import blob, text_to_bytes
from tensorwire.peeking import TensorInfo
from tensorwire.protocols.oip import SHARED_MEMORY
from tensorwire.strings import from_bytes, utf8
from tensorwire.tree import Leaf, Role
from tensorwire.wire import byteslist

if TYPE_CHECKING:
    from tensorwire.datatypes import Datatype
    from tensorwire.limits import Limits
    from tensorwire.protocols.oip import InferTensor
    from tensorwire.tree import Array

__all__ = [
    "contents_leaf",
    "data_leaf",
    "decoded",
    "from_raw",
    "from_values",
    "info",
    "raw_leaf",
    "refuse_shared_memory",
]

_USUAL_RANK = 32


def raw_leaf(tensor: InferTensor) -> tuple[Datatype, Leaf]:
    """Lay a tensor out as its memory."""
    array, row, shape = _viewed(tensor.value)
    if row is BYTES:
        packed = np.frombuffer(byteslist.pack(_strings(array, tensor)), np.uint8)
        return row, Leaf(Role.BLOB, packed, None, shape, np.dtype("S"))
    field = None if array.dtype.isnative else array.dtype.newbyteorder("<")
    return row, Leaf(Role.BLOB, array, field, shape, array.dtype)


def contents_leaf(tensor: InferTensor) -> tuple[Datatype, Leaf]:
    """Lay a tensor out as the values of one member."""
    array, row, shape = _viewed(tensor.value)
    if row is BYTES:
        return row, Leaf(Role.STRINGS, _strings(array, tensor), None, shape, np.dtype("S"))
    if not row.member:
        raise EncodeError(f"{row.name} travels in raw contents only; oip/protobuf can carry it")
    field = np.dtype(row.field)
    flat = array.reshape(-1)
    data = flat if field.kind == "f" else flat.astype(field, copy=False)
    return row, Leaf(Role.VALUES, data, field, shape, array.dtype)


def data_leaf(tensor: InferTensor, *, lossy: bool) -> tuple[Datatype, Leaf]:
    """Lay a tensor out as a flat list of numbers, bools or text.

    Of the servers only MLServer reads FP16 in JSON, so that it is written where the tensor asks.
    """
    array, row, shape = _viewed(tensor.value)
    if row is BF16:
        raise EncodeError("BF16 travels in binary only; oip/binary can carry it")
    if row is FP16 and tensor.binary is not False:
        reason = "Triton and KServe refuse FP16 in JSON; oip/binary can carry it"
        raise EncodeError(f"{reason}, and binary=False of the tensor writes JSON for MLServer")
    if row is not BYTES:
        return row, Leaf(Role.NESTED, array.reshape(-1), None, shape, array.dtype, lossy=lossy)
    try:
        text = [item.decode() for item in _strings(array, tensor)]
    except UnicodeDecodeError:
        reason = "bytes that are no UTF-8 text; oip/binary can carry them"
        hint = "the parameter content_type of base64 writes them for MLServer"
        raise EncodeError(f"{reason}, and {hint}") from None
    return row, Leaf(Role.NESTED, text, None, shape, np.dtype("S"))


def _viewed(value: Any) -> tuple[Any, Datatype, tuple[int, ...]]:
    if type(value) is bytes:  # numpy would drop a NUL at its end
        return [value], BYTES, ()
    array = as_array(value)
    if isinstance(array, list):  # of byte strings that numpy would cut
        if not all(isinstance(item, bytes) for item in lists.scalars(array)):
            raise EncodeError("rows that mix types have no datatype")
        return array, BYTES, lists.shape(array)
    return array, datatype_of(array.dtype), array.shape


def _strings(array: Any, tensor: InferTensor) -> list[bytes]:
    strings = lists.scalars(array) if isinstance(array, list) else utf8(array)
    return list(map(pybase64.b64encode, strings)) if _is_base64(tensor.parameters) else strings


def _is_base64(parameters: Any) -> bool:
    return isinstance(parameters, Mapping) and parameters.get("content_type") == "base64"


def decoded(value: Any, row: Datatype, parameters: Mapping[str, Any], path: str = "") -> Any:
    """Return what the elements of a tensor stand for, as its parameters have it."""
    if row is not BYTES or not _is_base64(parameters):
        return value
    if isinstance(value, np.ndarray):
        strings, shape = value.reshape(-1).tolist(), value.shape
    elif isinstance(value, list):
        strings, shape = lists.scalars(value), lists.shape(value)
    else:  # of rank 0
        strings, shape = [value], ()
    return from_bytes([_from_base64(text, f"{path}[{i}]") for i, text in enumerate(strings)], shape)


def _from_base64(text: bytes, path: str) -> bytes:
    try:
        return text_to_bytes(text.decode("ascii"))
    except (DecodeError, UnicodeDecodeError):
        reason = f"expected base64, as content_type says, got {shown(text)}"
        hint = "leave content_type out for the bytes as they are"
        raise DecodeError(f"{reason}; {hint}", path) from None


def _check(row: Datatype, shape: list[int], limits: Limits, payload: int) -> int:
    """Give the number of elements, once it is sure that they are allowed."""
    count = prod(shape)
    if limits is not DEFAULT_LIMITS or not count or len(shape) > _USUAL_RANK or row is BYTES:
        itemsize = 1 if row is BYTES else dtype_of(row).itemsize
        limits.check(shape, itemsize, payload, ".shape")
    return count


def from_raw(node: Any, row: Datatype, shape: list[int], limits: Limits, payload: int) -> Any:
    """View the elements in their memory."""
    memory = blob(node)
    count = _check(row, shape, limits, payload)
    if row is BYTES:
        strings = byteslist.unpack(memory)
        if len(strings) != count:
            raise DecodeError(f"{len(strings)} byte strings where shape {shape} takes {count}")
        return from_bytes(strings, shape)
    dtype = dtype_of(row)
    if memory.size != count * dtype.itemsize:
        wanted = count * dtype.itemsize
        raise DecodeError(f"{memory.size} bytes where {row.name}{shape} takes {wanted}")
    if dtype.kind == "b" and (memory > 1).any():
        raise DecodeError("a BOOL that is neither 0 nor 1")
    return memory.view(dtype).reshape(shape)


def from_values(node: Any, row: Datatype, shape: list[int], limits: Limits, payload: int) -> Any:
    """Make an array of values, of a flat list or of one nested as the shape says."""
    count = _check(row, shape, limits, payload)
    array = node.read(limits) if hasattr(node, "read") else node
    if isinstance(array, list):
        array = lists.to_array(array, DecodeError)
    if not isinstance(array, (np.ndarray, list)) or (type(array) is np.ndarray and not array.ndim):
        raise DecodeError(f"a {type(node).__name__} in place of a list of values")
    found = lists.shape(array) if isinstance(array, list) else array.shape
    if list(found) != shape and found != (count,):
        raise DecodeError(f"values of shape {list(found)} where the tensor is {shape}")
    if row is BYTES:
        return _texts(array, shape)
    if isinstance(array, list):
        if not row.dtype.startswith("float") or set(map(type, lists.scalars(array))) != {int}:
            raise DecodeError(f"values of several types in place of {row.name}")
        array = np.asarray(array, np.float64)  # integers, of which no one dtype holds all
    return _typed(array, row).reshape(shape)


def _texts(array: Any, shape: list[int]) -> Any:
    if isinstance(array, list):
        strings = lists.scalars(array)
        if not all(isinstance(item, bytes) for item in strings):
            raise DecodeError("values of several types in place of BYTES")
        return from_bytes(strings, shape)
    if array.size and array.dtype.kind not in "SUT":
        raise DecodeError(f"{array.dtype} values in place of BYTES")
    return from_bytes(utf8(array) if array.size else [], shape)


def _typed(array: Array, row: Datatype) -> Array:
    dtype = dtype_of(row)
    if array.dtype == dtype:
        return array
    if array.size and (
        (array.dtype.kind == "b") != (dtype.kind == "b") or array.dtype.kind in "SUT"
    ):
        raise DecodeError(f"{array.dtype} values in place of {row.name}")
    if dtype.kind in "iu" and array.dtype.kind == "f" and (np.abs(array) >= EXACT).any():
        raise DecodeError("integers beyond 2**53 beside a float, which would round them")
    return in_range(array, dtype, dtype)


def info(name: str, row: Datatype, shape: list[int]) -> TensorInfo:
    """Tell what a tensor says of itself, without its elements."""
    return TensorInfo(name, np.dtype("S") if row is BYTES else dtype_of(row), tuple(shape))


def refuse_shared_memory(parameters: Mapping[str, Any]) -> None:
    """Raise `DecodeError` where the elements of a tensor are elsewhere than in the message.

    Source: the shared memory extensions of https://github.com/triton-inference-server/server
    """
    for name in SHARED_MEMORY:
        if parameters.get(name) is not None:
            reason = "shared memory is not read; send the elements of the tensor in the message"
            raise DecodeError(reason, f".parameters.{name}")
