"""Bodies of the Open Inference Protocol with one tensor, right or wrong as a test wants it."""

import struct
from typing import Any

import orjson

from tests.support.oip_values import Request, official


def one_grpc(datatype: str = "FP32", shape: Any = (2,), **more: Any) -> tuple[str, bytes]:
    """Return a request of one tensor; `raw` and members of contents as given."""
    made: Any = official(Request([]), typed=False)
    part = made.inputs.add(name="x", datatype=datatype, shape=shape)
    made.raw_input_contents.extend(more.pop("raw", ()))
    for name, values in more.items():
        getattr(part.contents, name).extend(values)
    return "oip/protobuf", made.SerializeToString()


def one_json(datatype: Any = "FP32", shape: Any = (2,), data: Any = (1, 2), **more: Any) -> Any:
    """Return a request of one tensor."""
    node = {"name": "x", "datatype": datatype, "shape": shape, "data": data} | more
    return "oip/json", orjson.dumps({"inputs": [{k: v for k, v in node.items() if v is not ...}]})


def one_binary(size: Any = 8, blob: bytes = bytes(8), datatype: str = "FP32", **more: Any) -> Any:
    """Return a request of one tensor behind the JSON."""
    parameters = {"parameters": {"binary_data_size": size}}
    return "oip/binary", one_json(datatype, **({"data": ...} | parameters | more))[1] + blob


def prefixed(*lengths: int) -> bytes:
    """Return byte strings of one byte, each behind a length that may lie."""
    return b"".join(struct.pack("<I", length) + b"a" for length in lengths)
