"""Payloads made by protobuf's runtime, orjson and msgpack, field by field, as the formats say.

Source of the TensorProto rules: tensorflow/python/framework/tensor_util.py, make_tensor_proto.
"""

import json
from math import prod
from typing import Any

import msgpack
import numpy as np
import orjson
from google.protobuf import json_format

from tensorwire.containers.protobuf.schema import message_class
from tests.goldens.cases import COMPLEXES, SMALL_INTS
from tests.support.expectations import calm, shortest
from tests.support.values import Array

SeldonMessage: Any = message_class("seldon.protos.SeldonMessage")

# Where TensorFlow puts the elements that it does not write as tensor_content.
_VALUES = {
    "float32": "float_val",
    "float64": "double_val",
    "complex64": "scomplex_val",
    "complex128": "dcomplex_val",
    "int64": "int64_val",
    "bool": "bool_val",
    "float16": "half_val",
    "bfloat16": "half_val",
    "uint32": "uint32_val",
    "uint64": "uint64_val",
}
_NO_CONTENT = ("bool", "uint16", *COMPLEXES, *SMALL_INTS)


def message(kind: str, array: Array) -> Any:
    """Return the SeldonMessage of an array, built by protobuf's runtime."""
    built = SeldonMessage()
    if kind == "raw":
        built.binData = array.tobytes()
    elif kind == "tensor":
        built.data.tensor.SetInParent()
        built.data.tensor.shape.extend(array.shape)
        built.data.tensor.values.extend(map(float, array.ravel().tolist()))
    elif kind == "ndarray":
        built.data.ndarray.SetInParent()
        fill_list(built.data.ndarray, array.tolist())
    else:
        built.data.tftensor.SetInParent()
        _tensor_proto(built.data.tftensor, array)
    return built


def protobuf_bytes(built: Any) -> bytes:
    """Return a message as protobuf writes it, map entries in order."""
    written: bytes = built.SerializeToString(deterministic=True)
    return written


def wrap(built: Any, names: Any, meta: Any, status: Any) -> None:
    """Put names, meta and status into a SeldonMessage, as protobuf's JSON says them."""
    built.data.names.extend(names) if names else None
    json_format.ParseDict(meta, built.meta)
    json_format.ParseDict(status, built.status)


def tree(codec: str, array: Array) -> Any:
    """Return the tree that a codec of text or msgpack writes for an array."""
    container, kind = codec.split("/")
    return json_tree(kind, array) if container == "json" else msgpack_tree(kind, array)


def body(codec: str, array: Array) -> bytes:
    """Return the payload of an array, in the form the codec is to write."""
    container, kind = codec.split("/")
    if container == "protobuf":
        return protobuf_bytes(message(kind, array))
    if container == "json":
        return orjson.dumps(tree(codec, array))
    packed: bytes = msgpack.packb(tree(codec, array))
    return packed


def tree_of(body: bytes, container: str) -> Any:
    """Return what a message says, as a reader of the container that is not ours has it."""
    if container == "json":
        return json.loads(body)
    if container == "msgpack":
        return msgpack.unpackb(body)
    return json_format.MessageToDict(SeldonMessage.FromString(body))


def json_tree(kind: str, array: Array) -> Any:
    """Return the JSON form of an array's message, floats as their shortest text says them."""
    if kind == "ndarray":
        nested = shortest(array) if array.dtype.kind == "f" else array
        return {"data": {"ndarray": nested.tolist()}}
    if kind == "tensor":
        return {"data": {"tensor": {"shape": list(array.shape), "values": _texts(array)}}}
    said_so = json_format.MessageToDict(message(kind, said(kind, array)))
    if kind == "tftensor":
        for dim in said_so["data"][kind]["tensorShape"].get("dim", []):
            dim.setdefault("size", "0")  # the same to every reader, and plainer
        for field, values in message(kind, array).data.tftensor.ListFields():
            if field.json_name in ("floatVal", "scomplexVal"):  # protobuf says 1e-45 longer
                floats = np.array(values, np.float32)
                # The shortest text of the largest float32 is beyond it: protobuf would refuse it.
                wide = (np.abs(floats) == np.finfo(np.float32).max).any()
                text = _texts(floats.astype(np.float64) if wide else floats)
                said_so["data"][kind][field.json_name] = text
    return said_so


def msgpack_tree(kind: str, array: Array) -> Any:
    """Return the tree of JSON, with the bytes as they are and numbers unquoted."""
    if kind == "raw":
        return {"binData": array.tobytes()}
    if kind == "ndarray":
        return {"data": {"ndarray": array.tolist()}}
    if kind == "tensor":
        values = array.astype("<f8").tobytes()
        return {"data": {"tensor": {"shape": list(array.shape), "values": values}}}
    proto = message(kind, array).data.tftensor
    sizes = [{"size": str(size)} for size in array.shape]
    proto_tree = {
        "dtype": proto.DESCRIPTOR.file.pool.FindEnumTypeByName("tensorflow.DataType")
        .values_by_number[proto.dtype]
        .name,
        "tensorShape": {"dim": sizes} if sizes else {},
    }
    for field, value in proto.ListFields():
        if field.number > 3:
            proto_tree[field.json_name] = value if isinstance(value, bytes) else list(value)
    return {"data": {"tftensor": proto_tree}}


def said(kind: str, array: Array) -> Array:
    """Return the array with its NaN as JSON text can say them: bytes keep their bits."""
    if kind == "tftensor":
        text = array.dtype.kind == "c" or array.dtype.name in ("float32", "float64")
        return calm(array) if text and (array.size < 2 or array.dtype.kind == "c") else array
    return array if kind == "raw" else calm(array)


def _texts(array: Array) -> list[Any]:
    """Return flat numbers as JSON is to print them: bools as 0 and 1, NaN and infinities quoted."""
    numbers = array.astype(np.uint8) if array.dtype.kind == "b" else array
    flat = shortest(numbers) if array.dtype.kind == "f" else numbers
    return [_quoted(number) for number in flat.ravel().tolist()]


def _quoted(number: Any) -> Any:
    if isinstance(number, float) and not np.isfinite(number):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(number)]
    return number


def fill_list(list_value: Any, nested: Any) -> None:
    """Put nested lists into a ListValue of the runtime."""
    for item in nested:
        value = list_value.values.add()
        if isinstance(item, list):
            value.list_value.SetInParent()
            fill_list(value.list_value, item)
        elif isinstance(item, bool):
            value.bool_value = item
        elif isinstance(item, str):
            value.string_value = item
        else:
            value.number_value = item


def _tensor_proto(proto: Any, array: Array) -> None:
    name = "string" if array.dtype.kind in "SU" else array.dtype.name
    short = {"float32": "FLOAT", "float64": "DOUBLE", "float16": "HALF"}.get(name, name.upper())
    enum = proto.DESCRIPTOR.file.pool.FindEnumTypeByName("tensorflow.DataType")
    proto.dtype = enum.values_by_name[f"DT_{short}"].number
    proto.tensor_shape.SetInParent()
    for size in array.shape:
        proto.tensor_shape.dim.add().size = size
    flat = np.ravel(array).astype(array.dtype.newbyteorder("<"))
    if name == "string":
        texts = flat.tolist()
        proto.string_val.extend(x.encode() if isinstance(x, str) else x for x in texts)
    elif prod(array.shape) > 1 and name not in _NO_CONTENT:
        proto.tensor_content = flat.tobytes()
    elif name.startswith(("float8", "float4")):
        proto.float8_val = flat.tobytes()
    elif name in _VALUES:
        field = _VALUES[name]
        if field == "half_val":
            flat = flat.view("<u2")
        elif name in COMPLEXES:
            flat = flat.view(f"<f{flat.itemsize // 2}")
        getattr(proto, field).extend(flat.tolist())
    else:
        proto.int_val.extend(flat.astype(np.int32).tolist())
