"""The command line: what it says, what it writes, and what it leaves alone."""

from __future__ import annotations

import ast
import base64
import io
import json
import os
import signal
import struct
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from google.protobuf.message import DecodeError

import tensorwire as tw
from tensorwire.cli.arrays import build
from tensorwire.cli.files import UsageError, write
from tensorwire.cli.load_tools import GrpcPayload, lua
from tensorwire.cli.main import main
from tensorwire.containers.protobuf.schema import message_class

SELDON = "seldon.protos.SeldonMessage"
BATCH = np.array([[1.5, -2.0], [3.25, 4.0]])
BODY = b'{"data":{"names":["a","b"],"ndarray":[[1.5,-2.0],[3.25,4.0]]},"meta":{"puid":"p1"}}'
RAGGED = b'{"data":{"ndarray":[[1.0,2.0],[3.0]]}}'
REST = "http://127.0.0.1:9000/api/v1.0/predictions"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in an empty folder, at 80 columns."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


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
    """Give the one line there is."""
    assert captured.endswith("\n")
    assert captured.count("\n") == 1
    return captured.rstrip("\n")


# What is wrong is one line


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        ([], "tensorwire: the following arguments are required: COMMAND"),
        (["frob"], "tensorwire: argument COMMAND: invalid choice: 'frob'"),
        (["convert", "a"], "tensorwire convert: the following arguments are required: OUT, --to"),
        (["convert", "a", "b", "--to", "x", "--max-rank", "-1"], "expected a whole number"),
        (["inspect", "--fir", "3"], "unrecognized arguments: --fir"),
        (["make", "f", "--shape", "2,y"], "expected dimensions such as 100,10, got '2,y'"),
        (["make", "f", "--shape", "999999999,999999999"], "is more than any memory holds"),
        (["make", "f", "--dtype", "object"], "--dtype: no 'object'; known: str, bytes, float32"),
        (["make", "f", "--dtype", "float65"], "--dtype: no 'float65'"),
        (["make", "f", "--values", "gamma"], "or a value, got 'gamma'"),
        (["make", "f", "--values", "300", "--dtype", "uint8"], "uint8 cannot hold 300"),
        (["make", "f", "--values", "1e39", "--dtype", "float32"], "float32 cannot hold 1e39"),
        (["make", "f", "--values", "1j"], "float64 cannot hold 1j"),
        (["make", "f", "--npy", "a.npy", "--seed", "1"], "leave out --seed"),
        (["make", "f", "--url", "ftp://h"], "--url: expected an address such as http://"),
        (["make", "f", "--url", "http://a b"], "--url: expected an address"),
        (["make", "f", "--url", "http://h:99999"], "--url: expected an address"),
        (["make", "f", "--grpc", "h:x"], "--grpc: expected an address"),
        (
            ["make", "f", "--codec", "json/x"],
            "got 'json/x' (did you mean 'json/raw'?); tensorwire --formats lists ",
        ),
    ],
)
def test_wrong_usage_is_one_line_and_2(
    argv: list[str], says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line on stderr that says what to change, and nothing written."""
    assert run(*argv) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert says in one_line(shown.err)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("command", ["", "inspect", "convert", "make"])
def test_help_is_for_80_columns(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Help goes to stdout, with exit code 0, and fits."""
    monkeypatch.setenv("COLUMNS", "80")
    assert run(*([command] if command else []), "--help") == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: tensorwire")
    assert max(map(len, shown.splitlines())) <= 80
    assert "\x1b" not in shown


def test_version_and_formats(capsys: pytest.CaptureFixture[str]) -> None:
    """--version names the version, --formats every name that the options take, a line each."""
    assert run("--version") == 0
    assert capsys.readouterr().out == f"tensorwire {tw.__version__}\n"
    assert run("--formats") == 0
    names = capsys.readouterr().out.split()
    assert {"json/ndarray", "protobuf/raw", "seldon/json", "oip/binary"} < set(names)


# make


def test_make_writes_what_the_tools_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every file holds the same request, in the form that its tool documents."""
    assert run("make", "load", "--shape", "2,3", "--values", "integers") == 0
    expected = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    body = (folder / "load/json-ndarray.json").read_bytes()
    assert orjson.loads(body) == {"data": {"ndarray": expected}}

    message = (folder / "load/protobuf-tftensor.bin").read_bytes()
    tensor = message_class(SELDON).FromString(message).data.tftensor  # type: ignore[attr-defined]
    assert np.frombuffer(tensor.tensor_content, "<f8").tolist() == [1, 2, 3, 4, 5, 6]

    target = (folder / "load/json-ndarray.vegeta.jsonl").read_bytes()
    assert target.endswith(b"}\n")
    assert target.count(b"\n") == 1
    fields = orjson.loads(target)
    assert base64.b64decode(fields.pop("body"), validate=True) == body
    assert fields == {
        "method": "POST",
        "url": REST,
        "header": {"Content-Type": ["application/json"]},
    }

    frame = (folder / "load/protobuf-tftensor.h2load").read_bytes()
    assert struct.unpack(">BI", frame[:5]) == (0, len(message))
    assert frame[5:] == message
    assert "load/json-ndarray.json  json/ndarray, " in capsys.readouterr().out


def test_commands_can_be_copied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each tool has its command, quoted for a shell, in lines of 80 columns, over files there."""
    name = "it's here"
    assert run("make", name) == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    commands = [text.strip() for text in shown.replace("\\\n", " ").splitlines()]
    words: dict[str, list[str]] = {}
    for command in commands:
        shell = ["sh", "-c", f'for word in {command.replace("|", "PIPE")}; do echo "$word"; done']
        if command.startswith(("curl", "wrk", "h2load", "vegeta", "locust", "ghz")):
            split = subprocess.run(shell, capture_output=True, check=True, text=True)
            words.setdefault(command.split()[0], []).extend(split.stdout.splitlines())
    assert set(words) == {"curl", "wrk", "h2load", "vegeta", "locust", "ghz"}
    assert "Content-Type: application/json" in words["curl"]
    assert f"@{name}/json-ndarray.json" in words["curl"]
    assert "seldon.protos.Seldon/Predict" in words["ghz"]
    assert {"--insecure", "127.0.0.1:9500"} < set(words["ghz"])
    named = [word.rpartition("=")[2].lstrip("@") for tool in words.values() for word in tool]
    files = {word for word in named if word.startswith(name)}
    assert {str(path.relative_to(folder)) for path in (folder / name).iterdir()} == files
    assert all((folder / file).is_file() for file in files)


def test_the_locust_file_is_python(folder: Path) -> None:
    """It compiles, says where it posts to, and reads the body from the file beside it."""
    assert run("make", "load", "--url", "http://h:1/a?b='c'") == 0
    text = (folder / "load/json_ndarray_locust.py").read_text()
    tree = ast.parse(text)
    compile(tree, "locustfile", "exec")
    constants = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)}
    assert {"http://h:1", "/a?b='c'", "json-ndarray.json", "json/ndarray"} < constants
    assert {"Content-Type", "application/json"} < constants


def test_the_wrk_script_is_lua(folder: Path) -> None:
    """It sets what wrk documents, and strings are written so that Lua reads the same bytes."""
    assert run("make", "load", "--codec", "json/ndarray") == 0
    lines = (folder / "load/json-ndarray.wrk.lua").read_text().splitlines()
    assert 'wrk.method = "POST"' in lines
    assert 'wrk.headers["Content-Type"] = "application/json"' in lines
    assert 'local file = assert(io.open(here .. "json-ndarray.json", "rb"))' in lines
    assert lua('a"\\\n\u00e9') == '"a\\034\\092\\010\\195\\169"'


def test_ghz_finds_the_service(folder: Path) -> None:
    """The protoset holds every service, with all that it imports."""
    assert run("make", "load", "--codec", "protobuf/tensor") == 0
    data = (folder / "load/tensorwire.protoset").read_bytes()
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(data).file:
        pool.AddSerializedFile(file.SerializeToString())
    for service, method, message in [
        ("seldon.protos.Seldon", "Predict", SELDON),
        ("inference.GRPCInferenceService", "ModelInfer", "inference.ModelInferRequest"),
        (
            "tensorflow.serving.PredictionService",
            "Predict",
            "tensorflow.serving.PredictRequest",
        ),
    ]:
        found = pool.FindServiceByName(service).FindMethodByName(method)
        assert found.input_type.full_name == message


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


def test_ghz_sends_the_message_whole() -> None:
    """Where a bare message reads as several with lengths before them, one with its length is sent.

    A request starts with 10, the tag of the model's name, which ghz takes for a length first.
    """
    name = "inference.ModelInferRequest"
    misread = 0
    for size in range(1, 40):
        tensor = {"name": "x" * size, "datatype": "FP64", "shape": [size]}
        request = message_class(name)(
            model_name="m" * size, inputs=[tensor], raw_input_contents=[bytes(8 * size)]
        )
        body = request.SerializeToString()
        made = GrpcPayload("oip/protobuf", body, {}, "http://h:1/a/b", name)
        files = made.files()
        command = made.commands("f")[0]
        sent = files[command[command.index("--binary-file") + 1].removeprefix("f/")]
        assert ghz_reads(sent, name) == [body]
        assert files["oip-protobuf.bin"] == body
        misread += ghz_reads(body, name) != [body]
    assert misread > 0


@pytest.mark.parametrize("name", ["oip/json", "oip/binary", "tfserving/json", "seldon/json"])
def test_make_speaks_the_protocols_over_rest(name: str, folder: Path) -> None:
    """The model stands in the URL, the tensor has its name, and the headers are the protocol's."""
    made = ["--shape", "2", "--dtype", "float32", "--values", "2.5", "--model", "my model"]
    assert run("make", "load", "--codec", name, *made, "--url", "https://h/") == 0
    stem = name.replace("/", "-")
    target = orjson.loads((folder / f"load/{stem}.vegeta.jsonl").read_bytes())
    body = base64.b64decode(target["body"])
    headers = {key: value for key, [value] in target["header"].items()}
    if name.startswith("oip"):
        assert target["url"] == "https://h/v2/models/my%20model/infer"
        size = int(headers.get("Inference-Header-Content-Length", len(body)))
        tensor = orjson.loads(body[:size])["inputs"][0]
        assert (tensor["name"], tensor["datatype"]) == ("input-0", "FP32")
        assert tensor["shape"] == [2]
        assert (size < len(body)) == (name == "oip/binary")
        values = np.frombuffer(body[size:], "<f4") if size < len(body) else tensor["data"]
        assert list(values) == [2.5, 2.5]
    elif name == "tfserving/json":
        assert target["url"] == "https://h/v1/models/my%20model:predict"
        assert orjson.loads(body)["instances"] == [2.5, 2.5]
    else:
        assert target["url"] == "https://h/api/v1.0/predictions"
        assert orjson.loads(body)["data"] == {"tensor": {"shape": [2], "values": [2.5, 2.5]}}


def test_make_speaks_the_protocols_over_grpc(folder: Path) -> None:
    """The model and the tensor are named in the message, and the command names the method."""
    names = "oip/protobuf,oip/protobuf-typed,tfserving/protobuf"
    made = ["--shape", "3", "--dtype", "int64", "--values", "integers"]
    assert run("make", "load", "--codec", names, *made, "--model", "m", "--input", "x") == 0
    for stem in ("oip-protobuf", "oip-protobuf-typed"):
        body = (folder / f"load/{stem}.bin").read_bytes()
        request: Any = message_class("inference.ModelInferRequest").FromString(body)
        assert (request.model_name, request.inputs[0].name) == ("m", "x")
        assert (request.inputs[0].datatype, list(request.inputs[0].shape)) == ("INT64", [3])
        raw = np.frombuffer(b"".join(request.raw_input_contents), "<i8")
        assert [*raw, *request.inputs[0].contents.int64_contents] == [1, 2, 3]
    body = (folder / "load/tfserving-protobuf.bin").read_bytes()
    predict: Any = message_class("tensorflow.serving.PredictRequest").FromString(body)
    assert predict.model_spec.name == "m"
    assert np.frombuffer(predict.inputs["x"].tensor_content, "<i8").tolist() == [1, 2, 3]


def test_make_takes_an_npy_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The array of the file is sent, in its dtype; a file that is none is one line."""
    array = np.arange(6, dtype=np.int16).reshape(2, 3)
    np.save(folder / "a.npy", array)
    assert run("make", "load", "--codec", "json/tftensor", "--npy", "a.npy") == 0
    tensor = orjson.loads((folder / "load/json-tftensor.json").read_bytes())["data"]["tftensor"]
    assert tensor["dtype"] == "DT_INT16"
    assert base64.b64decode(tensor["tensorContent"]) == array.tobytes()
    capsys.readouterr()
    (folder / "b.npy").write_bytes(BODY)
    assert run("make", "new", "--npy", "b.npy") == 1
    assert "not a .npy file" in one_line(capsys.readouterr().err)
    assert run("make", "new", "--npy", "c.npy") == 1
    line = one_line(capsys.readouterr().err)
    assert line == "tensorwire: c.npy: No such file or directory"
    assert not (folder / "new").exists()


def test_make_writes_nothing_if_one_format_refuses(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """No folder, no file; the line says which format can; --lossy accepts the loss."""
    made = ["make", "load", "--codec", "json/tftensor,json/tensor", "--dtype", "complex64"]
    assert run(*made) == 1
    assert "use json/tftensor" in one_line(capsys.readouterr().err)
    assert not (folder / "load").exists()
    assert run("make", "load", "--values", "9007199254740993", "--dtype", "int64", "--lossy") == 0


@pytest.mark.parametrize(
    ("dtype", "values", "expected"),
    [
        ("float64", "zeros", [0.0, 0.0, 0.0]),
        ("float32", "0.1", [np.float32(0.1)] * 3),
        ("int8", "-128", [-128] * 3),
        ("bool", "1", [True] * 3),
        ("uint64", "18446744073709551615", [2**64 - 1] * 3),
        ("complex64", "1+2j", [1 + 2j] * 3),
        ("float16", "nan", [np.nan] * 3),
        ("int4", "integers", [1, 2, 3]),
        ("bool", "integers", [True] * 3),
        ("str", "integers", ["1", "2", "3"]),
        ("bytes", "h\u00e9", ["h\u00e9".encode()] * 3),
    ],
)
def test_values(dtype: str, values: str, expected: list[Any]) -> None:
    """Each distribution gives what it is called, in the dtype asked for."""
    array = build((3,), dtype, values, 0)
    assert array.dtype.name == dtype or array.dtype.kind in "US"
    np.testing.assert_array_equal(array, np.array(expected, array.dtype))


def test_integers_start_again() -> None:
    """Consecutive integers stay apart: they start again before the dtype rounds or overflows."""
    assert build((129,), "int8", "integers", 0)[126:].tolist() == [127, 1, 2]
    counted = build((2050,), "float16", "integers", 0)
    assert counted[2046:].tolist() == [2047, 2048, 1, 2]


def test_random_values() -> None:
    """They have the moments they should, and the seed alone decides them."""
    normal = build((100, 100), "float64", "normal", 1)
    assert abs(normal.mean()) < 0.05
    assert abs(normal.std() - 1) < 0.05
    np.testing.assert_array_equal(normal, build((100, 100), "float64", "normal", 1))
    assert not np.array_equal(normal, build((100, 100), "float64", "normal", 2))
    uniform = build((10_000,), "float32", "uniform", 0)
    assert uniform.min() >= 0
    assert uniform.max() < 1
    assert abs(uniform.mean() - 0.5) < 0.02
    drawn = build((10_000,), "uint8", "uniform", 0)
    assert (drawn.min(), drawn.max()) == (0, 255)
    assert np.abs(build((1000,), "int8", "normal", 0).astype(int)).max() <= 100
    with pytest.raises(UsageError):
        build((2**21, 2**21), "uint8", "zeros", 0)


# inspect


def oip_request(**fields: Any) -> bytes:
    """Write an OIP request of the batch with the official runtime."""
    tensor = {"name": "x", "datatype": "FP64", "shape": [2, 2]}
    inputs = {"inputs": [tensor], "raw_input_contents": [BATCH.tobytes()]}
    made = message_class("inference.ModelInferRequest")(**{**inputs, **fields})
    return made.SerializeToString()


def tensor_proto() -> Any:
    """Give the batch as TensorFlow has it."""
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


@pytest.mark.parametrize("case", CASES)
def test_inspect_recognises(case: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The bytes alone tell the format, the message, and the array in it."""
    body, name, message = CASES[case]
    (folder / "body").write_bytes(body)
    facts = inspected(capsys, "body")
    assert (facts["format"], facts["message"]) == (name, message)
    assert (facts["file"], facts["size"], facts["either"]) == ("body", len(body), False)
    [tensor] = facts["tensors"]
    assert (tensor["dtype"], tensor["shape"]) == ("float64", [2, 2])
    assert (tensor["elements"], tensor["bytes"]) == (4, 32)
    assert tensor["first"] == [1.5, -2.0, 3.25, 4.0]

    framed = b"\0" + struct.pack(">I", len(body)) + body
    (folder / "frame").write_bytes(framed)
    facts = inspected(capsys, "frame")
    assert (facts["format"], facts["framing"], facts["size"]) == (name, "grpc", len(framed))


@pytest.mark.parametrize("case", CASES)
def test_inspect_reads_standard_input(
    case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No file, or a minus, is standard input; --as and --reply say what it is."""
    body, name, message = CASES[case]
    give(monkeypatch, body)
    assert inspected(capsys)["file"] == "standard input"
    give(monkeypatch, body)
    reply = ["--reply"] if message.endswith("Response") else []
    facts = inspected(capsys, "-", "--as", name, *reply)
    assert facts["message"] == message
    assert facts["tensors"][0]["first"] == [1.5, -2.0, 3.25, 4.0]


def test_a_tensor_of_spaces(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bytes behind the JSON may be JSON's own space: what the JSON says of them decides."""
    tensor = {"name": "x", "datatype": "UINT8", "shape": [3]}
    sized = {**tensor, "parameters": {"binary_data_size": 3}}
    give(monkeypatch, orjson.dumps({"inputs": [sized]}) + b"   ")
    facts = inspected(capsys)
    assert facts["format"] == "oip/binary"
    assert facts["tensors"][0]["first"] == [32, 32, 32]


def test_tensorflow_serving_writes_nan(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Bare NaN is no JSON, and read as theirs; people see it without quotes."""
    (folder / "r").write_bytes(b'{"instances":[{"x":[1.5,NaN],"y":{"b64":"aGk="}}]}\n')
    facts = inspected(capsys, "r")
    assert (facts["format"], facts["tensors"][0]["first"]) == ("tfserving/json", [1.5, "NaN"])
    assert run("inspect", "r") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2:] == [
        "x     float64  1 x 2     16  1.5, NaN",
        'y     bytes    1          2  "hi"',
    ]


def test_inspect_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """People get a title, a field a line, and a table."""
    (folder / "request.json").write_bytes(BODY)
    assert run("inspect", "request.json") == 0
    assert capsys.readouterr().out.splitlines() == [
        "request.json: seldon/json, SeldonMessage, 83 bytes",
        "",
        "kind   ndarray",
        "names  a, b",
        'meta   {"puid": "p1"}',
        "",
        "dtype    shape  bytes  first values",
        "float64  2 x 2     32  1.5, -2.0, 3.25, 4.0",
    ]


def test_inspect_text_of_several(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each tensor has a row; what does not fit beside it stands below it."""
    ids = {"name": "ids", "datatype": "INT64", "shape": [1, 512], "data": list(range(512))}
    text = {"name": "text", "datatype": "BYTES", "shape": [1], "data": ["h\u00e9llo"]}
    body = orjson.dumps({"id": "42", "inputs": [ids, text], "parameters": {"p": 3}})
    (folder / "r").write_bytes(body)
    assert run("inspect", "r", "--first", "4") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"r: oip/json, InferRequest, {len(body):,} bytes",
        "",
        "id          42",
        'parameters  {"p": 3}',
        "",
        "name  dtype  datatype  shape    bytes  first values",
        "ids   int64  INT64     1 x 512  4,096  0, 1, 2, 3, ...",
        'text  bytes  BYTES     1            6  "h\u00e9llo"',
    ]


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_inspect_stays_within_the_columns(
    columns: int, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever names and texts are in a payload, no line is longer, and none moves the cursor."""
    wild = "\x1b[31mred\r\n" + "n" * 300
    tensors = [
        {"name": wild, "datatype": "FP64", "shape": [1] * 40, "data": [1.5]},
        {"name": "b", "datatype": "BYTES", "shape": [2], "data": [wild, wild]},
        {"name": "", "datatype": "FP32", "shape": [0], "data": []},
    ]
    body = {"id": wild, "inputs": tensors, "parameters": {wild: wild, "b": [wild] * 40}}
    (folder / "r").write_bytes(orjson.dumps({**body, "parameters": {wild: wild}}))
    monkeypatch.setenv("COLUMNS", str(columns))
    assert run("inspect", "r") == 0
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= columns
    assert shown.replace("\n", "").isprintable()
    assert "\\x1b[31m" in shown


def test_inspect_shows_any_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """NaN by its name, float32 in its own digits, complex as a pair, bytes as text or in base64."""
    cases: list[tuple[Any, list[Any]]] = [
        (np.array([np.nan, np.inf, -np.inf]), ["NaN", "Infinity", "-Infinity"]),
        (np.array([0.1, 3e38], np.float32), [0.1, 3e38]),
        (np.array([1 + 2j]), [[1.0, 2.0]]),
        (np.array([True, False]), [True, False]),
        (np.array([2**63 - 1, -(2**63)]), [2**63 - 1, -(2**63)]),
        (np.array([b"a", b"\xff"]), ["a", {"b64": "/w=="}]),
        (np.array(5, np.int8), [5]),
        (np.zeros((0, 3)), []),
        (build((2,), "bfloat16", "integers", 0), [1.0, 2.0]),
        (build((2,), "int4", "integers", 0), [1, 2]),
    ]
    for array, first in cases:
        give(monkeypatch, tw.get_codec("protobuf/tftensor").encode(array))
        [tensor] = inspected(capsys)["tensors"]
        assert tensor["first"] == first
        assert [type(x) for x in tensor["first"]] == [type(x) for x in first]
        assert tensor["shape"] == list(array.shape)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (RAGGED, "ragged rows: expected 2 items, got 1 - at $.data.ndarray[1]"),
        (b'{"data":', "expected JSON, got other text: "),
        (b"{}", "expected a message of a known protocol, got the keys: none"),
        (b'{"a\x1b":1,"b":2}', "expected JSON, got other text"),
        (b'{"a":1,"b":2}', "got the keys: a, b"),
        (b"[[1,2],[3,4]]", "expected an object, got list"),
        (
            b'{"error":"no model \\u001b[1m"}',
            "expected a message, got an error reply: no model \\x1b[1m - at $.error",
        ),
        (b"hello, world", "expected a format that is known here, got other bytes; pass --as NAME"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "expected a format that is known here"),
        (b"\x93NUMPY\x01\x00", ""),
        (oip_request()[:-1], "expected a format that is known here"),
        (oip_request(raw_input_contents=[bytes(8)]), "32"),
    ],
)
def test_what_cannot_be_read_is_one_line_and_1(
    body: bytes, says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1, one printable line on stderr with the reason and the place."""
    (folder / "body").write_bytes(body)
    assert run("inspect", "body") in ((1, 2) if body.startswith(b"\x93") else (1,))
    shown = capsys.readouterr()
    assert shown.out == ""
    line = one_line(shown.err)
    assert line.startswith("tensorwire: ")
    assert says in line
    assert line.isprintable()
    assert "bug" not in line


def test_inspect_of_what_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A missing file and a folder are named; a terminal is not waited for."""
    for name, says in [("gone", "gone: No such file or directory"), (".", ".: Is a directory")]:
        assert run("inspect", name) == 1
        assert one_line(capsys.readouterr().err) == f"tensorwire: {says}"
    give(monkeypatch, b"")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert run("inspect") == 2
    assert "standard input is a terminal" in one_line(capsys.readouterr().err)
    assert not list(folder.iterdir())


def test_limits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The limits hold for inspect and for convert."""
    (folder / "r").write_bytes(BODY)
    for flags in (["--max-elements", "3"], ["--max-bytes", "31"], ["--max-rank", "1"]):
        assert run("inspect", "r", *flags) == 1
        line = one_line(capsys.readouterr().err)
        assert "at most " in line
        assert flags[0] in line or flags[0] == "--max-rank"
        assert run("convert", "r", "o", "--to", "protobuf/tensor", *flags) == 1
        assert "at most " in one_line(capsys.readouterr().err)
    assert run("inspect", "r", "--max-elements", "4", "--max-rank", "2") == 0
    assert [path.name for path in folder.iterdir()] == ["r"]


def test_the_same_bytes_may_be_a_request_or_a_reply(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Over gRPC, an OIP message with typed contents is both; that is said, and --reply decides."""
    tensor = {**TENSOR, "contents": {"fp64_contents": TENSOR["data"]}}
    del tensor["data"]
    (folder / "r").write_bytes(oip_request(inputs=[tensor], raw_input_contents=[]))
    assert inspected(capsys, "r")["message"] == "InferRequest"
    facts = inspected(capsys, "r", "--reply")
    assert (facts["message"], facts["either"]) == ("InferResponse", True)
    assert facts["tensors"][0]["first"] == [1.5, -2.0, 3.25, 4.0]
    assert run("inspect", "r") == 0
    assert "(or a reply, with --reply)" in capsys.readouterr().out


# convert


def test_a_json_request_becomes_what_ghz_sends_and_comes_back(folder: Path) -> None:
    """The binary file is the message as the official runtime reads it, and the JSON comes back."""
    (folder / "request.json").write_bytes(BODY)
    assert run("convert", "request.json", "request.bin", "--to", "protobuf/ndarray") == 0
    message = seldon().FromString((folder / "request.bin").read_bytes())
    rows = [list(row.list_value.values) for row in message.data.ndarray.values]
    assert [[item.number_value for item in row] for row in rows] == BATCH.tolist()
    assert (list(message.data.names), message.meta.puid) == (["a", "b"], "p1")
    back = ["--from", "protobuf/ndarray", "--to", "json/ndarray"]
    assert run("convert", "request.bin", "back.json", *back) == 0
    assert orjson.loads((folder / "back.json").read_bytes()) == orjson.loads(BODY)
    assert len(list(folder.iterdir())) == 3


def test_convert_between_protocols(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A REST request of OIP becomes its gRPC message, which has to name the model itself."""
    (folder / "r.json").write_bytes(orjson.dumps({"id": "7", "inputs": [TENSOR]}))
    assert run("convert", "r.json", "r.bin", "--to", "oip/protobuf", "--model", "iris") == 0
    assert capsys.readouterr() == ("", "")
    request: Any = message_class("inference.ModelInferRequest").FromString(
        (folder / "r.bin").read_bytes()
    )
    assert (request.model_name, request.id, request.inputs[0].name) == ("iris", "7", "x")
    assert request.raw_input_contents == [BATCH.tobytes()]
    convert = ["convert", "r.bin", "p.bin", "--to", "tfserving/protobuf", "--model", "m"]
    assert run(*convert) == 1
    assert "got '7' - at $.id; pass --lossy to drop it" in one_line(capsys.readouterr().err)
    assert run(*convert, "--lossy") == 0
    predict: Any = message_class("tensorflow.serving.PredictRequest").FromString(
        (folder / "p.bin").read_bytes()
    )
    assert predict.model_spec.name == "m"
    assert predict.inputs["x"].tensor_content == BATCH.tobytes()
    assert run("convert", "r.json", "s", "--to", "seldon/json", "--model", "m") == 2
    assert "--model: seldon/json has no name of a model" in one_line(capsys.readouterr().err)
    assert not (folder / "s").exists()


def test_oip_binary_prints_its_header(
    folder: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """The length of the JSON is printed, beside the body where that goes to standard output."""
    (folder / "r.json").write_bytes(orjson.dumps({"inputs": [TENSOR]}))
    assert run("convert", "r.json", "r.bin", "--to", "oip/binary") == 0
    shown = capsysbinary.readouterr()
    name, _, value = shown.out.decode().strip().partition(": ")
    assert name == "Inference-Header-Content-Length"
    body = (folder / "r.bin").read_bytes()
    parameters = orjson.loads(body[: int(value)])["inputs"][0]["parameters"]
    assert parameters == {"binary_data_size": 32}
    assert body[int(value) :] == BATCH.tobytes()
    assert shown.err == b""
    assert run("convert", "r.json", "-", "--to", "oip/binary") == 0
    shown = capsysbinary.readouterr()
    assert shown.out == body
    assert shown.err.decode() == f"{name}: {value}\n"


def test_convert_through_pipes(monkeypatch: pytest.MonkeyPatch, capsysbinary: Any) -> None:
    """A minus is standard input or standard output; a gRPC frame around the input comes off."""
    message = CASES["seldon protobuf"][0]
    give(monkeypatch, b"\0" + struct.pack(">I", len(message)) + message)
    assert run("convert", "-", "-", "--to", "json/tensor") == 0
    shown = capsysbinary.readouterr()
    assert orjson.loads(shown.out) == {"data": DATA}
    assert shown.err == b""


def test_seldons_other_messages(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Lists, feedback, text, JSON and bare status are recognised, shown, and converted."""
    message = {"data": {"ndarray": [[1.5, 2.0]]}}
    for name, body, kind in [
        ("list", {"seldonMessages": [{"strData": "hi"}, message]}, "MessageList"),
        ("feedback", {"request": message, "reward": 2.5, "truth": message}, "Feedback"),
        ("text", {"strData": "hi"}, "SeldonMessage"),
        ("json", {"jsonData": {"a": [1.5, None]}}, "SeldonMessage"),
        ("status", {"status": {"code": -1, "info": "bad"}}, "SeldonMessage"),
    ]:
        (folder / name).write_bytes(orjson.dumps(body))
        facts = inspected(capsys, name)
        assert (facts["format"], facts["message"]) == ("seldon/json", kind)
        for source in ([], ["--from", "seldon/json"]):
            assert run("convert", name, "bin", "--to", "seldon/protobuf", *source) == 0
            assert capsys.readouterr().err == ""
        full = {"MessageList": "SeldonMessageList"}.get(kind, kind)
        official = message_class(f"seldon.protos.{full}")
        read = official.FromString((folder / "bin").read_bytes())
        assert json_format.MessageToDict(read) == body
        again = inspected(capsys, "bin")
        assert (again["format"], again["message"]) == ("seldon/protobuf", kind)
        assert run("convert", "bin", "back", "--to", "seldon/json") == 0
        assert orjson.loads((folder / "back").read_bytes()) == body
        capsys.readouterr()
    assert run("inspect", "feedback") == 0
    shown = capsys.readouterr().out
    assert "reward  2.5\n\nrequest:\n  kind  ndarray\n\n  dtype    shape  bytes" in shown
    assert run("convert", "list", "o", "--to", "json/ndarray") == 2
    assert "expected a form of seldon for MessageList, got json/ndarray" in one_line(
        capsys.readouterr().err
    )


def test_what_ghz_would_misread(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where ghz would take a bare message for several, that is said, with the remedy."""
    name = "inference.ModelInferRequest"
    for size in range(1, 40):
        body = oip_request(model_name="m" * size)
        (folder / "in").write_bytes(body)
        assert run("convert", "in", "out", "--to", "oip/protobuf") == 0
        note = capsys.readouterr().out
        assert (folder / "out").read_bytes() == body
        assert bool(note) >= (ghz_reads(body, name) != [body])
        if not note:
            continue
        assert "--delimited" in one_line(note)
        assert run("convert", "in", "out", "--to", "oip/protobuf", "--delimited") == 0
        assert capsys.readouterr() == ("", "")
        assert ghz_reads((folder / "out").read_bytes(), name) == [body]
        facts = inspected(capsys, "out")
        assert (facts["framing"], facts["message"]) == ("length", "InferRequest")
        return
    pytest.fail("none was misread")


def test_convert_replies(folder: Path) -> None:
    """--reply reads and writes the messages of replies."""
    (folder / "r.json").write_bytes(CASES["oip json reply"][0])
    names = ["--from", "oip/json", "--to", "oip/protobuf", "--reply"]
    assert run("convert", "r.json", "r.bin", *names) == 0
    reply: Any = message_class("inference.ModelInferResponse").FromString(
        (folder / "r.bin").read_bytes()
    )
    assert (reply.model_name, reply.outputs[0].name) == ("m", "x")
    assert reply.raw_output_contents == [BATCH.tobytes()]


@pytest.mark.parametrize(
    ("body", "target", "says"),
    [
        (RAGGED, "protobuf/ndarray", "ragged rows: expected 2 items, got 1 - at $.data.ndarra"),
        (b'{"data":{"ndarray":[["a"]]}}', "protobuf/tensor", "use protobuf/tftensor"),
        (BODY, "protobuf/nothing", "'protobuf/nothing'"),
        (b"", "protobuf/tensor", "empty"),
    ],
)
def test_a_failed_convert_writes_nothing(
    body: bytes,
    target: str,
    says: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """No file where there was none, no other bytes where there was one, nothing left beside it."""
    (folder / "in").write_bytes(body)
    (folder / "old").write_bytes(b"as it was")
    for name in ("new", "old"):
        code = 2 if "nothing" in target else 1
        assert run("convert", "in", name, "--to", target) == code
        shown = capsys.readouterr()
        assert shown.out == ""
        assert says in one_line(shown.err)
    assert sorted(path.name for path in folder.iterdir()) == ["in", "old"]
    assert (folder / "old").read_bytes() == b"as it was"


def test_lossy_accepts_the_loss(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a format cannot hold is refused, with what to do about it, unless that is said."""
    (folder / "in").write_bytes(b'{"data":{"ndarray":[9007199254740993]}}')
    convert = ["convert", "in", "out", "--to", "protobuf/tensor"]
    assert run(*convert) == 1
    assert "pass --lossy" in one_line(capsys.readouterr().err)
    assert run(*convert, "--lossy") == 0
    message = seldon().FromString((folder / "out").read_bytes())
    assert list(message.data.tensor.values) == [2.0**53]


# Files


def test_a_file_is_replaced_in_place(folder: Path) -> None:
    """Input and output may be one file; the mode stays; a link keeps pointing where it did."""
    (folder / "real").write_bytes(BODY)
    (folder / "real").chmod(0o640)
    (folder / "link").symlink_to("real")
    assert run("convert", "link", "link", "--to", "protobuf/tensor") == 0
    assert (folder / "link").readlink() == Path("real")
    assert (folder / "real").stat().st_mode & 0o777 == 0o640
    message = seldon().FromString((folder / "real").read_bytes())
    assert list(message.data.tensor.values) == BATCH.ravel().tolist()
    assert len(list(folder.iterdir())) == 2


def test_a_new_file_has_the_usual_mode(folder: Path) -> None:
    """As the umask says, not as temporary files have it."""
    before = os.umask(0o022)
    try:
        write("new", b"x")
    finally:
        os.umask(before)
    assert (folder / "new").stat().st_mode & 0o777 == 0o644


def test_where_nothing_can_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The line names the file that was asked for."""
    (folder / "in").write_bytes(BODY)
    for name, says in [("no/such/out", "No such file or directory"), (".", "Is a directory")]:
        assert run("convert", "in", name, "--to", "protobuf/tensor") == 1
        assert one_line(capsys.readouterr().err) == f"tensorwire: {name}: {says}"
    assert run("make", "in", "--codec", "json/ndarray") == 1
    assert one_line(capsys.readouterr().err) == "tensorwire: in: File exists"
    assert [path.name for path in folder.iterdir()] == ["in"]


def test_a_disk_that_is_full_leaves_the_old_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the bytes cannot be written whole, the target stays as it was and nothing is left over."""
    (folder / "in").write_bytes(BODY)
    (folder / "out").write_bytes(b"as it was")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert run("convert", "in", "out", "--to", "protobuf/tensor") == 1
    line = one_line(capsys.readouterr().err)
    assert line == "tensorwire: out: No space left on device"
    assert (folder / "out").read_bytes() == b"as it was"
    assert len(list(folder.iterdir())) == 2


def test_pipes_and_devices_are_written_to(folder: Path) -> None:
    """They are no files to be replaced."""
    (folder / "in").write_bytes(BODY)
    os.mkfifo(folder / "pipe")
    with subprocess.Popen(["/bin/cat", "pipe"], stdout=subprocess.PIPE) as reader:
        code = run("convert", "in", "pipe", "--to", "protobuf/tensor")
        if code:  # nobody will write into it
            reader.kill()
        out, _ = reader.communicate()
    assert code == 0
    message = seldon().FromString(out)
    assert list(message.data.tensor.values) == BATCH.ravel().tolist()
    assert run("convert", "in", os.devnull, "--to", "protobuf/tensor") == 0


# As a process


@pytest.mark.slow
def test_python_m_tensorwire(folder: Path) -> None:
    """It runs as a module, exits with main's code, and shows no traceback."""
    (folder / "in").write_bytes(BODY)
    done = start("inspect", "in")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"in: seldon/json, SeldonMessage, 83 bytes\n")
    done = start("convert", "-", "-", "--to", "protobuf/tensor", input=RAGGED)
    assert (done.returncode, done.stdout) == (1, b"")
    reason = b"ragged rows: expected 2 items, got 1"
    assert done.stderr == b"tensorwire: " + reason + b" - at $.data.ndarray[1]\n"
    assert start().returncode == 2


def test_the_library_does_not_load_the_command_line() -> None:
    """`import tensorwire` brings neither the command line nor argparse."""
    code = (
        "import sys, tensorwire; print([m for m in sys.modules if '.cli' in m or m == 'argparse'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert done.stdout == b"[]\n"


def test_an_encoding_that_cannot_say_it(folder: Path) -> None:
    """What the terminal cannot show is escaped."""
    (folder / "in").write_bytes('{"data":{"names":["\u00e9"],"ndarray":[["\u2713"]]}}'.encode())
    done = start("inspect", "in", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"names  \\xe9\n" in done.stdout
    assert b'"\\u2713"' in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_standard_output_that_is_full(folder: Path) -> None:
    """One line, exit code 1, and no complaint at exit."""
    (folder / "in").write_bytes(BODY)
    command = [sys.executable, "-m", "tensorwire", "convert", "in", "-", "--to", "protobuf/raw"]
    command[-1] = "protobuf/tensor"
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 1
    assert done.stderr == b"tensorwire: standard output: No space left on device\n"


def test_a_reader_that_has_gone(folder: Path) -> None:
    """As `| head` does: nothing is said, and the exit code is that of SIGPIPE."""
    big = orjson.dumps({"data": {"ndarray": np.zeros(100_000).tolist()}})
    (folder / "in").write_bytes(big)
    command = [sys.executable, "-m", "tensorwire", "convert", "in", "-", "--to", "json/tensor"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait() == 141


@pytest.mark.skipif(os.name != "posix", reason="needs named pipes and signals")
def test_an_interrupt_is_quiet(folder: Path) -> None:
    """Ctrl-C while it waits for input: nothing is said, nothing written, exit code 130."""
    os.mkfifo(folder / "in")
    command = [sys.executable, "-m", "tensorwire", "convert", "in", "out", "--to", "json/raw"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        with (folder / "in").open("wb"):  # returns when the child has opened its end
            child.send_signal(signal.SIGINT)
            out, err = child.communicate()
        assert (out, err, child.returncode) == (b"", b"", 130)
    assert not (folder / "out").exists()


def test_damaged_bodies_are_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever is done to a body, it is shown, or refused with code 1 and one line on stderr."""
    random = Random(7)  # noqa: S311 - the same damage every time
    bodies = [body for body, _, _ in CASES.values()]
    for _ in range(400):
        body = bytearray(random.choice(bodies))
        place = random.randrange(len(body))
        if random.random() < 0.5:
            body[place] = random.randrange(256)
        else:
            body[place : place + random.randrange(9)] = random.randbytes(random.randrange(4))
        give(monkeypatch, bytes(body))
        code = run("inspect")
        shown = capsys.readouterr()
        assert code in (0, 1)
        if code:
            assert shown.out == ""
            line = one_line(shown.err)
            assert line.isprintable()
            assert "bug" not in line
        else:
            assert max(map(len, shown.out.splitlines())) <= 80
    assert not list(folder.iterdir())
