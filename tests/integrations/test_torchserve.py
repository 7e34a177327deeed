"""TorchServe answers as the file of docs/engines/torchserve.md has it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire.integrations.torchserve import entry_point
from tensorwire.serving import Handler
from tests.support.java_servers import ANSWERED, EntryContext, served
from tests.support.reference import SeldonMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.java_servers import ModelServer

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
ROWS = np.arange(6.0).reshape(2, 3) + 0.1
COUNTED = """\
from tensorwire.integrations.torchserve import entry_point
from tensorwire.serving import Handler

counted = entry_point(Handler(lambda X: X * 0 + len(X)), "seldon")
same = entry_point(Handler(lambda X: X), "seldon")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """Run TorchServe."""
    with served("torchserve", tmp_path_factory.mktemp("ts")) as running:
        (running.models / "more").mkdir()
        (running.models / "more" / "more.py").write_text(COUNTED, encoding="utf-8")
        for protocol in ("oip", "seldon", "typed"):
            running.register(protocol, "doubled", f"service:{protocol}")
        running.register("counted", "more", "more:counted", batch=8)
        running.register("same", "more", "more:same", batch=2)
        yield running


def test_headers_and_statuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Status and headers of each reply are passed on; names in lower case, as TorchServe's are."""
    monkeypatch.setenv("TS_DECODE_INPUT_REQUEST", "true")
    handle = entry_point(Handler(lambda x: x * 2), "oip")
    assert os.environ["TS_DECODE_INPUT_REQUEST"] == "false"
    request = tw.oip.InferRequest(
        [tw.oip.InferTensor("x", ROWS)], parameters={"binary_data_output": True}
    )
    body, headers = tw.get_protocol("oip/binary").encode(request)
    context = EntryContext({**headers, "body": {"content-type": "application/octet-stream"}})
    replies = handle([{"body": bytearray(body)}, {"body": b"7"}, {}], context)
    assert context.sent[0]["content-type"] == "application/octet-stream"
    assert int(context.sent[0]["inference-header-content-length"]) + ROWS.nbytes == len(replies[0])
    assert context.sent[1] == {"content-type": "application/json"}
    assert context.statuses == {0: (200, "OK"), 1: (400, "Bad Request"), 2: (400, "Bad Request")}
    assert replies[0].endswith((ROWS * 2).tobytes())
    assert handle(None, context) == []


@pytest.mark.slow
def test_protocols(server: ModelServer) -> None:
    """JSON, protobuf and binary bodies are answered as orjson, protobuf and numpy read them."""
    body = orjson.dumps({"data": {"ndarray": ROWS.tolist()}})
    got = server.ask("seldon", body, JSON)
    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert orjson.loads(got.body)["data"]["ndarray"] == (ROWS * 2).tolist()

    message = SeldonMessage()
    message.data.tensor.shape.extend(ROWS.shape)
    message.data.tensor.values.extend(ROWS.ravel().tolist())
    got = server.ask("seldon", message.SerializeToString(), PROTOBUF)
    assert (got.status, got.headers["content-type"]) == (200, "application/x-protobuf")
    assert SeldonMessage.FromString(got.body).data.tensor.values == (ROWS * 2).ravel().tolist()

    described = {"name": "x", "shape": [2, 3], "datatype": "FP64"}
    head = orjson.dumps(
        {
            "inputs": [{**described, "parameters": {"binary_data_size": ROWS.nbytes}}],
            "parameters": {"binary_data_output": True},
        }
    )
    headers = {"inference-header-content-length": str(len(head))}
    got = server.ask("oip", head + ROWS.tobytes(), headers)
    assert (got.status, got.headers["content-type"]) == (200, "application/octet-stream")
    length = int(got.headers["inference-header-content-length"])
    assert got.body[length:] == (ROWS * 2).tobytes()


@pytest.mark.slow
def test_grpc(server: ModelServer) -> None:
    """The bytes of `input["body"]` are a message; TorchServe drops the status of an error."""
    request = tw.oip.InferRequest([tw.oip.InferTensor("x", ROWS)])
    form = tw.get_protocol("oip/protobuf")
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc}") as channel:
        call: Any = channel.unary_unary(
            "/org.pytorch.serve.grpc.inference.InferenceAPIsService/Predictions"
        )
        body = bytes(form.encode(request)[0])
        got = _field(call(_prediction("typed", body), timeout=ANSWERED))
        (output,) = form.decode(got, type=tw.oip.InferResponse).outputs
        assert np.array_equal(output.value, ROWS * 2)
        refused = _field(call(_prediction("typed", b"\xff"), timeout=ANSWERED))
    assert "expected" in orjson.loads(refused)["error"]


def _prediction(model: str, body: bytes) -> bytes:
    """Return a PredictionsRequest: model_name is field 1, the map input field 3."""
    entry = b"\x0a\x04body\x12" + _sized(body)
    return b"\x0a" + _sized(model.encode()) + b"\x1a" + _sized(entry)


def _sized(value: bytes) -> bytes:
    size, length = b"", len(value)
    while length > 127:
        size, length = size + bytes([length & 127 | 128]), length >> 7
    return size + bytes([length]) + value


def _field(reply: bytes) -> bytes:
    """Return the field 1 of a PredictionResponse, its last one."""
    place = 1
    while reply[place] > 127:
        place += 1
    return reply[place + 1 :]


@pytest.mark.slow
def test_errors(server: ModelServer) -> None:
    """What is wrong with a message is a 400 with its place, and the worker goes on."""
    got = server.ask("seldon", b'{"data":{"tensor":{"shape":[2],"values":[1.5]}}}', JSON)
    assert got.status == 400
    assert "$.data.tensor" in orjson.loads(got.body)["status"]["info"]
    assert server.ask("seldon", b"", JSON).status == 400
    assert server.ask("seldon", b'{"data":{"ndarray":[[1.5]]}}', JSON).status == 200


@pytest.mark.slow
def test_a_batch(server: ModelServer) -> None:
    """Requests at once are one call of the model; the damaged one alone has an error."""
    codecs = [tw.get_codec(name) for name in ("json/ndarray", "protobuf/tftensor")] * 4
    sent = [(bytes(each.encode([[1.5]])), {"Content-Type": each.media_type}) for each in codecs]
    sent[2] = b'{"data":{"ndarray":[[1.5', JSON
    got = server.ask_at_once("counted", sent)
    assert [answer.status for answer in got] == [200, 200, 400, 200, 200, 200, 200, 200]
    rows = [
        codec.decode(answer.body).item()
        for codec, answer in zip(codecs, got, strict=True)
        if answer.status == 200
    ]
    assert max(rows) > 1


@pytest.mark.slow
def test_replies_that_are_cut(server: ModelServer) -> None:
    """Two replies of 64 KiB are answered, wherever the server's read ends in the second one."""
    codec = tw.get_codec("protobuf/raw")
    headers = {"Content-Type": codec.media_type}
    for before in range(130, 320, 15):
        body = bytes(codec.encode(b"a" * (65536 - before)))
        got = server.ask_at_once("same", [(body, headers)] * 2)
        assert [(answer.status, answer.body == body) for answer in got] == [(200, True)] * 2
