"""Arrays through protobuf messages and Python lists, as Seldon's wrapper does it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.implementations.implementation import Way

# TensorProto: DataType number, and the repeated field for what has no tensor_content
# (TensorFlow writes scalars, one element, bool, uint16 and half there).
TF_TYPES = {
    "float32": (1, "float_val"),
    "float64": (2, "double_val"),
    "int32": (3, "int_val"),
    "uint8": (4, "int_val"),
    "int16": (5, "int_val"),
    "int8": (6, "int_val"),
    "int64": (9, "int64_val"),
    "bool": (10, "bool_val"),
    "uint16": (17, "int_val"),
    "uint32": (22, "uint32_val"),
    "uint64": (23, "uint64_val"),
}
TF_NAMES = {number: (name, field) for name, (number, field) in TF_TYPES.items()}
NO_CONTENT = frozenset({"bool", "uint16"})


def message() -> Any:
    """Return the runtime's own class of a SeldonMessage."""
    from tensorwire.containers.protobuf.schema import message_class

    return message_class("seldon.protos.SeldonMessage")


def ndarray_objects() -> Way:
    """Put lists into a ListValue; ``np.array`` of ``MessageToDict`` back."""
    from google.protobuf.json_format import MessageToDict

    cls = message()

    def encode(array: Any) -> bytes:
        built = cls()
        built.data.ndarray.extend(array.tolist())
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Any:
        parsed = cls.FromString(body)
        if parsed.data.WhichOneof("data_oneof") != "ndarray":
            raise ValueError("no ndarray in the message")
        return np.array(MessageToDict(parsed.data.ndarray))

    return Way("protobuf/ndarray:objects", encode, decode, element_cost=1.5e-6)


def tensor_objects() -> Way:
    """``values=a.ravel().tolist()``; ``np.array(values).reshape(shape)`` back."""
    cls = message()

    def encode(array: Any) -> bytes:
        built = cls()
        tensor = built.data.tensor
        tensor.shape.extend(array.shape)
        tensor.values.extend(array.ravel().tolist())
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Any:
        parsed = cls.FromString(body)
        if parsed.data.WhichOneof("data_oneof") != "tensor":
            raise ValueError("no tensor in the message")
        tensor = parsed.data.tensor
        return np.array(tensor.values).reshape(tensor.shape)

    return Way("protobuf/tensor:objects", encode, decode, element_cost=1e-7)


def tftensor_objects() -> Way:
    """``tensor_content`` by ``tobytes`` and ``np.frombuffer``: already a fair way."""
    cls = message()

    def encode(array: Any) -> bytes:
        built = cls()
        fill_tensor(built.data.tftensor, array)
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Any:
        parsed = cls.FromString(body)
        if parsed.data.WhichOneof("data_oneof") != "tftensor":
            raise ValueError("no tftensor in the message")
        return read_tensor(parsed.data.tftensor)

    return Way("protobuf/tftensor:objects", encode, decode)


def fill_tensor(tensor: Any, array: Any) -> None:
    """Put an array into a TensorProto, as TensorFlow does."""
    name = array.dtype.name
    if name not in TF_TYPES:
        raise TypeError(f"this baseline knows no {name}")
    tensor.dtype, field = TF_TYPES[name]
    for size in array.shape:
        tensor.tensor_shape.dim.add().size = size
    if array.size > 1 and name not in NO_CONTENT:
        tensor.tensor_content = array.tobytes()
    else:
        getattr(tensor, field).extend(array.ravel().tolist())


def read_tensor(tensor: Any) -> Any:
    """Give the array of a TensorProto."""
    name, field = TF_NAMES[tensor.dtype]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, name).reshape(shape)
    return np.array(getattr(tensor, field), name).reshape(shape)


def raw_objects() -> Way:
    """``binData=a.tobytes()``; the field's bytes back."""
    cls = message()

    def encode(array: Any) -> bytes:
        body: bytes = cls(binData=array.tobytes()).SerializeToString()
        return body

    def decode(body: bytes) -> Any:
        return np.frombuffer(cls.FromString(body).binData, np.uint8)

    return Way("protobuf/raw:objects", encode, decode)
