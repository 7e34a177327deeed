"""A folder of payloads for load tools."""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

from tensorwire.containers.protobuf.schema import message_class
from tests.support.command_line import (
    BODY,
    GRPC,
    REST,
    SELDON,
    Capture,
    one_line,
    ran,
    run,
)

if TYPE_CHECKING:
    from pathlib import Path


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
    assert "expected a .npy file" in one_line(capsys.readouterr().err)
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


def test_text_of_grpc_is_no_load(tmp_path: Path, capsys: Capture) -> None:
    """Protobuf's JSON goes over no transport as it is; files of it come from convert."""
    folder = tmp_path / "load"
    code, _, err = ran(capsys, "make", str(folder), "--codec", "oip/protobuf-json")
    assert code == 2
    assert "got oip/protobuf-json; use oip/protobuf" in err
    assert not folder.exists()
    file = tmp_path / "a.json"
    file.write_text(json.dumps(GRPC))
    code, out, err = ran(capsys, "convert", str(file), "-", "--to", "oip/protobuf-json")
    assert (code, err) == (0, "")
    assert json.loads(out)["modelName"] == "m"
