"""Clients that are wrong, slow or gone; after each, the next good one is answered."""

from __future__ import annotations

import gzip
import json
import random
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, ServerLimits
from tensorwire.server.uvicorn_server import Connection
from tests.support.server_clients import JSON, PROTOBUF, ask, call, refused, set_limit, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOOD = {"data": {"ndarray": [[1.5, 2.0]]}}
HOUR = 3600.0
BOUNDS: dict[str, Any] = {"body": 1 << 20, "head": 8 << 10}
PATIENT: dict[str, Any] = BOUNDS | {"timeout": HOUR, "head_timeout": HOUR}
LIMITS = ServerLimits(**PATIENT)
HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
LENGTH = b"Content-Length: 15\r\n\r\n"
BODILESS = [HEAD + LENGTH, HEAD + LENGTH + b'{"str']


@pytest.fixture(scope="module")
def server() -> Iterator[EchoServer]:
    """Run an echo that refuses what is large, and waits for what is slow."""
    with EchoServer(limits=LIMITS) as server:
        yield server


@contextmanager
def losing_patience(name: str) -> Iterator[tuple[EchoServer, Callable[[], None]]]:
    """Run an echo that waits until it is told not to; afterwards it answers the next good one."""
    limits = ServerLimits(**PATIENT)
    with EchoServer(limits=limits) as server:
        yield server, lambda: set_limit(limits, name, 0.3)
        set_limit(limits, name, HOUR)
        assert ask(server.rest_port, "/predict", json.dumps(GOOD), JSON).json == GOOD


@pytest.fixture(autouse=True)
def the_next_good_one(server: EchoServer) -> Iterator[None]:
    """Ask rightly after every test."""
    yield
    assert ask(server.rest_port, "/predict", json.dumps(GOOD), JSON).json == GOOD
    body = tw.get_codec("protobuf/tensor").encode(np.arange(3.0))
    assert call(server.grpc_port, "/seldon.protos.Seldon/Predict", body) == body


def connected(server: EchoServer) -> socket.socket:
    """Return a connection of a client."""
    return socket.create_connection(("127.0.0.1", server.rest_port or 0))


def talk(server: EchoServer, *sent: bytes, half_close: bool = False) -> bytes:
    """Send bytes as they are, and give all that comes back before the connection is closed."""
    with closing(connected(server)) as client:
        received = b""
        try:
            for part in sent:
                client.sendall(part)
            if half_close:
                client.shutdown(socket.SHUT_WR)
            while part := client.recv(1 << 16):
                received += part
        except ConnectionError:
            pass
        return received


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /predict HTTP/9.9\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 5x\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
        HEAD + b"No colon\r\n\r\n",
        HEAD + b"X: \0\r\n\r\n",
    ],
    ids=repr,
)
def test_what_is_no_http(server: EchoServer, request_bytes: bytes) -> None:
    """It is 400 or nothing, and the connection is closed."""
    status = talk(server, request_bytes)[9:12]
    assert status in (b"400", b"404", b"")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * (1 << 20),
        HEAD + b"X-Long: " + b"a" * (1 << 20),
        HEAD + b"X-Many: a\r\n" * 100_000,
        b"\r\n" * 100_000,
    ],
    ids=["path", "header", "headers", "empty lines"],
)
def test_a_head_without_end(server: EchoServer, head: bytes) -> None:
    """It is refused when it is too long, not kept."""
    assert talk(server, head)[9:12] in (b"431", b"400", b"")


def test_heads_that_fit(server: EchoServer) -> None:
    """Requests on one connection do not add up to a long head."""
    head = HEAD + b"X: " + b"a" * 4000 + b"\r\nContent-Length: 15\r\n"
    body = b'\r\n{"strData":"x"}'
    last = head + b"Connection: close\r\n" + body
    assert talk(server, *[head + body] * 5, last).count(b"200 OK") == 6


def test_slow_clients() -> None:
    """Who does not go on in time is told so, where a request has begun, and let go."""
    for name, starts in (("head_timeout", [b"", b"\r\n", b"POST", HEAD]), ("timeout", BODILESS)):
        limits = ServerLimits(**PATIENT | {name: 0.3})
        with EchoServer(limits=limits) as server, ThreadPoolExecutor(len(starts)) as pool:
            replies = list(pool.map(partial(talk, server), starts))
            assert all(reply[9:12] in (b"408", b"") for reply in replies)
            set_limit(limits, name, HOUR)
            assert ask(server.rest_port, "/predict", json.dumps(GOOD), JSON).json == GOOD


def test_half_a_body(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not send the body in time is told so, if the connection is not ended first."""
    monkeypatch.setattr(Connection, "look", lambda *_: None)
    with EchoServer(limits=ServerLimits(**PATIENT | {"timeout": 0.3})) as server:
        assert b"expected the whole body within 0.3 s" in talk(server, BODILESS[1])


def test_slowloris() -> None:
    """A hundred clients that send a byte now and then are no hindrance, and are let go."""
    with losing_patience("head_timeout") as (server, now):
        clients = [connected(server) for _ in range(100)]
        for byte in HEAD[:8]:
            for client in clients:
                client.sendall(bytes([byte]))
            assert ask(server.rest_port, "/predict", json.dumps(GOOD), JSON).json == GOOD
        now()
        for client in clients:
            assert client.recv(100)[9:12] in (b"408", b"")
            client.close()


def test_slow_readers() -> None:
    """Who does not read a large reply is let go, whatever is still to be sent."""
    body = json.dumps({"binData": "A" * 1_000_000}).encode()
    request = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with losing_patience("timeout") as (server, now), closing(socket.socket()) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", server.rest_port or 0))
        client.settimeout(0)
        pending = memoryview(request * 20)

        def is_stuck() -> bool:
            nonlocal pending
            with suppress(BlockingIOError):  # the server reads on when its reply is read
                pending = pending[client.send(pending) :]
            return any(each.transport.get_write_buffer_size() for each in connections(server))

        until(is_stuck)
        assert open_connections(server) == 1
        now()
        until(lambda: not open_connections(server))


def connections(server: EchoServer) -> list[Any]:
    """Return the connections that uvicorn has."""
    (rest, _) = server._transports
    return list(rest._server.server_state.connections)  # type: ignore[union-attr]


def open_connections(server: EchoServer) -> int:
    """Count them."""
    return len(connections(server))


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"Content-Length: 15\r\n\r\n",
        HEAD + b'Content-Length: 15\r\n\r\n{"strData":',
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        HEAD[:20],
    ],
    ids=repr,
)
def test_clients_that_leave_in_the_middle(server: EchoServer, sent: bytes) -> None:
    """Nobody answers a client that is gone, and nothing is logged as a fault."""
    with closing(connected(server)) as client:
        client.sendall(sent)
    talk(server, sent, half_close=True)


def test_too_large_and_still_answered(server: EchoServer) -> None:
    """A body over the limit is read to its end, so that its sender hears of the limit."""
    reply = ask(server.rest_port, "/predict", bytes(3 << 20), JSON)
    assert reply.status == 413
    assert str(LIMITS.body) in reply.body.decode()
    assert reply.headers["connection"] == "close"
    chunks = (bytes(1 << 16) for _ in range(32))
    assert ask(server.rest_port, "/predict", chunks, JSON).status == 413


def test_no_end_of_body(server: EchoServer) -> None:
    """A body that goes on beyond all bounds is not read to its end."""
    received = talk(server, HEAD + b"Content-Length: 99999999999\r\n\r\n", *[bytes(1 << 20)] * 64)
    assert received[9:12] in (b"413", b"")


@pytest.mark.slow
def test_bombs(server: EchoServer) -> None:
    """Little that claims to be much is refused before it is made."""
    packed = gzip.compress(bytes(200 << 20))
    assert ask(server.rest_port, "/predict", packed, {"Content-Encoding": "gzip"}).status == 413
    claim = {"tensor": {"shape": [2**31 - 1], "values": []}}
    assert ask(server.rest_port, "/predict", json.dumps({"data": claim}), JSON).status in (400, 413)
    tensor: dict[str, Any] = {"dtype": "DT_FLOAT", "tensorShape": {"dim": [{"size": 2**40}]}}
    tensor["floatVal"] = [1.0]
    reply = ask(server.rest_port, "/predict", json.dumps({"data": {"tftensor": tensor}}), JSON)
    assert reply.status == 413
    deep = b"[" * 500_000
    assert ask(server.rest_port, "/predict", b'{"jsonData":' + deep, JSON).status == 400


def test_random_bytes(server: EchoServer) -> None:
    """No bytes whatever are answered with 500 or INTERNAL."""
    random_ = random.Random(1)  # noqa: S311 - the same bytes every time
    bodies = [
        codec_body(random_, name) for name in tw.codec_names() if "/" in name for _ in range(3)
    ]
    paths = ["/predict", "/v2/models/m/infer", "/v1/models/m:predict", "/api/v1.0/feedback"]
    types = [JSON, PROTOBUF, {"Content-Type": "application/msgpack"}]
    methods = ["seldon.protos.Model/SendFeedback", "inference.GRPCInferenceService/ModelInfer"]
    for body in bodies:
        for path in paths:
            for headers in types:
                assert ask(server.rest_port, path, body, headers).status in (200, 400, 413, 415)
        for method in [*methods, "tensorflow.serving.PredictionService/Predict"]:
            assert refused(server.grpc_port, f"/{method}", body)[0] in ("OK", "INVALID_ARGUMENT")


def codec_body(random_: random.Random, name: str) -> bytes:
    """Return a body of a codec with one byte changed."""
    try:
        body = bytearray(tw.get_codec(name).encode(np.arange(6.0)))
    except tw.CodecError:
        body = bytearray(random_.randbytes(40))
    body[random_.randrange(len(body))] = random_.randrange(256)
    return bytes(body)


def test_a_mixture_at_once(server: EchoServer) -> None:
    """Good requests among bad ones, all at once, get their own answers."""

    def good(i: int) -> bool:
        message = {"data": {"ndarray": [[float(i)]]}}
        return bool(ask(server.rest_port, "/predict", json.dumps(message), JSON).json == message)

    def good_grpc(i: int) -> bool:
        body = tw.get_codec("protobuf/tensor").encode(np.full(3, float(i)))
        return call(server.grpc_port, "/seldon.protos.Seldon/Predict", body) == body

    def bad(i: int) -> bool:
        return ask(server.rest_port, "/predict", b'{"data":' * (i + 1), JSON).status == 400

    def gone(i: int) -> bool:
        with closing(connected(server)) as client:
            client.sendall((HEAD + b"Content-Length: 15\r\n\r\n{")[: 10 + 9 * i])
        return True

    def bad_grpc(i: int) -> bool:
        return (
            refused(server.grpc_port, "/seldon.protos.Seldon/Predict", b"\xff" * (i + 1))[0]
            == "INVALID_ARGUMENT"
        )

    jobs = [(job, i) for i in range(20) for job in (good, bad, gone, good_grpc, bad_grpc)]
    random.Random(2).shuffle(jobs)  # noqa: S311
    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(lambda job: job[0](job[1]), jobs))


class Slow:
    """A model that waits to be told."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.calls = 0

    def predict(self, X: Any) -> Any:  # noqa: N803
        """Wait, and echo."""
        self.calls += 1
        self.go.wait()
        return X


def test_callers_who_do_not_wait() -> None:
    """A call whose client is gone before the model has a thread for it costs the model nothing."""
    model = Slow()
    body = tw.get_codec("protobuf/tensor").encode(np.ones(1))
    with EchoServer(model, limits=ServerLimits(threads=1, timeout=HOUR)) as server:
        message = HEAD + b'Content-Length: 15\r\n\r\n{"strData":"x"}'
        clients = [connected(server) for _ in range(5)]
        for client in clients:
            client.sendall(message)
        with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
            method: Any = channel.unary_unary("/seldon.protos.Seldon/Predict")
            calls = [method.future(body) for _ in range(5)]
            live: Any = channel.unary_unary("/inference.GRPCInferenceService/ServerLive")
            until(lambda: model.calls)
            live(b"")  # on the connection of the calls, which the server has seen, too, then
            for client in clients:
                client.close()
            for future in calls:
                future.cancel()
            # What was sent before these are answered has been seen: that nobody waits any more.
            live(b"")
            until(lambda: not open_connections(server))
            assert ask(server.rest_port, "/live").status == 200
            model.go.set()
            assert call(server.grpc_port, "/seldon.protos.Seldon/Predict", body) == body
    assert model.calls == 2
