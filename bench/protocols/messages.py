"""What servers and their clients do over gRPC without tensorwire: official message objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from bench.implementations.baselines_protobuf import fill_tensor, read_tensor

MODEL = "model"
# Datatype of the Open Inference Protocol, and the contents that hold its values.
DATATYPES = {
    "float64": ("FP64", "fp64_contents"),
    "float32": ("FP32", "fp32_contents"),
    "uint8": ("UINT8", "uint_contents"),
    "int64": ("INT64", "int64_contents"),
}
DTYPES = {datatype: (name, field) for name, (datatype, field) in DATATYPES.items()}
Arrays = dict[str, Any]
Codec = tuple[Callable[[Arrays], bytes], Callable[[bytes], Arrays]]


def _message(name: str) -> Any:
    from tensorwire.containers.protobuf.schema import message_class

    return message_class(name)


def raw() -> Codec:
    """Fill ``raw_input_contents`` by ``tobytes``; ``np.frombuffer`` back, as tritonclient does."""
    cls = _message("inference.ModelInferRequest")

    def encode(arrays: Arrays) -> bytes:
        built = cls(model_name=MODEL)
        for name, array in arrays.items():
            datatype = DATATYPES[array.dtype.name][0]
            built.inputs.add(name=name, datatype=datatype, shape=array.shape)
            built.raw_input_contents.append(array.tobytes())
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Arrays:
        parsed = cls.FromString(body)
        return {
            node.name: np.frombuffer(raw, DTYPES[node.datatype][0]).reshape(node.shape)
            for node, raw in zip(parsed.inputs, parsed.raw_input_contents, strict=True)
        }

    return encode, decode


def typed() -> Codec:
    """Fill ``contents`` by ``tolist``; ``np.array`` back, as MLServer and KServe do."""
    cls = _message("inference.ModelInferRequest")

    def encode(arrays: Arrays) -> bytes:
        built = cls(model_name=MODEL)
        for name, array in arrays.items():
            datatype, field = DATATYPES[array.dtype.name]
            node = built.inputs.add(name=name, datatype=datatype, shape=array.shape)
            getattr(node.contents, field).extend(array.ravel().tolist())
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Arrays:
        found = {}
        for node in cls.FromString(body).inputs:
            dtype, field = DTYPES[node.datatype]
            found[node.name] = np.array(getattr(node.contents, field), dtype).reshape(node.shape)
        return found

    return encode, decode


def predict() -> Codec:
    """Make and read TensorProtos as TensorFlow does."""
    cls = _message("tensorflow.serving.PredictRequest")

    def encode(arrays: Arrays) -> bytes:
        built = cls()
        built.model_spec.name = MODEL
        for name, array in arrays.items():
            fill_tensor(built.inputs[name], array)
        body: bytes = built.SerializeToString()
        return body

    def decode(body: bytes) -> Arrays:
        return {name: read_tensor(node) for name, node in cls.FromString(body).inputs.items()}

    return encode, decode
