"""The standard services of gRPC: health and reflection, as their own clients see them."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import grpc
import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import call, until

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
    """Who watches is told that the server goes."""
    seen: list[int] = []
    with EchoServer(rest_port=None) as server:
        channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        stub: Any = health_pb2_grpc.HealthStub(channel)
        watch = stub.Watch(health_pb2.HealthCheckRequest())

        def follow() -> None:
            try:
                seen.extend(reply.status for reply in watch)
            except grpc.RpcError:
                return

        thread = threading.Thread(target=follow)
        thread.start()
        until(lambda: seen)
    watch.cancel()
    thread.join()
    channel.close()
    assert seen[:2] == [1, 2]


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
