"""The usual wrapper's way with payloads: arrays to Python lists and protobuf objects, and back.

Written as model wrappers do it, with their best ways where they have two: JSON goes to numpy
directly and through protobuf's JSON only where it has to (``tftensor``).
"""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
from google.protobuf import json_format

from bench.implementations.baselines import fill_tensor, message, read_tensor
from tensorwire.containers.protobuf.schema import message_class

SeldonMessage: Any = message()
TensorProto: Any = message_class("tensorflow.TensorProto")


def kind_of_json(tree: dict[str, Any]) -> str:
    """Tell how the payload of a JSON request is laid out."""
    if "binData" in tree:
        return "raw"
    return next(kind for kind in ("tensor", "ndarray", "tftensor") if kind in tree["data"])


def from_json(tree: dict[str, Any]) -> Any:
    """Read the payload of parsed JSON."""
    kind = kind_of_json(tree)
    if kind == "raw":
        return base64.b64decode(tree["binData"])
    data = tree["data"][kind]
    if kind == "ndarray":
        return np.array(data)
    if kind == "tensor":
        return np.array(data["values"]).reshape(data["shape"])
    return read_tensor(json_format.ParseDict(data, TensorProto()))


def to_json(value: Any, kind: str) -> dict[str, Any]:
    """Lay a payload out as what ``json.dumps`` takes."""
    if isinstance(value, bytes):
        return {"binData": base64.b64encode(value).decode()}
    if kind == "ndarray":
        return {"data": {"names": [], "ndarray": value.tolist()}}
    if kind == "tftensor":
        built = TensorProto()
        fill_tensor(built, value)
        return {"data": {"names": [], "tftensor": json_format.MessageToDict(built)}}
    flat = value.ravel().tolist()
    return {"data": {"names": [], "tensor": {"shape": value.shape, "values": flat}}}


def kind_of_message(request: Any) -> str:
    """Tell how the payload of a SeldonMessage is laid out."""
    if request.WhichOneof("data_oneof") == "binData":
        return "raw"
    kind: str = request.data.WhichOneof("data_oneof")
    return kind


def from_message(request: Any) -> Any:
    """Read the payload of a SeldonMessage."""
    kind = kind_of_message(request)
    if kind == "raw":
        return request.binData
    data = getattr(request.data, kind)
    if kind == "ndarray":
        return np.array(json_format.MessageToDict(data))
    if kind == "tensor":
        return np.array(data.values).reshape(data.shape)
    return read_tensor(data)


def to_message(value: Any, kind: str) -> Any:
    """Lay a payload out as a SeldonMessage."""
    if isinstance(value, bytes):
        return SeldonMessage(binData=value)
    built = SeldonMessage()
    if kind == "ndarray":
        built.data.ndarray.extend(value.tolist())
    elif kind == "tftensor":
        fill_tensor(built.data.tftensor, value)
    else:
        built.data.tensor.shape.extend(value.shape)
        built.data.tensor.values.extend(value.ravel().tolist())
    return built
