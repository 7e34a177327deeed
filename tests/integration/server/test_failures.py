"""What fails leaves nothing behind: no body in memory, no thread lost; its client is told why."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import socket
import threading
import tracemalloc
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import HOUR, JSON, Gate, ask, call, refused, set_limit, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PREDICT = "/seldon.protos.Seldon/Predict"
ONE = tw.get_codec("protobuf/tensor").encode(np.ones(1))
SMALL = b'{"data":{"ndarray":[1.5]}}'
MIB = 1 << 20
LARGE = 300_000  # bytes: more than what is answered in the event loop
CHUNKED = {**JSON, "Expect": "100-continue"}  # read by way of ASGI


class Failing:
    """A model that raises what it is told to."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.error = error

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Raise."""
        if self.error is not None:
            raise self.error
        return X


class FailingNames(Failing):
    """A model whose names cannot be read."""

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Echo."""
        return X

    @property
    def class_names(self) -> list[str]:
        """Raise."""
        if self.error is not None:
            raise self.error
        return ["a"]


class Unreadable:
    """An answer that cannot be read."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise self.error


class FailingValue(Failing):
    """A model whose answer cannot be read."""

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Return it."""
        return X if self.error is None else Unreadable(self.error)


class FailingRaw(Failing):
    """A model of bytes."""

    def predict_raw(self, message: Any) -> Any:
        """Raise."""
        if self.error is not None:
            raise self.error
        return message.body


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.parametrize("kind", [Failing, FailingNames, FailingValue, FailingRaw])
def test_what_ends_processes(
    kind: type[Failing], error: BaseException, caplog: pytest.LogCaptureFixture
) -> None:
    """A model that raises it gets its clients an error, a log line and a count; others go on."""
    model = kind(error)
    with (
        caplog.at_level(logging.ERROR, "tensorwire.server"),
        EchoServer(model, limits=ServerLimits(threads=1, timeout=HOUR)) as server,
    ):
        for _ in range(2):
            assert ask(server.rest_port, "/predict", SMALL, JSON).status == 500
            assert ask(server.rest_port, "/predict", SMALL, CHUNKED).status == 500
            code, details = refused(server.grpc_port, PREDICT, ONE)
            assert (code, type(error).__name__ in details) == ("INTERNAL", True)
        model.error = None
        assert ask(server.rest_port, "/predict", SMALL, JSON).status == 200
        assert refused(server.grpc_port, PREDICT, ONE)[0] == "OK"
        text = ask(server.rest_port, "/metrics").body.decode()
    assert 'requests_total{code="500",route="/predict",transport="rest"} 4.0\n' in text
    assert f'requests_total{{code="INTERNAL",route="{PREDICT}",transport="grpc"}} 2.0\n' in text
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 6


@contextmanager
def measured(bound: int) -> Iterator[None]:
    """Check that no more than so many bytes are left, though the garbage is not collected."""
    log = logging.getLogger("tensorwire.server")
    log.disabled = True  # pytest keeps the records, and those the tracebacks
    gc.collect()
    gc.disable()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        yield
        assert tracemalloc.get_traced_memory()[0] - before < bound
    finally:
        tracemalloc.stop()
        gc.enable()
        log.disabled = False


def wrong_shape(size: int) -> bytes:
    """Build a message whose last row is too short."""
    long = b"[1.%b,2]," % (b"0" * 1000)  # few numbers: tracemalloc makes each of them slow
    return b'{"data":{"ndarray":[' + long * (size // 1000 + 1) + b"[5]]}}"


@pytest.mark.parametrize(
    ("path", "build", "status"),
    [
        ("/predict", wrong_shape, 400),
        ("/predict", lambda size: b"[" * size, 400),
        ("/predict", lambda size: b'{"strData":"' + b"x" * size + b'"}', 500),
        ("/predict", lambda size: json.dumps({"binData": "A" * size}).encode(), 500),
        ("/v2/models/m/infer", lambda size: b'{"inputs":[{"name":"' + b"x" * size + b'"}]}', 400),
        ("/v1/models/m:predict", lambda size: b'{"instances":["' + b"x" * size + b'",[1]]}', 400),
    ],
    ids=["rows", "brackets", "text", "bytes", "oip", "tfserving"],
)
@pytest.mark.parametrize("headers", [JSON, CHUNKED], ids=["whole", "asgi"])
def test_bodies_of_failed_requests(
    path: str, build: Callable[[int], bytes], status: int, headers: dict[str, str]
) -> None:
    """None of them survives its reply, in a reference cycle or elsewhere."""
    model = Failing(ValueError("no"))
    body, small = build(LARGE), build(60)
    with EchoServer(model, grpc_port=None, limits=ServerLimits(timeout=HOUR)) as server:
        assert ask(server.rest_port, path, body, headers).status == status
        with measured(3 * LARGE):
            for _ in range(9):
                assert ask(server.rest_port, path, body, headers).status == status
            ask(server.rest_port, path, small, headers)


def test_bodies_of_failed_calls() -> None:
    """Nor of gRPC, whether the message is wrong or the model fails."""
    text = tw.get_codec("protobuf/raw").encode(bytes(MIB))
    with EchoServer(Failing(ValueError("no")), None, limits=ServerLimits(timeout=HOUR)) as server:
        for body, code in ((text, "INTERNAL"), (b"\xff" * MIB, "INVALID_ARGUMENT")):
            assert refused(server.grpc_port, PREDICT, body)[0] == code
            with measured(4 * MIB):
                for _ in range(12):
                    assert refused(server.grpc_port, PREDICT, body)[0] == code
                refused(server.grpc_port, PREDICT, ONE)


def request(body: bytes, *lines: bytes) -> bytes:
    """Build a request."""
    head = (b"POST /predict HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), *lines)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


@pytest.mark.parametrize("size", [30_000, MIB], ids=["whole", "asgi"])
def test_bodies_whose_clients_have_gone(size: int) -> None:
    """They leave the queue of the model when their client goes."""
    model = Gate()
    count = 20 * MIB // size
    body = json.dumps({"strData": "x" * size}).encode()
    limits = ServerLimits(threads=1, timeout=HOUR)
    with EchoServer(model, grpc_port=None, limits=limits) as server, measured(12 * MIB):
        address = ("127.0.0.1", server.rest_port or 0)
        clients = [socket.create_connection(address) for _ in range(count)]
        for client in clients:
            client.sendall(request(body))
        until(lambda: server.app.intake.active == count)
        model.begun.acquire()
        del client
        while clients:
            clients.pop().close()
        until(lambda: server.app.intake.active == 0)
        assert ask(server.rest_port, "/live").status == 200
        model.open.set()


@pytest.mark.parametrize("size", [30_000, MIB], ids=["whole", "asgi"])
def test_bodies_whose_time_is_over(size: int) -> None:
    """They leave the queue of a model that hangs when their clients were told so."""
    model = Gate()
    count = 20 * MIB // size
    body = json.dumps({"strData": "x" * size}).encode()
    limits = ServerLimits(threads=1, timeout=HOUR, grace=1)
    with EchoServer(model, grpc_port=None, limits=limits) as server:
        address = ("127.0.0.1", server.rest_port or 0)
        with closing(socket.create_connection(address)) as first:
            first.sendall(request(SMALL))
            model.begun.acquire()
            set_limit(limits, "timeout", 0.5)
            with measured(12 * MIB):
                clients = [socket.create_connection(address) for _ in range(count)]
                for client in clients:
                    client.sendall(request(body, b"Connection: close"))
                for client in clients:
                    received = b""
                    while part := client.recv(1 << 16):
                        received += part
                    assert received[9:12] == b"504"
                    client.close()
                assert ask(server.rest_port, "/live").status == 200
            model.open.set()


def test_calls_whose_time_is_over() -> None:
    """Messages of gRPC leave that queue too."""
    model = Gate()
    body = tw.get_codec("protobuf/raw").encode(bytes(MIB))
    limits = ServerLimits(threads=1, timeout=HOUR, grace=1)
    with EchoServer(model, None, limits=limits) as server:
        channel = grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}")
        stub: Any = channel.unary_unary(PREDICT)
        first = stub.future(ONE)
        model.begun.acquire()
        set_limit(limits, "timeout", 0.5)
        with measured(12 * MIB):
            for _ in range(20):
                assert refused(server.grpc_port, PREDICT, body)[0] == "DEADLINE_EXCEEDED"
        model.open.set()
        first.exception()
        channel.close()


@pytest.mark.parametrize("path", ["/live", "/ready", "/metrics", "/v2/health/ready", "/"])
def test_probes_beside_unfinished_requests(path: str) -> None:
    """Requests whose bodies do not come leave room for probes."""
    limits = ServerLimits(concurrency=5, timeout=HOUR, head_timeout=HOUR, grace=0.1)
    with EchoServer(grpc_port=None, limits=limits) as server:
        address = ("127.0.0.1", server.rest_port or 0)
        clients = [socket.create_connection(address) for _ in range(12)]
        for client in clients:
            client.sendall(request(SMALL)[:-1])
        until(lambda: server.app.intake.active == 12)
        assert ask(server.rest_port, path).status == 200
        assert ask(server.rest_port, "/predict", SMALL, JSON).status == 503
        for client in clients:
            client.close()


def test_probes_beside_slow_metadata() -> None:
    """A model that takes its time to tell of itself delays no probe."""
    asked, told = threading.Event(), threading.Event()

    class Slow(Failing):
        def init_metadata(self) -> dict[str, Any]:
            asked.set()
            told.wait()
            return {"platform": "slow"}

    with EchoServer(Slow(), limits=ServerLimits(timeout=HOUR)) as server:
        found: list[Any] = []
        waiting = threading.Thread(
            target=lambda: found.append(ask(server.rest_port, "/v2/models/m").json)
        )
        waiting.start()
        asked.wait()
        assert ask(server.rest_port, "/live").status == 200
        live = "/inference.GRPCInferenceService/ServerLive"
        assert call(server.grpc_port, live, b"") == b"\x08\1"
        told.set()
        waiting.join()
    assert found[0]["platform"] == "slow"
