"""What people do without tensorwire.

``objects`` is the way of Seldon's Python wrapper: arrays become Python lists, lists become
messages or text. The libraries ``alone`` are the floor: no envelope, no checks.
"""

from __future__ import annotations

import base64
import json
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from google.protobuf.json_format import MessageToDict

from .implementation import MEMCPY, Implementation

if TYPE_CHECKING:
    from collections.abc import Callable

# json.dumps keeps its encoder only for default arguments; one that refuses NaN is as quick if kept.
_ENCODER = json.JSONEncoder(allow_nan=False)


def _dumps(tree: Any) -> bytes:
    """Write JSON, and no NaN, which JSON does not have."""
    return _ENCODER.encode(tree).encode()


def json_ndarray_objects() -> Implementation:
    """``json.dumps(a.tolist())`` in the envelope; ``np.array(json.loads(...))`` back."""
    return Implementation(
        "json/ndarray:objects",
        lambda array: _dumps({"data": {"ndarray": array.tolist()}}),
        lambda body: np.array(json.loads(body)["data"]["ndarray"]),
        element_cost=5e-7,
    )


def json_tensor_objects() -> Implementation:
    """Do the same with shape and flat values."""

    def encode(array: Any) -> bytes:
        if array.dtype.kind == "b":
            raise TypeError("true and false are no values of a Tensor, which has doubles")
        values = array.ravel().tolist()
        return _dumps({"data": {"tensor": {"shape": array.shape, "values": values}}})

    def decode(body: bytes) -> Any:
        tensor = json.loads(body)["data"]["tensor"]
        return np.array(tensor["values"]).reshape(tensor["shape"])

    return Implementation("json/tensor:objects", encode, decode, element_cost=5e-7)


def json_raw_objects() -> Implementation:
    """Put the standard library's base64 and json around the array's bytes."""
    return Implementation(
        "json/raw:objects",
        lambda array: _dumps({"binData": base64.b64encode(array.tobytes()).decode()}),
        lambda body: np.frombuffer(base64.b64decode(json.loads(body)["binData"]), np.uint8),
    )


def orjson_alone() -> Implementation:
    """``orjson.dumps`` of the numpy array, no envelope; ``orjson.loads`` + ``np.array`` back."""
    import orjson

    return Implementation(
        "json/ndarray:orjson",
        partial(orjson.dumps, option=orjson.OPT_SERIALIZE_NUMPY),
        lambda body: np.array(orjson.loads(body)),
        wrap=lambda body: b'{"data":{"ndarray":%b}}' % body,
        unwrap=lambda body: orjson.dumps(orjson.loads(body)["data"]["ndarray"]),
    )


def orjson_flat() -> Implementation:
    """Do the same with the flat values, as ``json/tensor`` does; the shape is lost."""
    import orjson

    nested = orjson_alone()
    return Implementation(
        "json/tensor:orjson flat",
        lambda array: nested.encode(array.ravel()),
        nested.decode,
        wrap=lambda body: (
            b'{"data":{"tensor":{"shape":[%d],"values":%b}}}' % (len(orjson.loads(body)), body)
        ),
        unwrap=lambda body: orjson.dumps(orjson.loads(body)["data"]["tensor"]["values"]),
        flat=True,
    )


def pybase64_alone() -> Implementation:
    """``pybase64`` on the array's memory: the floor of ``json/raw`` and ``json/tftensor``."""
    import orjson
    import pybase64

    return Implementation(
        "json/raw:pybase64",
        pybase64.b64encode,
        partial(pybase64.b64decode, validate=True),
        wrap=lambda body: b'{"binData":"%b"}' % body,
        unwrap=lambda body: orjson.loads(body)["binData"].encode(),
    )


def msgpack_alone() -> Implementation:
    """``msgpack.packb(a.tolist())``; ``np.array(msgpack.unpackb(...))`` back."""
    import msgpack

    return Implementation(
        "msgpack/ndarray:msgpack",
        lambda array: msgpack.packb(array.tolist()),
        lambda body: np.array(msgpack.unpackb(body)),
        wrap=lambda body: msgpack.packb({"data": {"ndarray": msgpack.unpackb(body)}}),
        unwrap=lambda body: msgpack.packb(msgpack.unpackb(body)["data"]["ndarray"]),
        element_cost=1e-7,
    )


def by_hand() -> Implementation:
    """Return the two lines that people write for ``json/ndarray`` with orjson and no checks."""
    import orjson

    return Implementation(
        "json/ndarray:by hand",
        lambda array: orjson.dumps({"data": {"ndarray": array.tolist()}}),
        lambda body: np.array(orjson.loads(body)["data"]["ndarray"]),
    )


def loads_dumps() -> Implementation:
    """Return `tensorwire.dumps` of a message, and `tensorwire.loads`, which `by_hand` bounds."""
    import tensorwire as tw

    media_type = tw.get_codec("json/ndarray").media_type
    return Implementation(
        "json/ndarray:loads, dumps",
        lambda array: tw.dumps(tw.Message(array, "ndarray"), media_type),
        lambda body: tw.loads(body, media_type).value,
    )


def memcpy() -> Implementation:
    """Return one copy of the array into new memory, which is what the best encoder must do."""

    def copy(array: Any) -> Any:
        return array.copy()

    return Implementation(MEMCPY, copy, copy)


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


def message(name: str = "seldon.protos.SeldonMessage") -> Any:
    """Return the class that the protobuf runtime makes of a message."""
    from tensorwire.containers.protobuf.schema import message_class

    return message_class(name)


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
    """Return the array of a TensorProto."""
    name, field = TF_NAMES[tensor.dtype]
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, name).reshape(shape)
    return np.array(getattr(tensor, field), name).reshape(shape)


def _fill_ndarray(data: Any, array: Any) -> None:
    data.ndarray.extend(array.tolist())


def _fill_tensor(data: Any, array: Any) -> None:
    tensor = data.tensor
    tensor.shape.extend(array.shape)
    tensor.values.extend(array.ravel().tolist())


def _fill_tftensor(data: Any, array: Any) -> None:
    fill_tensor(data.tftensor, array)


def _read_ndarray(data: Any) -> Any:
    return np.array(MessageToDict(data.ndarray))


def _read_tensor(data: Any) -> Any:
    tensor = data.tensor
    return np.array(tensor.values).reshape(tensor.shape)


def _read_tftensor(data: Any) -> Any:
    return read_tensor(data.tftensor)


FILL = {"ndarray": _fill_ndarray, "tensor": _fill_tensor, "tftensor": _fill_tftensor}
"""Put an array into the data of a SeldonMessage: lists, flat values, and already a fair way."""
READ = {"ndarray": _read_ndarray, "tensor": _read_tensor, "tftensor": _read_tftensor}


def message_objects(kind: str, element_cost: float = 0.0) -> Implementation:
    """Fill a SeldonMessage, and read it, as `FILL` and `READ` do."""
    cls, fill, read = message(), FILL[kind], READ[kind]

    def encode(array: Any) -> bytes:
        built = cls()
        fill(built.data, array)
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Any:
        data = cls.FromString(body).data
        if data.WhichOneof("data_oneof") != kind:
            raise ValueError(f"no {kind} in the message")
        return read(data)

    return Implementation(f"protobuf/{kind}:objects", encode, decode, element_cost=element_cost)


def raw_objects() -> Implementation:
    """``binData=a.tobytes()``; the field's bytes back."""
    cls = message()
    return Implementation(
        "protobuf/raw:objects",
        lambda array: cls(binData=array.tobytes()).SerializeToString(),
        lambda body: np.frombuffer(cls.FromString(body).binData, np.uint8),
    )


BASELINES: dict[str, Callable[[], Implementation]] = {
    "json/ndarray:objects": json_ndarray_objects,
    "json/tensor:objects": json_tensor_objects,
    "json/raw:objects": json_raw_objects,
    "json/ndarray:orjson": orjson_alone,
    "json/tensor:orjson flat": orjson_flat,
    "json/raw:pybase64": pybase64_alone,
    "json/ndarray:by hand": by_hand,
    "json/ndarray:loads, dumps": loads_dumps,
    "protobuf/ndarray:objects": partial(message_objects, "ndarray", 1.5e-6),
    "protobuf/tensor:objects": partial(message_objects, "tensor", 1e-7),
    "protobuf/tftensor:objects": partial(message_objects, "tftensor"),
    "protobuf/raw:objects": raw_objects,
    "msgpack/ndarray:msgpack": msgpack_alone,
    MEMCPY: memcpy,
}
BOUNDS = ("json/tensor:orjson flat", "json/ndarray:by hand", "json/ndarray:loads, dumps")
"""Implementations that only ``--targets`` compares; the first of them loses the shape."""
