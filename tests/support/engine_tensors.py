"""Requests of the Open Inference Protocol for servers whose model doubles, good ones and bad.

They are written by orjson and protobuf's runtime. What a server answers as it is, and what it
answers with the codecs of `install` in it, is compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import orjson

from tensorwire.containers.protobuf.schema import message_class
from tests.support.engine_checks import posted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.support.values import Array

__all__ = ["ARRAYS", "TYPED", "ask_grpc", "ask_json", "request", "texts", "values_of"]

_MEMBERS = {
    "BOOL": "bool",
    "INT8": "int",
    "INT16": "int",
    "INT32": "int",
    "INT64": "int64",
    "UINT8": "uint",
    "UINT16": "uint",
    "UINT32": "uint",
    "UINT64": "uint64",
    "FP32": "fp32",
    "FP64": "fp64",
}
_DTYPES = {
    "bool": "BOOL",
    "float16": "FP16",
    "float32": "FP32",
    "float64": "FP64",
    **{f"{sign}int{bits}": f"{sign}int{bits}".upper() for sign in ("", "u") for bits in (8, 16)},
    **{f"{sign}int{bits}": f"{sign}int{bits}".upper() for sign in ("", "u") for bits in (32, 64)},
}
_numbers = np.random.default_rng(13)
ARRAYS: dict[str, Array] = {
    "float64": _numbers.standard_normal((40, 50)),
    "float32": _numbers.standard_normal((3, 7, 99), np.float32),
    "float16": _numbers.standard_normal((40, 50)).astype(np.float16),
    **{
        dtype: np.linspace(np.iinfo(dtype).min / 2, np.iinfo(dtype).max / 2, 2000).astype(dtype)
        for dtype in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
    },
    "one": np.array([1.5]),
    "one dimension": np.arange(3000.0),
    "without elements": np.empty((0, 3)),
    "many dimensions": np.arange(4096.0).reshape((2,) * 12),
    "NaN": np.where(np.arange(2000) % 7, 1.5, np.nan).reshape(2, 1000),
    "infinities": np.where(np.arange(2000) % 7, 1.5, np.inf).reshape(2, 1000),
    "denormal": np.full((2, 1000), 5e-324),
    "signalling NaN": np.full(1000, 0x7FA00001, np.uint32).view(np.float32).reshape(2, 500),
}
TYPED = {name: array for name, array in ARRAYS.items() if array.dtype != np.float16}


def texts() -> Iterator[tuple[str, bytes]]:
    """Return bodies of JSON by what they are; of those of 4 kB and more the codecs differ."""
    for name, array in ARRAYS.items():
        if np.isfinite(array).all():
            yield name, _text(_DTYPES[array.dtype.name], array.shape, array.ravel().tolist())
    row = list(range(2000))
    yield "nested", _text("FP64", (2, 1000), np.arange(2000.0).reshape(2, 1000).tolist())
    yield "null", _text("FP64", (2001,), [*row, None])
    yield "null of integers", _text("INT64", (2001,), [*row, None])
    yield "floats of integers", _text("INT32", (2001,), [*row, 1.5])
    yield "out of range", _text("UINT8", (2001,), [*row, 300])
    yield "beyond 64 bits", _text("FP64", (2000,), row).replace(b"1999]", b"99999999999999999999]")
    yield "infinity", _text("FP64", (2000,), row).replace(b"1999]", b"1e999]")
    yield "too few", _text("FP64", (2001,), row)
    yield "text in numbers", _text("FP64", (2001,), [*row, "a"])
    yield "strings", _text("BYTES", (2000,), [f"text {i}" for i in row])
    yield "cut", _text("FP64", (2000,), row)[:-9]
    yield "no list", _text("FP64", (2000,), row).replace(b'"inputs":[', b'"inputs":7,"i":[')
    yield "no name", _text("FP64", (2000,), row).replace(b'"name":"x",', b"")
    yield "unknown datatype", _text("FP65", (2000,), row)
    yield "wrong parameters", _text("FP64", (2000,), row, {"content_type": [1]})
    yield "more members", _text("FP64", (2000,), row).replace(b'"id"', b'"more":{"a":[1]},"id"')


def _text(
    datatype: str, shape: Any, data: Any, parameters: Mapping[str, Any] | None = None
) -> bytes:
    tensor = {"name": "x", "datatype": datatype, "shape": shape, "data": data}
    if parameters:
        tensor["parameters"] = parameters
    return orjson.dumps({"id": "7", "inputs": [tensor]})


def request(array: Array, *, raw: bool) -> Any:
    """Return a request of protobuf's runtime."""
    datatype = _DTYPES[array.dtype.name]
    message: Any = message_class("inference.ModelInferRequest")(model_name="double", id="7")
    tensor = message.inputs.add(name="x", datatype=datatype, shape=array.shape)
    if raw:
        message.raw_input_contents.append(array.tobytes())
    else:
        getattr(tensor.contents, f"{_MEMBERS[datatype]}_contents").extend(array.ravel().tolist())
    return message


def values_of(response: Any) -> Array:
    """Return the numbers of the first output, raw or typed, as protobuf's runtime has them."""
    tensor = response.outputs[0]
    dtype = next(name for name, datatype in _DTYPES.items() if datatype == tensor.datatype)
    if response.raw_output_contents:
        return np.frombuffer(response.raw_output_contents[0], dtype)
    values = getattr(tensor.contents, f"{_MEMBERS[tensor.datatype]}_contents")
    return np.array(list(values), dtype)


def ask_json(url: str, body: bytes) -> tuple[int, Any]:
    """Return status and JSON of a reply."""
    status, _, reply = posted(url, body, {"Content-Type": "application/json"})
    try:
        return status, orjson.loads(reply)
    except orjson.JSONDecodeError:
        return status, reply


def ask_grpc(port: int, message: Any) -> tuple[str, Any]:
    """Return the status and the response of a call."""
    path = "/inference.GRPCInferenceService/ModelInfer"
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            body: bytes = channel.unary_unary(path)(message.SerializeToString(), timeout=120)
        except grpc.RpcError as error:
            return str(error.code()), None
    return "OK", message_class("inference.ModelInferResponse").FromString(body)
