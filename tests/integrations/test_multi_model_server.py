"""Multi Model Server answers as the file of docs/engines/multi_model_server.md has it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire.integrations.multi_model_server import entry_point
from tensorwire.serving import Handler
from tests.support.java_servers import EntryContext, served
from tests.support.reference import SeldonMessage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.java_servers import ModelServer

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
ROWS = np.arange(6.0).reshape(2, 3) + 0.1
COUNTED = """\
from tensorwire.integrations.multi_model_server import entry_point
from tensorwire.serving import Handler

counted = entry_point(Handler(lambda X: X * 0 + len(X)), "seldon")
same = entry_point(Handler(lambda X: X), "seldon")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModelServer]:
    """Run Multi Model Server."""
    with served("multi_model_server", tmp_path_factory.mktemp("mms")) as running:
        (running.models / "more").mkdir()
        (running.models / "more" / "more.py").write_text(COUNTED, encoding="utf-8")
        for protocol in ("oip", "seldon", "tfserving"):
            running.register(protocol, "doubled", f"service:{protocol}")
        running.register("counted", "more", "more:counted", batch=8)
        running.register("same", "more", "more:same", batch=2)
        yield running


def test_content_type_is_no_header(monkeypatch: pytest.MonkeyPatch) -> None:
    """The content type goes into its own field, as headers that are cut end the worker."""
    monkeypatch.setenv("MMS_DECODE_INPUT_REQUEST", "true")
    handle = entry_point(Handler(lambda x: x * 2), "oip")
    assert os.environ["MMS_DECODE_INPUT_REQUEST"] == "false"
    request = tw.oip.InferRequest(
        [tw.oip.InferTensor("x", ROWS)], parameters={"binary_data_output": True}
    )
    body, headers = tw.get_protocol("oip/binary").encode(request)
    context: Any = EntryContext({**headers, "body": {"content-type": "application/octet-stream"}})
    replies = handle([{"body": bytearray(body)}, {"body": b"7"}, {}], context)
    assert context.get_response_content_type(0) == "application/octet-stream"
    assert context.get_response_content_type(1) == "application/json"
    assert list(context.sent) == [0]
    assert list(context.sent[0]) == ["Inference-Header-Content-Length"]
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

    got = server.ask("tfserving", orjson.dumps({"instances": ROWS.tolist()}), JSON)
    assert orjson.loads(got.body) == {"predictions": (ROWS * 2).tolist()}

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
    (output,) = orjson.loads(got.body[:length])["outputs"]
    assert output["shape"] == [2, 3]


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
    kinds = {answer.headers["content-type"] for answer in got}
    assert kinds == {"application/json", "application/x-protobuf"}


@pytest.mark.slow
def test_replies_that_are_cut(server: ModelServer) -> None:
    """Two replies of 64 KiB are answered, wherever the server's read ends in the second one."""
    codec = tw.get_codec("protobuf/raw")
    headers = {"Content-Type": codec.media_type}
    for before in range(200, 320, 10):  # with headers, all from 220 to 271 ended the worker
        body = bytes(codec.encode(b"a" * (65536 - before)))
        got = server.ask_at_once("same", [(body, headers)] * 2)
        assert [(answer.status, answer.body == body) for answer in got] == [(200, True)] * 2
