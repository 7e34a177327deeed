"""A payload in another format."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from google.protobuf import json_format

from tensorwire.containers.protobuf.schema import message_class
from tests.support.command_line import (
    BATCH,
    BODY,
    CASES,
    DATA,
    RAGGED,
    TENSOR,
    Capture,
    ghz_reads,
    give,
    inspected,
    oip_request,
    one_line,
    ran,
    run,
    seldon,
)

if TYPE_CHECKING:
    from pathlib import Path


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
    assert "--model: expected a format that names a model, got seldon/json" in one_line(
        capsys.readouterr().err
    )
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
        (RAGGED, "protobuf/ndarray", "expected a row of 2 items, got a row of 1 - at $.data.nda"),
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


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"data":{"ndarray":[[1234567890123456789,0.5]]}}', "$.data.ndarray[0][0]"),
        ('{"data":{"ndarray":[[18446744073709551617]]}}', "$.data.ndarray[0][0]"),
        ('{"data":{"tensor":{"shape":[2],"values":[1234567890123456789,0.5]}}}', "$.data.tensor"),
        ('{"jsonData":{"a":[18446744073709551617]}}', "$.jsonData.a[0]"),
        ('{"instances":[[1234567890123456789,0.5]]}', "$.instances"),
    ],
)
@pytest.mark.parametrize("target", ["seldon/json", "seldon/protobuf", "oip/json", "npy/array"])
def test_numbers_are_converted_exactly_or_refused(
    text: str, place: str, target: str, tmp_path: Path, capsys: Capture
) -> None:
    """An integer that no dtype holds is refused with its place, and no file is written."""
    file, made = tmp_path / "a.json", tmp_path / "made"
    file.write_text(text)
    for command in (("inspect", str(file)), ("convert", str(file), str(made), "--to", target)):
        code, _, err = ran(capsys, *command)
        assert code == 1
        assert f" - at {place}" in err
        assert len(err.splitlines()) == 1
    assert not made.exists()
