"""Formats are recognised by their bytes."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.cli.detect import detect
from tests.support.command_line import (
    CASES,
    GRPC,
    RAGGED,
    TENSOR,
    Capture,
    give,
    inspected,
    oip_request,
    one_line,
    ran,
    run,
)


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


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "empty"),
        (RAGGED, "expected a row of 2 items, got a row of 1 - at $.data.ndarray[1]"),
        (b'{"data":', "expected JSON, got other text: "),
        (b"{}", "expected a message of a known protocol, got the keys: none"),
        (b'{"a\x1b":1,"b":2}', "expected JSON, got other text"),
        (b'{"a":1,"b":2}', "got the keys: 'a', 'b'"),
        (b"[[1,2],[3,4]]", "expected an object, got list"),
        (
            b'{"error":"no model \\u001b[1m"}',
            "expected a message, got an error reply: 'no model \\x1b[1m' - at $.error",
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


GOLDENS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "goldens" / "msgpack_numpy.json").read_text()
)


@pytest.mark.parametrize("version", GOLDENS)
@pytest.mark.parametrize("case", GOLDENS["0.4.8"]["bodies"])
def test_msgpack_numpy_is_recognised(version: str, case: str) -> None:
    """What any version of msgpack-numpy wrote is told from a message of Seldon's."""
    assert detect(bytes.fromhex(GOLDENS[version]["bodies"][case])).name == "msgpack/numpy"


def test_seldon_messages_are_no_arrays() -> None:
    """A message in whose bytes the map of an array stands is still a message."""
    inner = bytes.fromhex(GOLDENS["0.4.8"]["bodies"]["array"])
    body = tw.get_codec("msgpack/raw").encode(inner)
    assert detect(body).name == "seldon/msgpack"
    named = tw.get_codec("msgpack/numpy").encode({"data": np.arange(2)})
    assert detect(named).name == "msgpack/numpy"


@pytest.mark.parametrize(
    "message",
    [
        GRPC,
        {"inputs": GRPC["inputs"]},
        {
            "model_name": "m",
            "inputs": [{"name": "x", "datatype": "FP32", "shape": [2]}],
            "raw_input_contents": ["AACAPwAAwH8="],
        },
    ],
    ids=["names in camel case", "contents", "raw contents"],
)
def test_grpc_messages_in_json(message: Any, tmp_path: Path, capsys: Capture) -> None:
    """What grpcurl and ghz are given is recognised, shown, and converted to its bytes and back."""
    file, made = tmp_path / "grpc.json", tmp_path / "grpc.bin"
    file.write_text(json.dumps(message))
    code, out, err = ran(capsys, "inspect", str(file), "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert (told["format"], told["message"]) == ("oip/protobuf-json", "InferRequest")
    assert told["tensors"][0]["first"] == [1.0, "NaN"]
    assert ran(capsys, "convert", str(file), str(made), "--to", "oip/protobuf")[0] == 0
    request = tw.get_protocol("oip/protobuf").decode(made.read_bytes())
    assert request.model_name == message.get("modelName", message.get("model_name", ""))
    assert np.array_equal(
        request.inputs[0].value, np.array([1, np.nan], np.float32), equal_nan=True
    )
    code, out, _ = ran(capsys, "convert", str(made), "-", "--to", "oip/protobuf-json")
    assert json.loads(out)["inputs"][0]["contents"] == {"fp32Contents": [1.0, "NaN"]}


def test_rest_messages_are_still_rest() -> None:
    """The protocol's REST has data, and another name for the model."""
    rest = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [1], "data": [1]}]}
    assert detect(json.dumps(rest).encode()).name == "oip/json"
    reply = {"model_name": "m", "outputs": rest["inputs"]}
    assert detect(json.dumps(reply).encode()) == tw_format("oip/json", reply=True)
    assert detect(b'{"inputs":{"x":[1]}}').name == "tfserving/json"


def tw_format(name: str, *, reply: bool) -> Any:
    """Return what is told of a payload."""
    return detect(b'{"strData":"a"}')._replace(name=name, reply=reply)
