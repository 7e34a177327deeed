"""Calls of gRPC that do not go on: they keep no other call waiting, and end at the time limit."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from grpc_health.v1 import health_pb2, health_pb2_grpc

from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import HOUR, Gate, ask, call, refused, set_limit, until

if TYPE_CHECKING:
    from collections.abc import Iterator

PREDICT = "/seldon.protos.Seldon/Predict"
CHECK = "/grpc.health.v1.Health/Check"
LIVE = "/inference.GRPCInferenceService/ServerLive"
ONE = tw.get_codec("protobuf/tensor").encode(np.ones(1))


@contextmanager
def unfinished(server: EchoServer, method: str, count: int) -> Iterator[list[Any]]:
    """Open calls whose message does not come, on one connection; the server has seen them all."""
    go_on = threading.Event()

    def nothing() -> Iterator[bytes]:
        go_on.wait()
        yield from ()

    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        grpc.channel_ready_future(channel).result()  # calls before that may overtake one another
        stub: Any = channel.stream_unary(method)
        calls = [stub.future(nothing()) for _ in range(count)]
        # HEADERS of one connection arrive in order: with an answer to this one, those were seen.
        answered: Any = channel.unary_unary(LIVE)
        answered(b"")
        try:
            yield calls
        finally:
            go_on.set()


def is_serving(server: EchoServer) -> bool:
    """Ask the standard health service on a connection of its own."""
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        reply = stub.Check(health_pb2.HealthCheckRequest())
        return bool(reply.status == health_pb2.HealthCheckResponse.SERVING)


@pytest.mark.parametrize("model", [None, lambda value: value], ids=["echo", "model"])
def test_messages_that_do_not_come(model: Any) -> None:
    """Open calls without a message hold up neither calls nor probes."""
    limits = ServerLimits(threads=2, timeout=HOUR)
    with (
        EchoServer(model, limits=limits) as server,
        unfinished(server, PREDICT, 20),
        unfinished(server, CHECK, 20),
        unfinished(server, LIVE, 20),
    ):
        assert call(server.grpc_port, PREDICT, ONE) == ONE
        assert is_serving(server)
        assert call(server.grpc_port, LIVE, b"") == b"\x08\1"
        assert ask(server.rest_port, "/live").status == 200


@pytest.mark.parametrize("method", [PREDICT, CHECK, LIVE])
def test_they_end_at_the_time_limit(method: str) -> None:
    """Such a call is told that its time is over."""
    limits = ServerLimits(threads=2, timeout=HOUR)
    with (
        EchoServer(rest_port=None, limits=limits) as server,
        unfinished(server, method, 5) as calls,
    ):
        set_limit(limits, "timeout", 0.1)
        for each in calls:
            error = each.exception()
            assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED
            assert "0.1 s" in error.details()
        set_limit(limits, "timeout", HOUR)
        assert call(server.grpc_port, PREDICT, ONE) == ONE


def test_too_many_calls() -> None:
    """One call too many is refused; of probes the oldest is, so that the next is answered."""
    limits = ServerLimits(concurrency=3, timeout=HOUR)
    with EchoServer(rest_port=None, limits=limits) as server:
        with unfinished(server, PREDICT, 3):
            code, details = refused(server.grpc_port, PREDICT, ONE)
            assert (code, "at most 3 calls" in details) == ("RESOURCE_EXHAUSTED", True)
            assert is_serving(server)
        until(lambda: refused(server.grpc_port, PREDICT, ONE)[0] == "OK")
        with unfinished(server, CHECK, 3) as calls:
            assert is_serving(server)
            assert calls[0].exception().code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_a_slow_call_after_quick_ones() -> None:
    """A model that has been quick is not trusted: its slow call ends at the limit too."""
    model = Gate()
    model.open.set()
    limits = ServerLimits(threads=2, timeout=HOUR, grace=1)
    with EchoServer(model, rest_port=None, limits=limits) as server:
        for _ in range(3):
            assert call(server.grpc_port, PREDICT, ONE) == ONE
            model.begun.acquire()
        model.open.clear()
        set_limit(limits, "timeout", 0.1)
        assert refused(server.grpc_port, PREDICT, ONE)[0] == "DEADLINE_EXCEEDED"
        model.open.set()


HUNG = """
import threading
import grpc
import numpy as np
import tensorwire as tw
from tensorwire.server import EchoServer, ServerLimits

ONE = tw.get_codec("protobuf/tensor").encode(np.ones(1))
hangs = threading.Event()

class Model:
    calls = 0

    def predict(self, X):
        self.calls += 1
        if self.calls == 3:
            hangs.set()
            threading.Event().wait()
        return X

with EchoServer(Model(), None, limits=ServerLimits(grace=0.1)) as server:
    channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
    method = channel.unary_unary("/seldon.protos.Seldon/Predict")
    method(ONE), method(ONE)
    kept = method.future(ONE)  # one that nobody refers to is cancelled
    hangs.wait()
channel.close()
print("ended")
"""


@pytest.mark.slow
def test_a_hung_call_does_not_keep_the_process() -> None:
    """A process whose model hangs in a call ends all the same, also after quick calls."""
    done = subprocess.run([sys.executable, "-c", HUNG], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ended\n", "")
