"""The standard services of gRPC: health and reflection, as their own clients see them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import grpc
import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tensorwire.server import EchoServer, ServerLimits
from tensorwire.server.grpc_standard import Standard
from tests.support.server_clients import HOUR, Gate, call

if TYPE_CHECKING:
    from collections.abc import Iterator

INFER = "/inference.GRPCInferenceService/ModelInfer"
SERVICES = {
    "seldon.protos.Seldon",
    "seldon.protos.Model",
    "inference.GRPCInferenceService",
    "tensorflow.serving.PredictionService",
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
}


@pytest.fixture(scope="module")
def port() -> Iterator[int | None]:
    """Run an echo, gRPC alone."""
    with EchoServer(rest_port=None, limits=ServerLimits(body=1 << 20)) as server:
        yield server.grpc_port


def test_health(port: int) -> None:
    """The standard health client is told that every service is there, and which one is not."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        for name in ("", "seldon.protos.Seldon", "inference.GRPCInferenceService"):
            reply = stub.Check(health_pb2.HealthCheckRequest(service=name))
            assert reply.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as caught:
            stub.Check(health_pb2.HealthCheckRequest(service="nope"))
        assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_health_is_watched_to_the_end() -> None:
    """Who watches is told that the server goes, and the stream ends by itself."""
    with EchoServer(rest_port=None) as server:
        channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        before = next(watch).status
    after = [reply.status for reply in watch]
    channel.close()
    statuses = health_pb2.HealthCheckResponse
    assert before == statuses.SERVING
    assert after == [statuses.NOT_SERVING]
    assert watch.code() is grpc.StatusCode.OK


def test_health_does_not_wait_for_the_model() -> None:
    """Who watches is told at once, and of the end, while the model has the only thread."""
    model, statuses = Gate(), health_pb2.HealthCheckResponse
    limits = ServerLimits(threads=1, timeout=HOUR, grace=HOUR)
    with EchoServer(model, rest_port=None, limits=limits) as server:
        channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        predict: Any = channel.unary_unary("/seldon.protos.Seldon/Predict")
        answer = predict.future(tw.get_codec("protobuf/tensor").encode(np.ones(1)))
        model.begun.acquire()
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == statuses.SERVING
        closing = threading.Thread(target=server.close)
        closing.start()
        assert [reply.status for reply in watch] == [statuses.NOT_SERVING]
        model.open.set()
        assert answer.result()
        closing.join()
    channel.close()


def test_a_stream_that_comes_late() -> None:
    """One that gets its thread after the end is told of it, and ends, too."""
    standard, sent = Standard(["s"]), list[Any]()
    standard.stop()
    standard._watch(health_pb2.HealthCheckRequest(service="s"), Mock(), sent.append)
    context = Mock()
    assert list(standard._info(iter(()), context)) == []
    standard.close()
    not_serving = health_pb2.HealthCheckResponse.NOT_SERVING
    assert sent == [health_pb2.HealthCheckResponse(status=not_serving), None]
    context.cancel.assert_called_once_with()


def test_reflection_builds_a_client(port: int) -> None:
    """A client that knows no schema learns it, and makes a call, as grpcurl does."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert set(database.get_services()) == SERVICES
        pool = DescriptorPool(database)
        for name in SERVICES - {"grpc.reflection.v1.ServerReflection"}:
            assert pool.FindServiceByName(name).methods
        service = pool.FindServiceByName("inference.GRPCInferenceService")
        method = service.methods_by_name["ModelInfer"]
        request = GetMessageClass(method.input_type)(id="5")
        reply: Any = GetMessageClass(method.output_type).FromString(
            call(port, INFER, request.SerializeToString())
        )
        assert reply.id == "5"
        health = pool.FindMessageTypeByName("grpc.health.v1.HealthCheckRequest")
        assert health.fields_by_name["service"].number == 1
