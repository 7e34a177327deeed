"""Arrays as both sides of the pipe compare them: name, dtype, shape and bytes.

Bytes are little-endian and row-major; a dtype of fewer than eight bits takes a byte an element.
Strings are the bytes of all elements, and the length of each. Beside numpy's and ml_dtypes' names,
a dtype is ``bytes`` (strings), ``text`` (strings, to be handed over as str), ``str`` (one str) or
``json`` (one value as JSON).
"""

from __future__ import annotations

import importlib
import json
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Tensor", "from_value", "pack", "strings", "to_value", "unpack"]


class Tensor(NamedTuple):
    """One array."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: bytes
    lengths: tuple[int, ...] | None = None
    """Of each string; None for what is no string."""


def strings(
    name: str, shape: tuple[int, ...], elements: list[bytes], dtype: str = "bytes"
) -> Tensor:
    """Make a tensor of strings."""
    lengths = tuple(len(element) for element in elements)
    return Tensor(name, dtype, shape, b"".join(elements), lengths)


def to_value(tensor: Tensor) -> Any:
    """Return a tensor as a numpy array; strings as an array of objects; text and JSON as such."""
    if tensor.dtype == "str":
        return tensor.data.decode()
    if tensor.dtype == "json":
        return json.loads(tensor.data)
    if tensor.lengths is not None:
        elements, start = np.empty(len(tensor.lengths), object), 0
        for index, length in enumerate(tensor.lengths):
            element = tensor.data[start : start + length]
            elements[index] = element.decode() if tensor.dtype == "text" else element
            start += length
        return elements.reshape(tensor.shape)
    if hasattr(np, tensor.dtype):
        dtype: Any = np.dtype(tensor.dtype)
    else:
        dtype = np.dtype(getattr(importlib.import_module("ml_dtypes"), tensor.dtype))
    return np.frombuffer(tensor.data, dtype).reshape(tensor.shape)


def from_value(name: str, value: Any) -> Tensor:
    """Turn what a library gave into a tensor."""
    if isinstance(value, str):
        return Tensor(name, "str", (), value.encode())
    if isinstance(value, dict):
        return Tensor(name, "json", (), json.dumps(value, sort_keys=True).encode())
    array = np.asarray(value, object) if isinstance(value, (bytes, list)) else np.asarray(value)
    if array.dtype.kind in "OSUT":
        elements = [_as_bytes(element) for element in array.ravel().tolist()]
        return strings(name, array.shape, elements)
    if array.dtype.fields:  # TensorFlow's quantized dtypes
        array = array.view(array.dtype[0])
    if array.dtype.name in ("int4", "uint4", "int2", "uint2"):
        data = array.astype(np.int8).tobytes()  # the spare bits of a byte are no part of a value
    elif array.dtype.name == "float4_e2m1fn":
        data = bytes(byte & 0x0F for byte in array.tobytes())
    else:
        data = np.ascontiguousarray(array).tobytes()
    return Tensor(name, array.dtype.name, array.shape, data)


def _as_bytes(element: Any) -> bytes:
    if isinstance(element, str):
        return element.encode()
    if not isinstance(element, bytes):
        raise TypeError(f"a {type(element).__name__} among strings")
    return element


def pack(tensors: list[Tensor]) -> tuple[list[dict[str, Any]], list[bytes]]:
    """Return the description of tensors for the header of a frame, and their blobs."""
    return [tensor._replace(data=b"")._asdict() | {"data": None} for tensor in tensors], [
        tensor.data for tensor in tensors
    ]


def unpack(described: list[dict[str, Any]], blobs: list[bytes]) -> list[Tensor]:
    """Undo `pack`."""
    return [
        Tensor(
            each["name"],
            each["dtype"],
            tuple(each["shape"]),
            blob,
            None if each["lengths"] is None else tuple(each["lengths"]),
        )
        for each, blob in zip(described, blobs, strict=True)
    ]
