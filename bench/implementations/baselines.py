"""What people do without tensorwire.

``objects`` is the way of Seldon's Python wrapper: arrays become Python lists, lists become
messages or text. The libraries ``alone`` are the floor: no envelope, no checks.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.implementations.baselines_protobuf import (
    ndarray_objects,
    raw_objects,
    tensor_objects,
    tftensor_objects,
)
from bench.implementations.implementation import MEMCPY, Way

if TYPE_CHECKING:
    from collections.abc import Callable


# json.dumps keeps its encoder only for default arguments; one that refuses NaN is as quick if kept.
_ENCODER = json.JSONEncoder(allow_nan=False)


def _dumps(tree: Any) -> bytes:
    """Write JSON, and no NaN, which JSON does not have."""
    return _ENCODER.encode(tree).encode()


def json_ndarray_objects() -> Way:
    """``json.dumps(a.tolist())`` in the envelope; ``np.array(json.loads(...))`` back."""

    def encode(array: Any) -> bytes:
        return _dumps({"data": {"ndarray": array.tolist()}})

    def decode(body: bytes) -> Any:
        return np.array(json.loads(body)["data"]["ndarray"])

    return Way("json/ndarray:objects", encode, decode, element_cost=5e-7)


def json_tensor_objects() -> Way:
    """Do the same with shape and flat values."""

    def encode(array: Any) -> bytes:
        if array.dtype.kind == "b":
            raise TypeError("true and false are no values of a Tensor, which has doubles")
        values = array.ravel().tolist()
        return _dumps({"data": {"tensor": {"shape": array.shape, "values": values}}})

    def decode(body: bytes) -> Any:
        tensor = json.loads(body)["data"]["tensor"]
        return np.array(tensor["values"]).reshape(tensor["shape"])

    return Way("json/tensor:objects", encode, decode, element_cost=5e-7)


def json_raw_objects() -> Way:
    """Put the standard library's base64 and json around the array's bytes."""

    def encode(array: Any) -> bytes:
        return _dumps({"binData": base64.b64encode(array.tobytes()).decode()})

    def decode(body: bytes) -> Any:
        return np.frombuffer(base64.b64decode(json.loads(body)["binData"]), np.uint8)

    return Way("json/raw:objects", encode, decode)


def orjson_alone() -> Way:
    """``orjson.dumps`` of the numpy array, no envelope; ``orjson.loads`` + ``np.array`` back."""
    import orjson

    option = orjson.OPT_SERIALIZE_NUMPY

    def encode(array: Any) -> bytes:
        return orjson.dumps(array, option=option)

    def decode(body: bytes) -> Any:
        return np.array(orjson.loads(body))

    return Way(
        "json/ndarray:orjson",
        encode,
        decode,
        wrap=lambda body: b'{"data":{"ndarray":%b}}' % body,
        unwrap=lambda body: orjson.dumps(orjson.loads(body)["data"]["ndarray"]),
    )


def orjson_flat() -> Way:
    """Do the same with the flat values, as ``json/tensor`` does; the shape is lost."""
    import orjson

    nested = orjson_alone()
    return Way(
        "json/tensor:orjson flat",
        lambda array: nested.encode(array.ravel()),
        nested.decode,
        wrap=lambda body: (
            b'{"data":{"tensor":{"shape":[%d],"values":%b}}}' % (len(orjson.loads(body)), body)
        ),
        unwrap=lambda body: orjson.dumps(orjson.loads(body)["data"]["tensor"]["values"]),
        flat=True,
    )


def pybase64_alone() -> Way:
    """``pybase64`` on the array's memory: the floor of ``json/raw`` and ``json/tftensor``."""
    import orjson
    import pybase64

    def encode(array: Any) -> bytes:
        return pybase64.b64encode(array)

    def decode(body: bytes) -> Any:
        return pybase64.b64decode(body, validate=True)

    return Way(
        "json/raw:pybase64",
        encode,
        decode,
        wrap=lambda body: b'{"binData":"%b"}' % body,
        unwrap=lambda body: orjson.loads(body)["binData"].encode(),
    )


def msgpack_alone() -> Way:
    """``msgpack.packb(a.tolist())``; ``np.array(msgpack.unpackb(...))`` back."""
    import msgpack

    def encode(array: Any) -> bytes:
        packed: bytes = msgpack.packb(array.tolist())
        return packed

    def decode(body: bytes) -> Any:
        return np.array(msgpack.unpackb(body))

    return Way(
        "msgpack/ndarray:msgpack",
        encode,
        decode,
        wrap=lambda body: msgpack.packb({"data": {"ndarray": msgpack.unpackb(body)}}),
        unwrap=lambda body: msgpack.packb(msgpack.unpackb(body)["data"]["ndarray"]),
        element_cost=1e-7,
    )


def memcpy() -> Way:
    """One copy of the array into new memory, which is what the best encoder must do."""

    def copy(array: Any) -> Any:
        return array.copy()

    return Way(MEMCPY, copy, copy)


BASELINES: dict[str, Callable[[], Way]] = {
    "json/ndarray:objects": json_ndarray_objects,
    "json/tensor:objects": json_tensor_objects,
    "json/raw:objects": json_raw_objects,
    "json/ndarray:orjson": orjson_alone,
    "json/tensor:orjson flat": orjson_flat,
    "json/raw:pybase64": pybase64_alone,
    "protobuf/ndarray:objects": ndarray_objects,
    "protobuf/tensor:objects": tensor_objects,
    "protobuf/tftensor:objects": tftensor_objects,
    "protobuf/raw:objects": raw_objects,
    "msgpack/ndarray:msgpack": msgpack_alone,
    MEMCPY: memcpy,
}
