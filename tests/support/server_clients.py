"""Clients of the server that nobody here wrote: http.client, and grpcio with bytes or messages.

None of them gives up: how long an answer takes on a busy machine is nobody's fault.
"""

from __future__ import annotations

import http.client
import json
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.server import ServerLimits

JSON = {"Content-Type": "application/json"}
PROTOBUF = {"Content-Type": "application/x-protobuf"}
HOUR = 3600.0  # a limit that no test reaches


def until(done: Callable[[], object]) -> None:
    """Wait for something that happens in another thread or process, however long it takes."""
    while not done():
        time.sleep(0.005)


def set_limit(limits: ServerLimits, name: str, value: float) -> None:
    """Change a limit of a server that runs, which reads it whenever it needs it.

    A test changes it between what must happen however long it takes, and what must be ended.
    """
    object.__setattr__(limits, name, value)


class Gate:
    """A model that waits to be let through."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = threading.Semaphore(0)

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Wait, and echo."""
        self.begun.release()
        self.open.wait()
        return X


class Reply(NamedTuple):
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body as the standard library reads it."""
        return json.loads(self.body)


def ask(
    port: int | None,
    path: str,
    body: Any = None,
    headers: dict[str, str] | None = None,
    method: str = "",
) -> Reply:
    """Send a request on a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        connection.request(method or ("GET" if body is None else "POST"), path, body, headers or {})
        return answer(connection)


def answer(connection: http.client.HTTPConnection) -> Reply:
    """Read the reply to the request that was sent on a connection."""
    response = connection.getresponse()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, response.read())


def call(port: int | None, method: str, body: bytes, **options: Any) -> bytes:
    """Call a method of gRPC, bytes in and out; raises `grpc.RpcError`."""
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=unlimited) as channel:
        made: Any = channel.unary_unary(method)
        reply: bytes = made(body, **options)
        return reply


def refused(port: int | None, method: str, body: bytes, **options: Any) -> tuple[str, str]:
    """Call a method that is refused; give the name of the status, and its text."""
    try:
        call(port, method, body, **options)
    except grpc.RpcError as error:
        return error.code().name, error.details() or ""
    return "OK", ""
