"""The least that a server can do, in processes of their own: echoes without tensorwire.

``python -m bench.serving.bare asgi``: an ASGI callable on uvicorn that returns the body; ``thread``
returns it from a thread, as whoever calls a function that may block has to. ``grpc``: a generic
handler of grpcio that returns the message. ``ours ANSWER``: our server, with or without a model.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any

from ..process import tell
from .models import Echo
from .processes import wait_for_end

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping
    from typing import TypeAlias

    Event: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[Event]]
    Send: TypeAlias = Callable[[Event], Awaitable[None]]

THREADS = 4
"""As many as our server has."""
ZERO_COPY = "python_zero_copy"
"""An experiment of grpcio, by its name in ``GRPC_EXPERIMENTS``."""


def has_zero_copy() -> bool:
    """Return whether the installed grpcio knows that experiment: it has the names of all."""
    spec = find_spec("grpc")
    assert spec is not None  # noqa: S101 - the server needs it
    assert spec.origin is not None  # noqa: S101 - it is a package with an __init__
    libraries = Path(spec.origin).parent.joinpath("_cython").glob("cygrpc*")
    return any(ZERO_COPY.encode() in library.read_bytes() for library in libraries)


async def _body(receive: Receive) -> bytes:
    event = await receive()
    if not event.get("more_body"):
        body: bytes = event["body"]
        return body
    parts = [event["body"]]
    while event.get("more_body"):
        event = await receive()
        parts.append(event["body"])
    return b"".join(parts)


async def _answer(send: Send, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def echo(_: Event, receive: Receive, send: Send) -> None:
    """Return the body."""
    await _answer(send, await _body(receive))


_POOL = ThreadPoolExecutor(THREADS)


async def echo_in_thread(_: Event, receive: Receive, send: Send) -> None:
    """Return the body from a thread."""
    body = await _body(receive)
    await _answer(send, await asyncio.get_running_loop().run_in_executor(_POOL, bytes, body))


def _serve_asgi(app: Any) -> None:
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_config=None, proxy_headers=False, server_header=False
    )
    Thread(target=uvicorn.Server(config).run, args=([listener],), daemon=True).start()
    tell({"rest": listener.getsockname()[1]})
    wait_for_end()


def _serve_grpc() -> None:
    import grpc

    handler: Any = grpc.unary_unary_rpc_method_handler(lambda body, _: body)

    class Any_(grpc.GenericRpcHandler):  # noqa: N801 - any method
        def service(self, handler_call_details: object) -> Any:  # noqa: ARG002
            return handler

    server = grpc.server(ThreadPoolExecutor(THREADS), [Any_()])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    tell({"grpc": port})
    wait_for_end()
    server.stop(0)


def _serve_ours(answer: str) -> None:
    from tensorwire.server import EchoServer

    with EchoServer(Echo() if answer == "model" else None) as server:
        tell({"rest": server.rest_port, "grpc": server.grpc_port})
        wait_for_end()


if __name__ == "__main__":
    if sys.argv[1] == "grpc":
        _serve_grpc()
    elif sys.argv[1] == "ours":
        _serve_ours(sys.argv[2])
    else:
        _serve_asgi({"asgi": echo, "thread": echo_in_thread}[sys.argv[1]])
