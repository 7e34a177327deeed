"""What a model gives or raises: a fault of the model is never told as one of the request."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import msgpack
import numpy as np
import pytest
from google.protobuf import json_format

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, RawMessage
from tests.support.server_clients import JSON, PROTOBUF, ask, call, refused

if TYPE_CHECKING:
    from collections.abc import Callable

MSGPACK = {"Content-Type": "application/msgpack"}
SELDON, INFER, SERVING = "/predict", "/v2/models/m/infer", "/v1/models/m:predict"
TENSOR = {"data": {"tensor": {"shape": [2], "values": [1.0, 2.0]}}}
ONE: dict[str, Any] = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [1, 2]}]}
ROWS = {"instances": [1.5, 2.5]}
BY_PATH = {SELDON: TENSOR, INFER: ONE, SERVING: ROWS}
METHODS = {
    "/seldon.protos.Seldon/Predict": "seldon/protobuf",
    "/seldon.protos.Model/Predict": "seldon/protobuf",
    "/inference.GRPCInferenceService/ModelInfer": "oip/protobuf",
    "/tensorflow.serving.PredictionService/Predict": "tfserving/protobuf",
}


class Predict:
    """A model made of one function."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.answer = answer

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Answer."""
        return self.answer(X)


def grpc_body(protocol: str) -> bytes:
    """Build a request of a protocol over gRPC."""
    array = np.ones(2, np.float32)
    if protocol == "seldon/protobuf":
        return tw.get_codec("protobuf/tensor").encode(array.astype(float))
    if protocol == "oip/protobuf":
        return tw.get_protocol(protocol).encode(
            tw.oip.InferRequest([tw.oip.InferTensor("x", array)], "m")
        )[0]
    return tw.get_protocol(protocol).encode(tw.tfserving.PredictRequest({"x": array}, "m"))[0]


RAISED = [
    ValueError("boom"),
    tw.DecodeError("boom", "$.data"),
    tw.EncodeError("boom"),
    tw.LimitError("boom"),
    tw.UnknownCodecError("boom"),
    RecursionError("boom"),
    StopIteration("boom"),
    TimeoutError("boom"),
    SystemExit("boom"),
    KeyboardInterrupt("boom"),
    asyncio.CancelledError("boom"),
]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
def test_what_a_model_raises(error: BaseException) -> None:
    """It is 500 or INTERNAL, and names the exception, whichever it is; the server goes on."""

    def answer(_: Any) -> Any:
        raise error

    info = f"expected an answer of the model, got {type(error).__name__}: boom"
    with EchoServer(Predict(answer)) as server:
        for path, message in BY_PATH.items():
            reply = ask(server.rest_port, path, json.dumps(message), JSON)
            assert reply.status == 500
            told = reply.json["status"]["info"] if path == SELDON else reply.json["error"]
            assert told.startswith(info)
        for method, protocol in METHODS.items():
            code, details = refused(server.grpc_port, method, grpc_body(protocol))
            assert (code, details.startswith(info)) == ("INTERNAL", True)
        assert ask(server.rest_port, "/live").status == 200


def test_the_text_of_what_a_model_raises() -> None:
    """It is bounded, and an exception without a text is named by its class."""

    class Silent(Exception):  # noqa: N818
        def __str__(self) -> str:
            raise RuntimeError

    def answer(values: Any) -> Any:
        raise Silent if values[0] else ValueError("n" * 10**7)

    with EchoServer(Predict(answer), grpc_port=None) as server:
        reply = ask(server.rest_port, SERVING, '{"instances": [1.5]}', JSON)
        assert (reply.status, reply.json["error"]) == (
            500,
            "expected an answer of the model, got Silent",
        )
        reply = ask(server.rest_port, SERVING, '{"instances": [0.0]}', JSON)
        assert len(reply.json["error"]) < 1000


def test_the_reason_that_seldon_has() -> None:
    """Seldon's wrapper tells a fault of the model from bad data; so in every container."""

    def answer(_: Any) -> Any:
        raise ValueError("boom")

    expected = {
        "status": 1,
        "info": "expected an answer of the model, got ValueError: boom",
        "code": -1,
        "reason": "MICROSERVICE_INTERNAL_ERROR",
    }
    with EchoServer(Predict(answer), grpc_port=None) as server:
        reply = ask(server.rest_port, SELDON, json.dumps(TENSOR), JSON)
        assert (reply.status, reply.json) == (500, {"status": expected})
        reply = ask(server.rest_port, SELDON, msgpack.packb(TENSOR), MSGPACK)
        assert (reply.status, msgpack.unpackb(reply.body)) == (500, {"status": expected})
        body = grpc_body("seldon/protobuf")
        reply = ask(server.rest_port, SELDON, body, PROTOBUF)
        told: Any = message_class("seldon.protos.SeldonMessage").FromString(reply.body)
        assert (reply.status, told.status.reason) == (500, expected["reason"])
        reply = ask(server.rest_port, SELDON, b'{"data":5}', JSON)
        assert (reply.status, reply.json["status"]["reason"]) == (400, "MICROSERVICE_BAD_DATA")
        reply = ask(server.rest_port, "/nope")
        assert reply.status == 404


def test_the_reason_of_an_error() -> None:
    """Bad data where a CodecError or a text says so, else the server's own fault."""
    protocol = tw.get_protocol("seldon/json")
    for error, reason in (
        ("text", "MICROSERVICE_BAD_DATA"),
        (tw.DecodeError("x"), "MICROSERVICE_BAD_DATA"),
        (tw.LimitError("x"), "MICROSERVICE_BAD_DATA"),
        (ValueError("x"), "MICROSERVICE_INTERNAL_ERROR"),
        (KeyError(), "MICROSERVICE_INTERNAL_ERROR"),
    ):
        assert json.loads(protocol.encode_error(error)[0])["status"]["reason"] == reason


ANSWERS: dict[str, tuple[Any, dict[str, Any]]] = {
    # What Seldon's wrapper 1.17.1 writes for the same answers; it has all numbers as floats.
    "labels": (np.array(["a", "b"], object), {SELDON: ["a", "b"], SERVING: ["a", "b"]}),
    "rows of labels": (
        np.array([["a", 1.5], ["b", None]], object),
        {SELDON: [["a", 1.5], ["b", None]]},
    ),
    "strings": ([["a"], ["b"]], {SELDON: [["a"], ["b"]], SERVING: [["a"], ["b"]]}),
    "bools": (np.array([True, False]), {SELDON: [True, False], SERVING: [True, False]}),
    "no rows": (np.zeros((0, 2)), {SELDON: []}),
    "no values": ([], {SELDON: [], SERVING: []}),
    "integers": (np.array([[1], [2]]), {SELDON: [[1], [2]], SERVING: [[1], [2]]}),
    "a column": ([1.5, 2.5], {SELDON: [1.5, 2.5], SERVING: [1.5, 2.5]}),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_as_people_hold_them(name: str) -> None:
    """Object arrays, mixed rows, None in them, and arrays without rows are answers: 200."""
    value, expected = ANSWERS[name]
    ndarray = json.dumps({"data": {"ndarray": [[1.0]]}})
    with EchoServer(Predict(lambda _: value)) as server:
        reply = ask(server.rest_port, SELDON, ndarray, JSON)
        assert (reply.status, reply.json["data"]) == (200, {"ndarray": expected[SELDON]})
        reply = ask(server.rest_port, SELDON, '{"strData": "x"}', JSON)
        assert reply.status == 200
        accept = {**JSON, "Accept": "application/x-protobuf"}
        reply = ask(server.rest_port, SELDON, ndarray, accept)
        told: Any = message_class("seldon.protos.SeldonMessage").FromString(reply.body)
        assert json_format.MessageToDict(told)["data"].get("ndarray", []) == expected[SELDON]
        if SERVING in expected:
            reply = ask(server.rest_port, SERVING, '{"instances": [1.5]}', JSON)
            assert (reply.status, reply.json) == (200, {"predictions": expected[SERVING]})


class Odd:
    """An object that numpy cannot view, and that says so in an error of its own."""

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise tw.DecodeError("no array")


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, Odd(), {"y": object()}, {"y": Odd()}, {3: np.ones(1)}, 2**70],
    ids=["object", "set", "odd", "dict of object", "dict of odd", "number for name", "2**70"],
)
@pytest.mark.parametrize("path", [INFER, SERVING])
def test_answers_that_no_reply_holds(path: str, value: Any) -> None:
    """The answer that cannot be encoded is the model's fault, in every protocol: 500."""
    with EchoServer(Predict(lambda _: value)) as server:
        reply = ask(server.rest_port, path, json.dumps(BY_PATH[path]), JSON)
        assert (reply.status, reply.json.keys()) == (500, {"error"})
        assert reply.json["error"].startswith("expected ")
        assert " in the answer of the model" in reply.json["error"]
        for method, protocol in list(METHODS.items())[2:]:
            assert refused(server.grpc_port, method, grpc_body(protocol))[0] == "INTERNAL"


def test_outputs_that_are_asked_for() -> None:
    """An output that the model does not give is the mistake of the request: 400."""
    asked = {**ONE, "outputs": [{"name": "z"}]}
    with EchoServer(Predict(lambda x: {"y": x})) as server:
        reply = ask(server.rest_port, INFER, json.dumps(asked), JSON)
        assert (reply.status, "'z'" in reply.json["error"], "'y'" in reply.json["error"]) == (
            400,
            True,
            True,
        )
        body = tw.get_protocol("tfserving/protobuf").encode(
            tw.tfserving.PredictRequest({"x": np.ones(1)}, "m", output_filter=["z"])
        )[0]
        method = "/tensorflow.serving.PredictionService/Predict"
        assert refused(server.grpc_port, method, body)[0] == "INVALID_ARGUMENT"


def test_predict_raw_and_its_own_errors() -> None:
    """An error of decoding is 400 where the request is wrong, and else the model's own: 500."""

    class Raw:
        def predict_raw(self, message: RawMessage) -> bytes:
            tw.get_protocol(message.protocol).decode(message.body, message.headers)
            tw.loads(b"{", "application/json")  # not what the client has sent
            return message.body

    with EchoServer(Raw()) as server:
        reply = ask(server.rest_port, SELDON, b'{"data":{"ndarray":[[1],[]]}}', JSON)
        assert (reply.status, reply.json["status"]["reason"]) == (400, "MICROSERVICE_BAD_DATA")
        reply = ask(server.rest_port, SELDON, json.dumps(TENSOR), JSON)
        assert reply.status == 500
        assert reply.json["status"]["reason"] == "MICROSERVICE_INTERNAL_ERROR"
        method = "/seldon.protos.Seldon/Predict"
        assert refused(server.grpc_port, method, b"\xff")[0] == "INVALID_ARGUMENT"
        assert refused(server.grpc_port, method, grpc_body("seldon/protobuf"))[0] == "INTERNAL"


@pytest.mark.parametrize("answer", [5, {"a": 1}, object()], ids=["5", "dict", "object"])
def test_predict_raw_that_gives_no_message(answer: Any) -> None:
    """What is neither bytes nor a message is the model's fault."""

    class Raw:
        def predict_raw(self, _: RawMessage) -> Any:
            return answer

    with EchoServer(Raw(), grpc_port=None) as server:
        for path, message in BY_PATH.items():
            assert ask(server.rest_port, path, json.dumps(message), JSON).status == 500


def test_class_names_metadata_and_feedback() -> None:
    """The other methods of a model are guarded as `predict` is."""

    class Wrong(Predict):
        def class_names(self) -> Any:
            return 5

        def init_metadata(self) -> Any:
            raise SystemExit

        def send_feedback(self, *_: Any) -> Any:
            return object()

    with EchoServer(Wrong(lambda x: x)) as server:
        assert ask(server.rest_port, SELDON, json.dumps(TENSOR), JSON).status == 500
        assert ask(server.rest_port, "/v2/models/m").status == 500
        feedback = json.dumps({"request": TENSOR, "reward": 1})
        assert ask(server.rest_port, "/send-feedback", feedback, JSON).status == 500
        wrong = b'{"request": {"data": {"ndarray": [[1], []]}}}'
        assert ask(server.rest_port, "/send-feedback", wrong, JSON).status == 400
        method = "/inference.GRPCInferenceService/ModelMetadata"
        assert refused(server.grpc_port, method, b"\x0a\x01m")[0] == "INTERNAL"
        assert call(server.grpc_port, "/inference.GRPCInferenceService/ServerLive", b"")


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"classification": 3}, "$.outputs[0].parameters.classification"),
        (
            {"shared_memory_region": "r", "shared_memory_byte_size": 8},
            "$.outputs[0].parameters.shared_memory_region",
        ),
        ({"binary_data": "yes"}, "$.outputs[0].parameters.binary_data"),
    ],
    ids=str,
)
@pytest.mark.parametrize("model", [None, Predict(lambda x: x)], ids=["echo", "model"])
def test_extensions_that_are_not_there(model: Any, parameters: Any, place: str) -> None:
    """Classification and shared memory are refused, not passed over."""
    asked = {**ONE, "outputs": [{"name": "x", "parameters": parameters}]}
    with EchoServer(model) as server:
        reply = ask(server.rest_port, INFER, json.dumps(asked), JSON)
        assert (reply.status, place in reply.json["error"]) == (400, True)
        request: Any = message_class("inference.ModelInferRequest")(
            inputs=[{"name": "x", "datatype": "FP32", "shape": [1]}],
            raw_input_contents=[b"\0\0\0\0"],
            outputs=[{"name": "x"}],
        )
        for name, value in parameters.items():
            choice = "int64_param" if isinstance(value, int) else "string_param"
            setattr(request.outputs[0].parameters[name], choice, value)
        method = "/inference.GRPCInferenceService/ModelInfer"
        code, details = refused(server.grpc_port, method, request.SerializeToString())
        assert (code, place in details) == ("INVALID_ARGUMENT", True)
        none = {**ONE, "outputs": [{"name": "x", "parameters": {"classification": 0}}]}
        assert ask(server.rest_port, INFER, json.dumps(none), JSON).status == 200
