"""The command line in this process or another, and payloads that others wrote."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google.protobuf.message import DecodeError

from tensorwire.cli.main import main
from tensorwire.containers.protobuf.schema import message_class

SELDON = "seldon.protos.SeldonMessage"


BATCH = np.array([[1.5, -2.0], [3.25, 4.0]])


BODY = b'{"data":{"names":["a","b"],"ndarray":[[1.5,-2.0],[3.25,4.0]]},"meta":{"puid":"p1"}}'


RAGGED = b'{"data":{"ndarray":[[1.0,2.0],[3.0]]}}'


REST = "http://127.0.0.1:9000/api/v1.0/predictions"


def run(*argv: str) -> int:
    """Run the command line in this process."""
    return main(list(argv))


def start(*argv: str, **more: Any) -> subprocess.CompletedProcess[bytes]:
    """Run the command line as people do."""
    command = [sys.executable, "-m", "tensorwire", *argv]
    return subprocess.run(command, capture_output=True, check=False, **more)


def give(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    """Put bytes into standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(body)))


def one_line(captured: str) -> str:
    """Return the one line there is."""
    assert captured.endswith("\n")
    assert captured.count("\n") == 1
    return captured.rstrip("\n")


def ghz_reads(body: bytes, message: str) -> list[bytes]:
    """Split a binary file into messages as ghz 0.105 does: runner/data.go, createPayloadsFromBin.

    First as messages with their lengths before them, up to one that is cut short; if there are
    none, the whole as one.
    """
    found, position = [], 0
    while position < len(body):
        size = shift = 0
        while position < len(body):
            byte = body[position]
            position += 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        if position + size > len(body):
            break
        try:
            message_class(message).FromString(body[position : position + size])
        except DecodeError:
            break
        found.append(body[position : position + size])
        position += size
    return found or [body]


def oip_request(**fields: Any) -> bytes:
    """Write an OIP request of the batch with the official runtime."""
    tensor = {"name": "x", "datatype": "FP64", "shape": [2, 2]}
    inputs = {"inputs": [tensor], "raw_input_contents": [BATCH.tobytes()]}
    made = message_class("inference.ModelInferRequest")(**{**inputs, **fields})
    return made.SerializeToString()


def tensor_proto() -> Any:
    """Return the batch as TensorFlow has it."""
    shape = {"dim": [{"size": 2}, {"size": 2}]}
    made = message_class("tensorflow.TensorProto")
    return made(dtype=2, tensor_shape=shape, tensor_content=BATCH.tobytes())


def seldon(**fields: Any) -> Any:
    """Write a SeldonMessage with the official runtime."""
    return message_class(SELDON)(**fields)


def npy() -> bytes:
    """Write the batch as numpy does."""
    file = io.BytesIO()
    np.save(file, BATCH)
    return file.getvalue()


def binary_request() -> bytes:
    """Write an OIP request whose tensor follows its JSON."""
    tensor = {"name": "x", "datatype": "FP64", "shape": [2, 2]}
    sized = {**tensor, "parameters": {"binary_data_size": 32}}
    return orjson.dumps({"inputs": [sized]}) + BATCH.tobytes()


DATA = {"tensor": {"shape": [2, 2], "values": BATCH.ravel().tolist()}}


TENSOR = {"name": "x", "datatype": "FP64", "shape": [2, 2], "data": BATCH.ravel().tolist()}


PREDICT = {"inputs": {"x": tensor_proto()}, "model_spec": {"name": "m"}}


CASES: dict[str, tuple[bytes, str, str]] = {
    "seldon json": (BODY, "seldon/json", "SeldonMessage"),
    "seldon json with space before": (b"\n " + BODY, "seldon/json", "SeldonMessage"),
    "seldon protobuf": (
        seldon(data=DATA).SerializeToString(),
        "seldon/protobuf",
        "SeldonMessage",
    ),
    "seldon protobuf of TensorFlow": (
        seldon(data={"tftensor": tensor_proto()}).SerializeToString(),
        "seldon/protobuf",
        "SeldonMessage",
    ),
    "seldon msgpack": (
        msgpack.packb({"data": {"ndarray": BATCH.tolist()}}),
        "seldon/msgpack",
        "SeldonMessage",
    ),
    "oip json": (orjson.dumps({"inputs": [TENSOR]}), "oip/json", "InferRequest"),
    "oip json reply": (
        orjson.dumps({"model_name": "m", "outputs": [TENSOR]}),
        "oip/json",
        "InferResponse",
    ),
    "oip binary": (binary_request(), "oip/binary", "InferRequest"),
    "oip protobuf": (oip_request(model_name="m"), "oip/protobuf", "InferRequest"),
    "oip protobuf reply": (
        message_class("inference.ModelInferResponse")(
            model_name="m",
            outputs=[{"name": "x", "datatype": "FP64", "shape": [2, 2]}],
            raw_output_contents=[BATCH.tobytes()],
        ).SerializeToString(),
        "oip/protobuf",
        "InferResponse",
    ),
    "tfserving rows": (
        orjson.dumps({"instances": BATCH.tolist()}),
        "tfserving/json",
        "PredictRequest",
    ),
    "tfserving columns": (
        orjson.dumps({"inputs": BATCH.tolist()}),
        "tfserving/json",
        "PredictRequest",
    ),
    "tfserving reply": (
        orjson.dumps({"predictions": BATCH.tolist()}),
        "tfserving/json",
        "PredictResponse",
    ),
    "tfserving protobuf": (
        message_class("tensorflow.serving.PredictRequest")(**PREDICT).SerializeToString(),
        "tfserving/protobuf",
        "PredictRequest",
    ),
    "tfserving protobuf reply": (
        message_class("tensorflow.serving.PredictResponse")(
            outputs={"x": tensor_proto()}
        ).SerializeToString(),
        "tfserving/protobuf",
        "PredictResponse",
    ),
}


def safetensors() -> bytes:
    """Write the batch as safetensors documents it: a length, a header in JSON, the memory."""
    tensor = {"dtype": "F64", "shape": [2, 2], "data_offsets": [0, 32]}
    header = orjson.dumps({"x": tensor})
    return struct.pack("<Q", len(header)) + header + BATCH.tobytes()


def numpy_map() -> bytes:
    """Write the batch as msgpack-numpy documents it."""
    array = {b"nd": True, b"type": "<f8", b"kind": b"", b"shape": [2, 2], b"data": BATCH.tobytes()}
    packed: bytes = msgpack.packb(array)
    return packed


CASES |= {
    "npy": (npy(), "npy/array", ""),
    "safetensors": (safetensors(), "safetensors/arrays", ""),
    "msgpack-numpy": (numpy_map(), "msgpack/numpy", ""),
}


def inspected(capsys: pytest.CaptureFixture[str], *argv: str) -> dict[str, Any]:
    """Inspect something, for programs."""
    assert run("inspect", "--json", *argv) == 0
    facts: dict[str, Any] = json.loads(capsys.readouterr().out)
    return facts


Capture = pytest.CaptureFixture[str]


GRPC = {
    "modelName": "m",
    "id": "7",
    "inputs": [
        {"name": "x", "datatype": "FP32", "shape": ["2"], "contents": {"fp32Contents": [1, "NaN"]}}
    ],
}


def ran(capsys: Capture, *arguments: str) -> tuple[int, str, str]:
    """Run a command in this process: its exit code, output and errors."""
    code = main(arguments)
    told = capsys.readouterr()
    return code, told.out, told.err
