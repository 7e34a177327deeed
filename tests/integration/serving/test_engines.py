"""Adapters of ten lines, in real engines, answer as the server: the same status and bytes."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import TYPE_CHECKING, Any
from wsgiref.validate import validator

import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

import grpc
import grpc.aio

from tensorwire.server import EchoServer, ServerLimits
from tensorwire.serving import Handler, add_to_server, asgi, gather, read, scatter, wsgi
from tests.support.engine_requests import CALLS, REQUESTS, Asked, Model
from tests.support.server_clients import ask, call, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE = 8 << 20
handle = Handler(Model(), size=SIZE)
BINARY = next(one for one in REQUESTS if one.name == "oip binary")
INFER = "/inference.GRPCInferenceService/ModelInfer"


@pytest.fixture(scope="module")
def server() -> Iterator[EchoServer]:
    """Run the server with the same model."""
    with EchoServer(Model(), limits=ServerLimits(body=SIZE)) as running:
        yield running


def flask_route() -> Any:
    """Return a Flask application with a route of its own."""
    from flask import Flask, Response, request

    app = Flask(__name__)

    def predict(path: str) -> Any:
        del path
        reply = handle(
            request.get_data(),
            request.headers,
            request.path,
            method=request.method,
            query=request.query_string,
        )
        return Response(reply.body, reply.status, reply.headers)

    app.add_url_rule("/<path:path>", view_func=predict, methods=["GET", "POST", "PUT"])
    return app


def flask_mount() -> Any:
    """Return a Flask application in which the handler is mounted."""
    from flask import Flask

    app = Flask(__name__)
    app.wsgi_app = wsgi(handle)
    return app


def fastapi_route() -> Any:
    """Return a FastAPI application with a route of its own."""
    from fastapi import FastAPI, Request, Response

    app = FastAPI()

    async def predict(request: Request) -> Response:
        reply = await handle.call(
            await request.body(),
            request.headers,
            request.url.path,
            method=request.method,
            query=request.scope["query_string"],
        )
        return Response(reply.body, reply.status, dict(reply.headers))

    predict.__annotations__ = {"request": Request}  # of this function, which FastAPI cannot see
    app.add_api_route("/{path:path}", predict, methods=["GET", "POST", "PUT"])
    return app


def fastapi_mount() -> Any:
    """Return a FastAPI application in which the handler is mounted."""
    from fastapi import FastAPI

    app = FastAPI(openapi_url=None)
    app.mount("/models", asgi(handle))
    return app


def starlette_mount() -> Any:
    """Return a Starlette application in which the handler is mounted."""
    from starlette.applications import Starlette
    from starlette.routing import Mount

    return Starlette(routes=[Mount("/", asgi(handle))])


def by_flask(app: Any, asked: Asked) -> tuple[int, dict[str, str], bytes]:
    """Ask a Flask application."""
    client = app.test_client()
    response = client.open(asked.path, method=asked.method, data=asked.body, headers=asked.headers)
    return response.status_code, dict(response.headers), response.data


def by_starlette(app: Any, asked: Asked, root: str = "") -> tuple[int, dict[str, str], bytes]:
    """Ask a Starlette or FastAPI application."""
    from httpx import ASGITransport, AsyncClient

    async def answer() -> Any:
        transport = ASGITransport(app)
        async with AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(
                asked.method, root + asked.path, content=asked.body, headers=asked.headers
            )

    response = asyncio.run(answer())
    return response.status_code, dict(response.headers), response.content


@pytest.mark.parametrize(
    ("make", "root"),
    [
        (flask_route, ""),
        (flask_mount, ""),
        (fastapi_route, ""),
        (fastapi_mount, "/models"),
        (starlette_mount, ""),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_http(server: EchoServer, make: Callable[[], Any], root: str) -> None:
    """Status, Content-Type, the protocol's headers and the body are those of the server."""
    app = make()
    for asked in REQUESTS:
        body = asked.body or (None if asked.method == "GET" else b"")
        there = ask(server.rest_port, asked.path, body, asked.headers, asked.method)
        if "flask" in make.__name__:
            status, headers, got = by_flask(app, asked)
        else:
            status, headers, got = by_starlette(app, asked, root)
        assert (status, got) == (there.status, there.body), asked.name
        here = {name.lower(): text for name, text in headers.items()}
        names = there.headers.keys() - {"date", "server", "connection"}
        assert {name: here.get(name) for name in names} == {
            name: there.headers[name] for name in names
        }, asked.name


@pytest.mark.parametrize("is_async", [False, True])
def test_grpc(server: EchoServer, *, is_async: bool) -> None:
    """Plain grpcio, synchronous or asyncio, gives the bytes of the server, or its error."""
    with aio_server() if is_async else sync_server() as port:
        for method, _, body in CALLS:
            status = refused(server.grpc_port, method, body)
            assert refused(port, method, body) == status
            if status[0] == "OK":
                assert call(port, method, body) == call(server.grpc_port, method, body)
        for name in ("ServerLive", "ServerReady", "ServerMetadata", "ModelMetadata"):
            method = f"/inference.GRPCInferenceService/{name}"
            assert call(port, method, b"") == call(server.grpc_port, method, b"")
        method = "/inference.GRPCInferenceService/ModelMetadata"
        assert refused(port, method, b"\xff") == refused(server.grpc_port, method, b"\xff")
        method = "/seldon.protos.Seldon/SendFeedback"
        assert call(port, method, b"") == call(server.grpc_port, method, b"")


class sync_server:  # noqa: N801 - used as a function
    """A server of grpcio."""

    def __enter__(self) -> int:
        self.server = grpc.server(ThreadPoolExecutor(2))
        add_to_server(handle, self.server)
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        return port

    def __exit__(self, *_: object) -> None:
        self.server.stop(None).wait()


class aio_server:  # noqa: N801 - used as a function
    """A server of grpc.aio, in a loop of its own thread."""

    def __enter__(self) -> int:
        self.started, self.port = threading.Event(), 0
        self.thread = threading.Thread(target=lambda: asyncio.run(self.serve()))
        self.thread.start()
        self.started.wait()
        return self.port

    async def serve(self) -> None:
        """Serve until the end."""
        self.loop, self.end = asyncio.get_running_loop(), asyncio.Event()
        server = grpc.aio.server()
        add_to_server(handle, server)
        self.port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        self.started.set()
        await self.end.wait()
        await server.stop(None)

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.end.set)
        self.thread.join()


def test_applications_pickle() -> None:
    """An engine may send the applications to other processes."""
    for app in (asgi(handle), wsgi(handle)):
        assert type(copy.deepcopy(app)) is type(app)
        assert type(pickle.loads(pickle.dumps(app))) is type(app)  # noqa: S301 - ours


def test_wsgi_by_the_validator_of_the_standard_library() -> None:
    """Every rule of PEP 3333 that wsgiref checks is kept."""
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": BINARY.path,
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(BINARY.body)),
        "CONTENT_TYPE": BINARY.headers["Content-Type"],
        "HTTP_INFERENCE_HEADER_CONTENT_LENGTH": BINARY.headers["Inference-Header-Content-Length"],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(BINARY.body),
        "wsgi.errors": __import__("sys").stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    told: list[str] = []

    def start(status: str, headers: list[tuple[str, str]], info: Any = None) -> Any:
        del headers, info
        told.append(status)
        return lambda _: None

    checked: Any = validator(wsgi(handle))
    parts = checked(environ, start)
    body = b"".join(parts)
    parts.close()
    assert told == ["200 OK"]
    assert body == handle(BINARY.body, BINARY.headers, BINARY.path).body


@pytest.mark.parametrize("chunks", [[bytes(9), bytes(9)], [bytes(18)]])
def test_a_body_beyond_the_size(chunks: list[bytes]) -> None:
    """It is refused, and not kept, however it comes."""
    events = [{"type": "http.request", "body": one, "more_body": True} for one in chunks]
    events[-1]["more_body"] = False
    sent: list[Any] = []

    async def receive() -> Any:
        return events.pop(0)

    async def send(event: Any) -> None:
        sent.append(event)

    small = Handler(Model(), size=10)
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
    asyncio.run(asgi(small)(scope, receive, send))
    assert [one.get("status") for one in sent] == [413, None]
    said: list[str] = []
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/predict", "CONTENT_LENGTH": "18"}
    body = wsgi(small)(environ, lambda status, _: said.append(status))
    assert said in (["413 Request Entity Too Large"], ["413 Content Too Large"])
    assert body == [sent[1]["body"]]


def test_litestar_mounts() -> None:
    """A mount whose path has no slash before it, and one after it, is served."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b'{"strData":"x"}'}

    async def send(event: Any) -> None:
        sent.append(event)

    scope = {"type": "http", "method": "POST", "path": "predict/", "headers": []}
    asyncio.run(asgi(handle)(scope, receive, send))
    assert sent[1]["body"] == b'{"strData":"x"}'


def test_a_batch_of_an_engine() -> None:
    """An engine that hands over several bodies answers them by one call of the model."""
    bodies = [b'{"data":{"ndarray":[[1.5]]}}', b"[", b'{"data":{"ndarray":[[2.5]]}}']
    batch, members = gather(handle.reading([(body, {}, "/predict") for body in bodies]))
    replies = scatter(Model().predict(batch), members, ["a"])
    single = read(bodies[0], {}, "/predict").reply([[3.0]], ["a"])
    assert replies[0] == single
    assert [one.status for one in replies] == [200, 400, 200]
