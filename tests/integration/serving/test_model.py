"""Models behind the server: what they are called with, and what becomes of their answers."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tensorwire.oip import InferResponse, InferTensor

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, RawMessage
from tests.support.server_clients import JSON, Reply, ask, call, refused

if TYPE_CHECKING:
    from collections.abc import Callable

SELDON, INFER, SERVING = (
    "/predict",
    "/v2/models/m/versions/2/infer",
    "/v1/models/m/versions/3:predict",
)
NDARRAY = {"data": {"names": ["a", "b"], "ndarray": [[1.0, 2.0]]}, "meta": {"puid": "7"}}
TENSOR = {"data": {"tensor": {"shape": [2], "values": [1.0, 2.0]}}}
ONE = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [1, 2]}], "id": "9"}
ROWS = {"instances": [1.5, 2.5]}


class Predict:
    """A model made of one function; it remembers what it was called with."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer
        self.calls: list[tuple[Any, ...]] = []

    def predict(self, X: Any, names: Any, meta: Any) -> Any:  # noqa: N803 - Seldon's name
        """Remember, and answer."""
        self.calls.append((X, names, meta))
        return self.answer(X)


def served(model: Any, path: str, message: Any) -> Reply:
    """Ask a model once, over REST."""
    with EchoServer(model, grpc_port=None) as server:
        return ask(server.rest_port, path, json.dumps(message), JSON)


def test_predict_gets_what_seldon_gives() -> None:
    """An array, the names of its columns, and meta; the reply keeps kind and puid."""
    model = Predict(lambda x: x * 2)
    reply = served(model, SELDON, NDARRAY)
    assert reply.json == {"meta": {"puid": "7"}, "data": {"ndarray": [[2.0, 4.0]]}}
    ((value, names, meta),) = model.calls
    assert value.tolist() == [[1.0, 2.0]]
    assert names == ["a", "b"]
    assert meta == {"puid": "7"}


@pytest.mark.parametrize(
    ("message", "value"),
    [
        ({"strData": "text"}, "text"),
        ({"binData": "AAEC"}, b"\0\1\2"),
        ({"jsonData": {"a": [1]}}, {"a": [1]}),
        ({"data": {"ndarray": [["a", 1.0]]}}, [["a", 1.0]]),
    ],
    ids=str,
)
def test_predict_gets_what_is_no_array(message: Any, value: Any) -> None:
    """Text, bytes, JSON and mixed rows are given as they are."""
    model = Predict(lambda _: "done")
    assert served(model, SELDON, message).json == {"strData": "done"}
    assert model.calls == [(value, [], {})]


@pytest.mark.parametrize(
    ("sent", "answer", "expected"),
    [
        (NDARRAY, np.array([[5.0]]), {"ndarray": [[5.0]]}),
        (TENSOR, np.array([5]), {"tensor": {"shape": [1], "values": [5]}}),
        (TENSOR, [[5.0]], {"tensor": {"shape": [1, 1], "values": [5.0]}}),
        (TENSOR, np.array(["a"]), {"ndarray": ["a"]}),
        (TENSOR, np.array([True]), {"ndarray": [True]}),
        ({"strData": "x"}, np.array([5.0]), {"tensor": {"shape": [1], "values": [5.0]}}),
    ],
    ids=str,
)
def test_reply_kinds_of_seldon(sent: Any, answer: Any, expected: Any) -> None:
    """Numbers go back in the kind of the request, others as ndarray."""
    assert served(Predict(lambda _: answer), SELDON, sent).json["data"] == expected


def test_answers_that_are_no_array() -> None:
    """Text, bytes and dicts go back as strData, binData and jsonData."""
    assert served(Predict(lambda _: "x"), SELDON, TENSOR).json == {"strData": "x"}
    assert served(Predict(lambda _: b"\0\1\2"), SELDON, TENSOR).json == {"binData": "AAEC"}
    assert served(Predict(lambda _: {"a": [1]}), SELDON, TENSOR).json == {"jsonData": {"a": [1]}}


def test_names_of_columns() -> None:
    """They are the answer's own, or what class_names says, a list or a method."""
    model = Predict(lambda x: (x, ["p", "q"]))
    assert served(model, SELDON, NDARRAY).json["data"]["names"] == ["p", "q"]
    model = Predict(lambda x: x)
    model.class_names = ["r", "s"]  # type: ignore[attr-defined]
    assert served(model, SELDON, NDARRAY).json["data"]["names"] == ["r", "s"]
    model.class_names = lambda: ["t", "u"]  # type: ignore[attr-defined]
    assert served(model, SELDON, NDARRAY).json["data"]["names"] == ["t", "u"]
    model.answer = lambda _: "no columns"
    assert served(model, SELDON, NDARRAY).json == {"strData": "no columns", "meta": {"puid": "7"}}


def test_predict_with_fewer_arguments() -> None:
    """A model may leave out meta, or names too."""

    class Two:
        def predict(self, X: Any, names: Any) -> Any:  # noqa: N803
            return [len(names)] + X.tolist()[0]

    class One:
        def predict(self, X: Any) -> Any:  # noqa: N803
            return X[0]

    assert served(Two(), SELDON, NDARRAY).json["data"]["ndarray"] == [2, 1, 2]
    assert served(One(), SELDON, NDARRAY).json["data"]["ndarray"] == [1, 2]


def test_one_tensor_of_oip() -> None:
    """It is an array; the answer has the name that is asked for, its own, or one that is made."""
    model = Predict(lambda x: x + 1)
    reply = served(model, INFER, ONE).json
    (output,) = reply["outputs"]
    assert (output["name"], output["datatype"], output["data"]) == ("output-0", "FP32", [2, 3])
    assert (reply["model_name"], reply["model_version"], reply["id"]) == ("m", "2", "9")
    ((value, names, meta),) = model.calls
    assert value.dtype == np.float32
    assert names == []
    assert meta == {"id": "9", "model_name": "m", "model_version": "2", "parameters": {}}
    asked = {**ONE, "outputs": [{"name": "y"}]}
    assert served(model, INFER, asked).json["outputs"][0]["name"] == "y"
    model.answer = lambda x: (x, ["z"])
    assert served(model, INFER, ONE).json["outputs"][0]["name"] == "z"


def test_several_tensors_of_oip() -> None:
    """They are a dict of arrays, and so is the answer; a request gets what it asks for."""
    two = {
        "inputs": [*ONE["inputs"], {"name": "y", "datatype": "BOOL", "shape": [1], "data": [True]}]
    }
    model = Predict(lambda x: {"sum": x["x"].sum(), "not": ~x["y"], "text": ["a", "b"]})
    outputs = served(model, INFER, two).json["outputs"]
    assert [(o["name"], o["shape"], o["datatype"], o["data"]) for o in outputs] == [
        ("sum", [], "FP32", [3]),
        ("not", [1], "BOOL", [False]),
        ("text", [2], "BYTES", ["a", "b"]),
    ]
    asked = {**two, "outputs": [{"name": "not"}]}
    assert [o["name"] for o in served(model, INFER, asked).json["outputs"]] == ["not"]
    reply = served(model, INFER, {**two, "outputs": [{"name": "nope"}]})
    assert (reply.status, "'sum', 'not', 'text'" in reply.body.decode()) == (400, True)


def test_text_of_oip() -> None:
    """Text and bytes are one BYTES element."""
    (output,) = served(Predict(lambda _: "text"), INFER, ONE).json["outputs"]
    assert (output["datatype"], output["shape"], output["data"]) == ("BYTES", [1], ["text"])


def test_tfserving() -> None:
    """Rows are answered with rows; a dict with named outputs."""
    model = Predict(lambda x: x * 2)
    assert served(model, SERVING, ROWS).json == {"predictions": [3.0, 5.0]}
    assert model.calls[0][2]["version"] == 3
    model.answer = lambda x: {"a": x, "b": x.astype(np.int32)}
    assert served(model, SERVING, ROWS).json == {
        "predictions": [{"a": 1.5, "b": 1}, {"a": 2.5, "b": 2}]
    }
    model.answer = lambda x: x["p"] - x["q"]
    assert served(model, SERVING, {"inputs": {"p": [3], "q": [1]}}).json == {"outputs": [2]}


def test_the_same_model_over_grpc() -> None:
    """A model answers all protocols over gRPC, in the kind of each request."""
    request = message_class("seldon.protos.SeldonMessage")
    body = request(data={"tensor": {"shape": [2], "values": [1, 2]}}).SerializeToString()
    with EchoServer(Predict(lambda x: x * 2), rest_port=None) as server:
        reply: Any = request.FromString(
            call(server.grpc_port, "/seldon.protos.Model/Predict", body)
        )
        assert list(reply.data.tensor.values) == [2, 4]
        infer: Any = message_class("inference.ModelInferRequest")
        tensor = {"name": "x", "datatype": "INT64", "shape": [1]}
        body = infer(inputs=[tensor], raw_input_contents=[b"\3" + bytes(7)]).SerializeToString()
        reply = message_class("inference.ModelInferResponse").FromString(
            call(server.grpc_port, "/inference.GRPCInferenceService/ModelInfer", body)
        )
        assert list(reply.raw_output_contents) == [b"\6" + bytes(7)]


def test_typed_requests_with_answers_that_are_raw_only() -> None:
    """FP16 has no typed contents, so that it goes back raw."""
    infer: Any = message_class("inference.ModelInferRequest")
    tensor = {"name": "x", "datatype": "FP32", "shape": [1], "contents": {"fp32_contents": [1.5]}}
    with EchoServer(Predict(lambda x: x.astype(np.float16)), rest_port=None) as server:
        body = infer(inputs=[tensor]).SerializeToString()
        reply: Any = message_class("inference.ModelInferResponse").FromString(
            call(server.grpc_port, "/inference.GRPCInferenceService/ModelInfer", body)
        )
    assert list(reply.raw_output_contents) == [np.array([1.5], "<f2").tobytes()]


def fails(_: Any) -> Any:
    """Raise what a model might."""
    raise ZeroDivisionError("secret of line 7")


@pytest.mark.parametrize(
    "answer",
    [fails, lambda _: None, lambda _: object(), lambda _: {1: 2}, lambda _: np.array([2**60 + 1])],
)
def test_a_model_that_fails(answer: Any, caplog: pytest.LogCaptureFixture) -> None:
    """It is 500 or INTERNAL, in the form of the protocol; only the log has the traceback."""
    body = tw.get_codec("protobuf/tensor").encode(np.ones(2))
    with caplog.at_level(logging.ERROR), EchoServer(Predict(answer)) as server:
        reply = ask(server.rest_port, SELDON, json.dumps(TENSOR), JSON)
        code, details = refused(server.grpc_port, "/seldon.protos.Seldon/Predict", body)
        assert ask(server.rest_port, "/live").status == 200
    assert (reply.status, reply.json["status"]["status"]) == (500, 1)
    assert code == "INTERNAL"
    assert details.partition(";")[0] in reply.json["status"]["info"]
    assert "Traceback" not in details
    assert len(caplog.records) == 2
    assert all(record.exc_info for record in caplog.records)
    if answer is fails:
        assert "ZeroDivisionError: secret of line 7" in details


def test_predict_raw_with_bytes() -> None:
    """It gets the undecoded body and its protocol; bytes go out as they are, in that protocol."""
    seen: list[RawMessage] = []

    class Raw:
        def predict_raw(self, message: RawMessage) -> bytes:
            seen.append(message)
            return message.body

    body = b'{"anything": 1}'
    with EchoServer(Raw()) as server:
        reply = ask(server.rest_port, SELDON, body, JSON)
        assert (reply.status, reply.body, reply.headers["content-type"]) == (
            200,
            body,
            "application/json",
        )
        assert (
            call(server.grpc_port, "/inference.GRPCInferenceService/ModelInfer", b"\xff") == b"\xff"
        )
        headers = {"Inference-Header-Content-Length": "2"}
        reply = ask(server.rest_port, INFER, b"{}abc", headers)
        assert (reply.body, reply.headers["inference-header-content-length"]) == (b"{}abc", "2")
        reply = ask(server.rest_port, SELDON, body, {**JSON, "Accept": "application/msgpack"})
        assert reply.status == 406
    assert [m.protocol for m in seen[:3]] == ["seldon/json", "oip/protobuf", "oip/binary"]
    assert seen[0].body == body
    assert seen[0].headers["content-type"] == "application/json"


def test_predict_raw_with_a_message() -> None:
    """A message is written in the protocol of the request, or in the one that is accepted."""

    class Raw:
        def predict_raw(self, message: RawMessage) -> InferResponse:
            assert message.protocol.startswith("oip/")
            return InferResponse([InferTensor("y", np.array([7], np.int32))], "m")

        def predict(self) -> None:
            raise AssertionError("predict_raw is preferred")

    expected = {"name": "y", "datatype": "INT32", "shape": [1], "data": [7]}
    assert served(Raw(), INFER, ONE).json == {"model_name": "m", "outputs": [expected]}
    assert served(Raw(), SELDON, TENSOR).status == 500  # no message of Seldon's


def test_predict_raw_that_decodes() -> None:
    """What it finds wrong in the bytes is 400; what it gets wrong by itself 500."""

    class Raw:
        def predict_raw(self, message: RawMessage) -> bytes:
            request = tw.get_protocol(message.protocol).decode(message.body)
            if request.kind == "strData":
                raise DecodeFailedError
            return message.body

    class DecodeFailedError(Exception):
        pass

    assert served(Raw(), SELDON, {"data": {"ndarray": [[1], []]}}).status == 400
    assert served(Raw(), SELDON, {"strData": "x"}).status == 500
    assert served(Raw(), SELDON, TENSOR).json == TENSOR


def test_feedback() -> None:
    """A model is told what was asked, how good the answer was, and the truth."""

    class Model(Predict):
        def send_feedback(self, *told: Any) -> Any:
            self.calls.append(told)
            return [1.0] if told[2] else None

    model = Model(lambda x: x)
    reply = served(
        model, "/api/v1.0/feedback", {"request": NDARRAY, "reward": 0.5, "truth": TENSOR}
    )
    assert reply.json["data"] == {"tensor": {"shape": [1], "values": [1.0]}}
    ((value, names, reward, truth),) = model.calls
    assert (value.tolist(), names, reward, truth.tolist()) == ([[1, 2]], ["a", "b"], 0.5, [1, 2])
    assert served(model, "/send-feedback", {"reward": 0}).status == 200
    assert served(None, "/api/v0.1/feedback", {"reward": 1}).status == 200
    assert served(model, "/api/v0.1/feedback", {"request": 5}).status == 400


def test_metadata() -> None:
    """A model may say what it takes and gives, for both transports."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [-1, 4]}
    model = Predict(lambda x: x)
    told = {"versions": ["2"], "platform": "numpy", "inputs": [tensor], "outputs": [], "more": 1}
    model.init_metadata = lambda: told  # type: ignore[attr-defined]
    with EchoServer(model) as server:
        assert ask(server.rest_port, "/v2/models/m").json == {
            "name": "m",
            "versions": ["2"],
            "platform": "numpy",
            "inputs": [tensor],
            "outputs": [],
        }
        body = call(server.grpc_port, "/inference.GRPCInferenceService/ModelMetadata", b"\x0a\x01m")
        reply: Any = message_class("inference.ModelMetadataResponse").FromString(body)
    assert (reply.platform, list(reply.inputs[0].shape)) == ("numpy", [-1, 4])


@pytest.mark.parametrize("model", [object(), Predict, 5])
def test_what_is_no_model(model: Any) -> None:
    """An object without predict, or a class, is refused at once."""
    with pytest.raises(TypeError, match=r"predict|class"):
        EchoServer(model)


def test_a_function_is_a_model() -> None:
    """It is called as `predict` is; it answers over HTTP as an object does."""
    with EchoServer(lambda value: value * 2, grpc_port=None) as server:
        assert ask(server.rest_port, SERVING, b'{"instances":[1.5]}', JSON).json == {
            "predictions": [3.0]
        }
