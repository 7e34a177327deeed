"""Requests that came whole: answered as by way of ASGI, in order, and dropped with their client."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

import uvicorn
from uvicorn.server import ServerState

from tensorwire.server import EchoServer, RestApp, ServerLimits
from tensorwire.server.uvicorn_server import connection_class
from tensorwire.serving.refusals import Refusal, Status
from tests.support.server_clients import HOUR, JSON, Gate, Reply, answer, ask, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Thread

TEXT = b'{"data":{"ndarray":[[1,2.5]]}}'
INFER = b'{"inputs":[{"name":"x","datatype":"FP64","shape":[1],"data":[1.5]}]}'


class Doubling:
    """A model, whose answers are made in a thread."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Double."""
        return X + X


@pytest.fixture(scope="module", params=[None, Doubling()], ids=["echo", "model"])
def port(request: pytest.FixtureRequest) -> Iterator[int | None]:
    """Run a server whose limits a test reaches."""
    limits = ServerLimits(body=1 << 10, elements=3)
    with EchoServer(request.param, grpc_port=None, limits=limits) as server:
        yield server.rest_port


def ask_in_chunks(port: int | None, path: str, body: bytes, headers: dict[str, str]) -> Reply:
    """Send a body in chunks, of which ASGI reads the second after it has begun."""
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        parts = (body[at : at + 7] for at in range(0, len(body), 7))
        connection.request("POST", path, parts, headers, encode_chunked=True)
        return answer(connection)


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/predict", TEXT, JSON, 200),
        ("/predict?json=%7B%22strData%22%3A%22a%22%7D", b"", {}, 200),
        ("/predict/", b"json=%7B%22strData%22%3A%22a%22%7D", {}, 200),
        ("/v2/models/a%2Fb/infer", INFER, JSON, 200),
        ("/v1/models/m:predict", b'{"instances":[1,2]}', JSON, 200),
        ("/predict", gzip.compress(TEXT, mtime=0), {"Content-Encoding": "gzip"}, 200),
        ("/predict", b"{", JSON, 400),
        ("/predict", b"", JSON, 400),
        ("/predict", b'{"data":{"ndarray":[1,2,3,4]}}', JSON, 413),
        ("/predict", b'{"strData":"' + b"x" * 2000 + b'"}', JSON, 413),
        ("/predict", TEXT, {"Content-Type": "text/html"}, 415),
        ("/predict", TEXT, {**JSON, "Accept": "text/html"}, 406),
        ("/nowhere", TEXT, JSON, 404),
        ("/live", b"", {}, 405),
        ("/v2/models/m/infer", b"{", JSON, 400),
    ],
    ids=str,
)
def test_as_by_way_of_asgi(
    port: int | None, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    """Status, headers and body are those of the same request whose body comes in parts."""
    whole, parts = ask(port, path, body, headers), ask_in_chunks(port, path, body, headers)
    assert whole.status == status
    for reply in (whole, parts):
        reply.headers.pop("date")
    if status == 413 and len(body) > 1 << 10:  # a connection is closed where more may come
        whole.headers.pop("connection", "")
        parts.headers.pop("connection", "")
    assert whole == parts


def sent(body: bytes, *lines: bytes) -> bytes:
    """Build a request."""
    head = (b"POST /predict HTTP/1.1", b"Host: x", b"Content-Length: %d" % len(body), *lines)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


def number(value: int) -> bytes:
    """Build a message of one number."""
    return b'{"data":{"ndarray":[%d]}}' % value


def test_in_order(port: int | None) -> None:
    """Requests that are sent at once are answered in order, those for ASGI among them."""
    asgi = sent(number(1), b"Expect: 100-continue") + b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
    requests = sent(number(0)) + asgi + b"".join(sent(number(value)) for value in range(2, 30))
    last = sent(number(30), b"Connection: close")
    received = b""
    with closing(socket.create_connection(("127.0.0.1", port or 0))) as client:
        client.sendall(requests + last)
        while part := client.recv(1 << 16):
            received += part
    bodies = [text.rpartition(b"\r\n\r\n")[2] for text in received.split(b"HTTP/1.1 ")[1:]]
    values = [
        json.loads(body)["data"]["ndarray"][0] for body in bodies if body.startswith(b'{"data"')
    ]
    factor = values[-1] / 30
    assert values == [value * factor for value in range(31)]
    assert b'{"live":true}' in bodies[3]


def test_a_client_that_goes() -> None:
    """What waits for a thread is not called when its client has gone, and is not counted."""
    model = Gate()
    limits = ServerLimits(threads=1, timeout=HOUR)
    with EchoServer(model, grpc_port=None, limits=limits) as server:
        address = ("127.0.0.1", server.rest_port or 0)
        clients = [socket.create_connection(address) for _ in range(3)]
        for client in clients:
            client.sendall(sent(number(1)))
        until(lambda: server.app.intake.active == 3)
        model.begun.acquire()
        for client in clients:
            client.close()
        until(lambda: server.app.intake.active == 0)
        model.open.set()
        assert ask(server.rest_port, "/predict", number(2), JSON).status == 200
        model.begun.acquire()  # by that request
        assert not model.begun.acquire(blocking=False)


def test_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a thread for its model a server answers so, and it goes on when there is one."""

    def fails(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    with EchoServer(Doubling(), grpc_port=None, limits=ServerLimits(timeout=HOUR)) as server:
        with monkeypatch.context() as patch:
            patch.setattr("tensorwire.server.service.Thread.start", fails)
            whole = ask(server.rest_port, "/predict", number(1), JSON)
            parts = ask_in_chunks(server.rest_port, "/predict", number(1), JSON)
        assert (whole.status, whole.body) == (parts.status, parts.body)
        assert whole.status == 500
        assert server.app.intake.active == 0
        reply = ask(server.rest_port, "/predict", number(2), JSON)
        assert reply.json["data"]["ndarray"] == [4]


class Bare(Refusal):
    """A refusal without status and headers."""

    def __init__(self) -> None:
        Exception.__init__(self)


class Refusing:
    """A model that refuses."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Refuse, and let the client go; with a refusal that is none for other values than 0."""
        if X[0]:
            raise Bare
        raise Refusal(Status.BUSY, "expected less, got more", connection="close")


@pytest.mark.parametrize(("value", "status"), [(0, 503), (1, 500)])
def test_refusals_of_a_model(value: int, status: int) -> None:
    """The connection is closed if the refusal says so, and after one that cannot be sent."""
    request = sent(number(value))
    with EchoServer(Refusing(), grpc_port=None, limits=ServerLimits(timeout=HOUR)) as server:
        address = ("127.0.0.1", server.rest_port or 0)
        with closing(socket.create_connection(address)) as client:
            client.sendall(request * 2)
            received = b""
            while part := client.recv(1 << 16):
                received += part
        assert received.startswith(b"HTTP/1.1 %d " % status)
        assert received.count(b"HTTP/1.1 ") == 1
        assert received.lower().count(b"\r\nconnection: close\r\n") == 1
        parts = ask_in_chunks(server.rest_port, "/predict", number(value), JSON)
        assert (parts.status, parts.body) == (status, received.partition(b"\r\n\r\n")[2])


@pytest.mark.parametrize("size", [5, 1 << 20])
def test_urls_without_a_path(port: int | None, size: int) -> None:
    """One is refused before its body comes, which is not read as the body of nothing."""
    head = b"POST http://x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    with closing(socket.create_connection(("127.0.0.1", port or 0))) as client:
        client.sendall(sent(number(1)))
        first = client.recv(1 << 16)
        assert first.startswith(b"HTTP/1.1 200 ")
        client.sendall(head)
        received = b""
        while part := client.recv(1 << 16):
            received += part
    assert received.startswith(b"HTTP/1.1 400 ")


class Transport(asyncio.Transport):
    """What a connection writes to, in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed = b"", False

    def write(self, data: Any) -> None:
        """Keep what is written."""
        self.written += data

    def get_write_buffer_size(self) -> int:
        """Return the size of what waits to be sent: nothing."""
        return 0

    def is_closing(self) -> bool:
        """Return whether it is closed."""
        return self.closed

    def close(self) -> None:
        """Close."""
        self.closed = True


@pytest.mark.parametrize(
    ("data", "seconds", "written"),
    [
        (b"", 5, b""),
        (sent(number(1))[:20], 10, b"HTTP/1.1 408"),
        (sent(number(1))[:-1], 60, b"HTTP/1.1 408"),
        (sent(number(1), b"Expect: 100-continue")[:-1], 60, b"HTTP/1.1 408"),
    ],
    ids=["idle", "in a head", "in a body", "in a body for ASGI"],
)
def test_how_long_a_connection_stays(data: bytes, seconds: int, written: bytes) -> None:
    """It ends when nothing comes: after a request, within a head, and within a body."""

    async def talk() -> None:
        app = RestApp()
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None)
        made: Any = connection_class(app)
        connection, transport = made(config, ServerState(), {}), Transport()
        connection.connection_made(transport)
        connection.data_received(sent(number(1)))
        assert transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
        connection.look(900.0)
        connection.data_received(sent(number(1)))
        connection.data_received(data)
        transport.written = b""
        connection.look(1000.0)
        connection.look(1000.0 + seconds)
        stays = not transport.closed
        connection.look(1000.0 + seconds + 0.5)
        assert (stays, transport.closed) == (True, True)
        assert transport.written.startswith(written)
        connection.connection_lost(None)
        await asyncio.sleep(0)

    asyncio.run(talk())


class Unread(Transport):
    """A transport whose client sends and does not read: what is written stays in its buffer."""

    connection: Any
    paused = False

    def write(self, data: Any) -> None:
        """Keep what is written, and tell when it is too much."""
        super().write(data)
        if len(self.written) > 1 << 16:
            self.connection.pause_writing()

    def pause_reading(self) -> None:
        """Read no more."""
        self.paused = True

    def resume_reading(self) -> None:
        """Read again."""
        self.paused = False


class GateOfTwo(Gate):
    """A model that waits with the number 2."""

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Wait or not, and echo."""
        return super().predict(X) if X[0] == 2 else X


def test_idle_time_ends_with_a_request() -> None:
    """A request that waited behind others is not disconnected as if its connection were idle."""
    model = GateOfTwo()
    others = sent(number(1)) + b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
    request = sent(number(2), b"X-Long: " + b"x" * 20_000)  # more than is parsed at once

    async def talk() -> None:
        app = RestApp(model)
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None)
        made: Any = connection_class(app)
        connection, transport = made(config, ServerState(), {}), Unread()
        transport.connection = connection
        connection.connection_made(transport)
        connection.data_received(others + request)
        while not model.begun.acquire(blocking=False):  # noqa: ASYNC110 - of another thread
            await asyncio.sleep(0.001)
        assert transport.written.count(b"HTTP/1.1 200 ") == 2
        assert connection.timeout_keep_alive_task is None
        model.open.set()
        while transport.written.count(b"HTTP/1.1 200 ") < 3:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.001)
        connection.connection_lost(None)

    asyncio.run(talk())


@pytest.mark.parametrize(
    "request_bytes",
    [b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n", sent(number(1)), sent(b"{")],
    ids=["get", "post", "wrong"],
)
def test_a_client_that_does_not_read(request_bytes: bytes) -> None:
    """No more is read of it than what fits; when it reads, it gets every answer."""
    block = request_bytes * 1000
    counted, most = 0, 0

    async def talk() -> None:
        nonlocal counted, most
        app = RestApp()
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None)
        made: Any = connection_class(app)
        connection, transport = made(config, ServerState(), {}), Unread()
        transport.connection = connection
        connection.connection_made(transport)
        blocks = 0
        for _ in range(3000):  # turns of the event loop, and none of them reads when it is paused
            if not transport.paused and blocks < 100:
                connection.data_received(block)
                blocks += 1
            most = max(most, len(connection.pipeline))
            await asyncio.sleep(0)
        assert blocks < 40
        assert len(transport.written) < 1 << 20
        while counted < 1000 * blocks:
            counted += transport.written.count(b"HTTP/1.1 ")
            transport.written = b""
            connection.resume_writing()
            most = max(most, len(connection.pipeline))
            await asyncio.sleep(0)
        assert counted == 1000 * blocks
        assert not transport.paused
        connection.connection_lost(None)
        await asyncio.sleep(0)

    asyncio.run(talk())
    assert most < 1000


def test_a_client_that_goes_without_reading(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing more is written for it, though requests of it wait."""

    async def talk() -> None:
        app = RestApp()
        config = uvicorn.Config(app, ws="none", lifespan="off", log_config=None)
        made: Any = connection_class(app)
        connection, transport = made(config, ServerState(), {}), Unread()
        transport.connection = connection
        connection.connection_made(transport)
        connection.pause_writing()
        connection.data_received(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
        for _ in range(10):
            await asyncio.sleep(0)
        connection.connection_lost(None)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not transport.written

    asyncio.run(talk())
    assert not [record for record in caplog.records if record.levelname == "ERROR"]
