"""The server over gRPC, as grpcio's channels, health client and reflection client see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)


from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import call, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

PREDICT = "/seldon.protos.Seldon/Predict"
INFER = "/inference.GRPCInferenceService/ModelInfer"
SERVING = "/tensorflow.serving.PredictionService/Predict"


@pytest.fixture(scope="module")
def port() -> Iterator[int | None]:
    """Run an echo, gRPC alone."""
    with EchoServer(rest_port=None, limits=ServerLimits(body=1 << 20)) as server:
        yield server.grpc_port


def typed(port: int, method: str, request: str, response: str, /, **members: Any) -> Any:
    """Call a method with the official runtime's messages, as generated stubs do."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = channel.unary_unary(
            method,
            request_serializer=message_class(request).SerializeToString,
            response_deserializer=message_class(response).FromString,
        )
        return stub(message_class(request)(**members))


def oip(port: int, name: str, /, **members: Any) -> Any:
    """Call a method of the Open Inference Protocol."""
    method = f"/inference.GRPCInferenceService/{name}"
    return typed(port, method, f"inference.{name}Request", f"inference.{name}Response", **members)


@pytest.mark.parametrize("service", ["Seldon", "Model"])
def test_seldon(port: int, service: str) -> None:
    """A SeldonMessage comes back as it was sent, and feedback is taken."""
    message = {
        "data": {"names": ["a"], "tensor": {"shape": [1, 1], "values": [2.5]}},
        "meta": {"puid": "7"},
    }
    name = "seldon.protos.SeldonMessage"
    got = typed(port, f"/seldon.protos.{service}/Predict", name, name, **message)
    assert got == message_class(name)(**message)
    feedback = {"request": {"strData": "x"}, "reward": 0.5}
    method = f"/seldon.protos.{service}/SendFeedback"
    reply = typed(port, method, "seldon.protos.Feedback", name, **feedback)
    assert reply.WhichOneof("data_oneof") is None


def test_oip_raw_and_typed(port: int) -> None:
    """Raw contents are answered with raw contents, typed ones with typed ones."""
    tensor = {"name": "x", "datatype": "FP32", "shape": [2]}
    raw = np.array([1.5, 2.5], "<f4").tobytes()
    reply = oip(
        port, "ModelInfer", model_name="m", id="9", inputs=[tensor], raw_input_contents=[raw]
    )
    assert (list(reply.raw_output_contents), reply.id, reply.model_name) == ([raw], "9", "m")
    inputs = [{**tensor, "contents": {"fp32_contents": [1.5, 2.5]}}]
    reply = oip(port, "ModelInfer", inputs=inputs)
    assert list(reply.outputs[0].contents.fp32_contents) == [1.5, 2.5]
    assert not reply.raw_output_contents


def test_oip_about_the_server(port: int) -> None:
    """The methods that carry no array answer with the official messages."""
    assert oip(port, "ServerLive").live
    assert oip(port, "ServerReady").ready
    assert oip(port, "ModelReady", name="m").ready
    assert oip(port, "ServerMetadata").version == tw.__version__
    assert oip(port, "ModelMetadata", name="m", version="2").name == "m"


def test_tfserving(port: int) -> None:
    """Arrays come back by name, with the model and version that were asked for."""
    tensor = message_class("tensorflow.TensorProto")
    array = tensor(dtype=3, tensor_shape={"dim": [{"size": 1}]}, int_val=[7])
    reply = typed(
        port,
        SERVING,
        "tensorflow.serving.PredictRequest",
        "tensorflow.serving.PredictResponse",
        model_spec={"name": "m", "version": {"value": 3}},
        inputs={"x": array, "y": array},
        output_filter=["y"],
    )
    assert list(reply.outputs) == ["y"]
    assert list(reply.outputs["y"].int_val) == [7]
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("m", 3)


@pytest.mark.parametrize(
    ("method", "body"),
    [
        (PREDICT, b"\xff"),
        (PREDICT, b""),
        ("/seldon.protos.Seldon/SendFeedback", b"\xff"),
        (INFER, b"\xff"),
        (INFER, b"\x2a\x02\x0a\x00"),
        ("/inference.GRPCInferenceService/ServerLive", b"\xff"),
        (SERVING, b"\x12\xff"),
    ],
)
def test_bad_input(port: int, method: str, body: bytes) -> None:
    """Bytes that are wrong are INVALID_ARGUMENT, with the place in the text."""
    code, details = refused(port, method, body)
    assert code == "INVALID_ARGUMENT"
    assert details


def test_bad_text_in_an_error(port: int) -> None:
    """What is wrong may quote what was sent, however long, in a text that gRPC can carry."""
    name = "\u20ac" * 100_000
    body, _ = tw.get_protocol("oip/protobuf").encode(
        tw.oip.InferRequest([], outputs=[tw.oip.RequestedOutput(name)])
    )
    code, details = refused(port, INFER, body)
    assert code == "INVALID_ARGUMENT"
    assert "\u20ac\u20ac" in details


def test_unknown_methods(port: int) -> None:
    """A method that is not there is UNIMPLEMENTED."""
    assert refused(port, "/seldon.protos.Seldon/Nope", b"")[0] == "UNIMPLEMENTED"
    assert refused(port, "/nope.Nope/Nope", b"")[0] == "UNIMPLEMENTED"


def test_too_large(port: int) -> None:
    """A message over the limit is RESOURCE_EXHAUSTED, as sent and as inflated; the next is fine."""
    body = tw.get_codec("protobuf/raw").encode(bytes(2 << 20))
    assert refused(port, PREDICT, body)[0] == "RESOURCE_EXHAUSTED"
    packed = {"compression": grpc.Compression.Gzip}
    assert refused(port, PREDICT, body, **packed)[0] == "RESOURCE_EXHAUSTED"
    small = tw.get_codec("protobuf/raw").encode(bytes(1000))
    assert call(port, PREDICT, small, **packed) == small


def test_big_replies(port: int) -> None:
    """A reply is as large as it has to be."""
    body = tw.get_codec("protobuf/tensor").encode(np.arange(130_000.0))
    assert call(port, PREDICT, body) == body
