"""NaN and infinities over the server: how they may come, and how replies have them."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, RestApp
from tensorwire.server.__main__ import parse
from tests.support.server_clients import JSON, PROTOBUF, ask, call

if TYPE_CHECKING:
    from collections.abc import Callable

JSON_TYPE = "application/json"
SELDON, SERVING = "/predict", "/v1/models/m:predict"
BARE = {
    SELDON: '{"data":{"tensor":{"shape":[3],"values":[1.5,NaN,-Infinity]}}}',
    SERVING: '{"instances":[1.5,NaN,-Infinity]}',
}
NULL = {
    SELDON: '{"data":{"tensor":{"shape":[2],"values":[1.5,null]}}}',
    SERVING: '{"instances":[1.5,null]}',
}


class Keeping:
    """A model that keeps what it is given, and gives something else."""

    def __init__(self, answer: Callable[..., Any] = lambda x: x) -> None:
        self.given: list[Any] = []
        self.answer = answer

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Keep, and answer."""
        self.given.append(X)
        return self.answer(X)


@pytest.mark.parametrize(
    ("missing", "path", "bare", "null"),
    [
        (None, SELDON, 200, 200),
        (None, SERVING, 200, 400),
        ("any", SELDON, 200, 200),
        ("any", SERVING, 200, 200),
        ("null", SERVING, 400, 200),
        ("nan", SELDON, 200, 400),
        ("nan", SERVING, 200, 400),
        ("null", SELDON, 400, 200),
        ("error", SELDON, 400, 400),
        ("error", SERVING, 400, 400),
    ],
)
def test_what_may_come(missing: Any, path: str, bare: int, null: int) -> None:
    """By default what clients of the protocol send, else what the option says."""
    model = Keeping()
    with EchoServer(model, grpc_port=None, missing=missing) as server:
        for body, status in ((BARE[path], bare), (NULL[path], null)):
            reply = ask(server.rest_port, path, body, JSON)
            assert reply.status == status
            if status == 200:
                given = model.given.pop()
                assert given[0] == 1.5
                assert math.isnan(given[1])
                assert given[2:].tolist() == ([] if body is NULL[path] else [-math.inf])
                values = (
                    reply.json["predictions"]
                    if path == SERVING
                    else reply.json["data"]["tensor"]["values"]
                )
                assert json.dumps(values) == json.dumps(given.tolist())
    assert not model.given


INFER = "/v2/models/m/infer"


def infer(data: str, datatype: str = "FP32") -> str:
    """Build a request of two or three values."""
    shape = f"[{data.count(',') + 1}]"
    return f'{{"inputs":[{{"name":"x","datatype":"{datatype}","shape":{shape},"data":[{data}]}}]}}'


@pytest.mark.parametrize(
    ("missing", "bare", "null"),
    [
        (None, 200, 200),
        ("any", 200, 200),
        ("nan", 200, 400),
        ("null", 400, 200),
        ("error", 400, 400),
    ],
)
def test_what_may_come_in_oip(missing: Any, bare: int, null: int) -> None:
    """MLServer writes null, tritonclient bare words: both are read by default, for floats alone."""
    model = Keeping()
    with EchoServer(model, grpc_port=None, missing=missing) as server:
        for body, status in ((infer("1.5,NaN"), bare), (infer("1.5,null"), null)):
            reply = ask(server.rest_port, INFER, body, JSON)
            assert reply.status == status
            if status == 200:
                given = model.given.pop()
                assert given.dtype == np.float32
                assert given[0] == 1.5
                assert math.isnan(given[1])
                said = reply.json["outputs"][0]["data"][1]
                assert said is None or math.isnan(said)
        for datatype in ("INT32", "BOOL", "BYTES"):
            reply = ask(server.rest_port, INFER, infer("null", datatype), JSON)
            assert (reply.status, "$.inputs[0].data" in reply.body.decode()) == (400, True)
    assert not model.given


def test_what_a_model_gives_in_oip() -> None:
    """NaN goes out in JSON, in binary and over gRPC; its own reader reads it again."""
    values = np.array([1.5, np.nan])
    method = "/inference.GRPCInferenceService/ModelInfer"
    with EchoServer(Keeping(lambda _: values)) as server:
        for accept in ("application/json", "application/octet-stream"):
            reply = ask(server.rest_port, INFER, infer("1.5"), {**JSON, "Accept": accept})
            name = (
                "oip/json" if accept == reply.headers["content-type"] == JSON_TYPE else "oip/binary"
            )
            told = tw.get_protocol(name).decode(
                reply.body, reply.headers, type=tw.oip.InferResponse
            )
            assert (reply.status, reply.headers["content-type"]) == (200, accept)
            np.testing.assert_array_equal(told.outputs[0].value, values)
        request = tw.oip.InferRequest([tw.oip.InferTensor("x", np.ones(1))], "m")
        body = call(server.grpc_port, method, tw.get_protocol("oip/protobuf").encode(request)[0])
        raw: Any = message_class("inference.ModelInferResponse").FromString(body)
        assert raw.raw_output_contents[0] == values.tobytes()


def test_integers_and_mixed_rows() -> None:
    """Null stays an error among integers and bools, and None in rows that mix types."""
    with EchoServer(grpc_port=None) as server:
        for values in ("[1,null]", "[true,null]"):
            body = f'{{"data":{{"ndarray":{values}}}}}'
            reply = ask(server.rest_port, SELDON, body, JSON)
            assert (reply.status, "$.data.ndarray[1]" in reply.body.decode()) == (400, True)
        rows = {"data": {"ndarray": [["male", None, 7.25]]}}
        reply = ask(server.rest_port, SELDON, json.dumps(rows), JSON)
        assert (reply.status, reply.json) == (200, rows)


def test_what_a_model_gives() -> None:
    """NaN and infinities go out in every protocol and container, over both transports."""
    values = np.array([1.5, np.nan, np.inf, -np.inf])
    expected = json.dumps(values.tolist())
    model = Keeping(lambda _: values)
    tensor = b'{"data":{"tensor":{"shape":[1],"values":[1]}}}'
    with EchoServer(model) as server:
        reply = ask(server.rest_port, SELDON, tensor, JSON)
        assert json.dumps(reply.json["data"]["tensor"]["values"]) == expected
        reply = ask(server.rest_port, SELDON, b'{"data":{"ndarray":[1]}}', JSON)
        assert json.dumps(reply.json["data"]["ndarray"]) == expected
        accept = {**JSON, "Accept": "application/msgpack"}
        reply = ask(server.rest_port, SELDON, b'{"data":{"ndarray":[1]}}', accept)
        assert json.dumps(msgpack.unpackb(reply.body)["data"]["ndarray"]) == expected
        body = tw.get_codec("protobuf/ndarray").encode(np.ones(1))
        for got in (
            ask(server.rest_port, SELDON, body, PROTOBUF).body,
            call(server.grpc_port, "/seldon.protos.Seldon/Predict", body),
        ):
            told: Any = message_class("seldon.protos.SeldonMessage").FromString(got)
            assert json.dumps([v.number_value for v in told.data.ndarray.values]) == expected
        reply = ask(server.rest_port, SERVING, '{"instances":[1]}', JSON)
        assert json.dumps(reply.json["predictions"]) == expected


def test_protobuf_answered_in_json() -> None:
    """What came in binary goes out in JSON where Accept says so."""
    body = tw.get_codec("protobuf/tensor").encode(np.array([np.nan]))
    with EchoServer(grpc_port=None) as server:
        reply = ask(server.rest_port, SELDON, body, {**PROTOBUF, "Accept": "application/json"})
    assert reply.body == b'{"data":{"tensor":{"shape":[1],"values":[NaN]}}}'


def test_the_option(capsys: pytest.CaptureFixture[str]) -> None:
    """``--missing`` is one of four words, and any other is refused at once."""
    assert parse([])[0]["missing"] is None
    assert parse(["--missing", "null"])[0]["missing"] == "null"
    with pytest.raises(tw.CodecError, match="'null'"):
        RestApp(missing="nul")  # type: ignore[arg-type]
    with pytest.raises(SystemExit):
        parse(["--missing", "nul"])
    assert "'nul'" in capsys.readouterr().err.splitlines()[-1]
