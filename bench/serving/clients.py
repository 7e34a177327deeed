"""The client's half of a cell: how it writes a request, sends it, and reads the reply.

The connections are kept open, and do so little that the time measured is the server's. Replies of
HTTP/1.1 need a Content-Length, as those of model servers have.
"""

from __future__ import annotations

import json
import re
import socket
from typing import TYPE_CHECKING, Any, NamedTuple

import grpc

import tensorwire as tw
from tensorwire.cli.load_tools import route

from . import objects
from .cells import OURS, REST
from .samples import HEADER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .cells import Cell

JSON = "application/json"
PROTOBUF = "application/x-protobuf"
_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)
_TIMING = re.compile(rb"\r\nserver-timing: *([^\r]+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
_SMALL = 16 << 10  # bytes that are cheaper to copy than to send on their own


class CallError(Exception):
    """A request had no reply, or one with an error."""


class Reply(NamedTuple):
    """A body, and the times that the server reports of itself."""

    body: bytes
    timing: str = ""


def head(path: str, headers: Mapping[str, str], size: int) -> bytes:
    """Write the head of a POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {size}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


class RestClient:
    """One connection to a server on this machine.

    Attributes
    ----------
    resent
        how many requests were sent once more, on a new connection: the server had closed the one
        that was kept before any byte of a reply.
    """

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        self._port, self._path, self._headers = port, path, dict(headers)
        self.resent = 0
        self._socket: socket.socket | None = None
        self._heads: dict[int, bytes] = {}

    def call(self, body: bytes) -> Reply:
        """Send a request and wait for its reply.

        Raises
        ------
        CallError
            the status is not 200, or the connection ended.
        """
        found = self._heads.get(len(body))
        if found is None:
            found = self._heads[len(body)] = head(self._path, self._headers, len(body))
        while True:
            fresh = self._socket is None
            try:
                connection = self._socket or self._connect()
                if len(body) <= _SMALL:
                    connection.sendall(found + body)
                else:
                    connection.sendall(found)
                    connection.sendall(body)
                text = _some(connection)
            except OSError as error:
                self.close()
                if fresh:
                    raise CallError(f"REST: {error}") from error
                self.resent += 1
                continue
            try:
                return self._receive(connection, text)
            except OSError as error:
                self.close()
                raise CallError(f"REST: {error}") from error

    def _connect(self) -> socket.socket:
        self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return self._socket

    def _receive(self, connection: socket.socket, text: bytes) -> Reply:
        while (end := text.find(b"\r\n\r\n")) < 0:
            text += _some(connection)
        answered = text[:end]
        length = _LENGTH.search(answered)
        if length is None:
            raise CallError("REST: a reply without a Content-Length")
        size = int(length[1])
        pieces, have = [text[end + 4 :]], len(text) - end - 4
        while have < size:
            pieces.append(_some(connection))
            have += len(pieces[-1])
        body = b"".join(pieces)
        if _CLOSE.search(answered):
            self.close()
        if answered[9:12] != b"200":
            raise CallError(
                f"REST {answered[9:12].decode()}: {body[:200].decode(errors='replace')}"
            )
        timing = _TIMING.search(answered)
        return Reply(body, timing[1].decode() if timing else "")

    def close(self) -> None:
        """End the connection; the next call begins another."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _some(connection: socket.socket) -> bytes:
    got = connection.recv(1 << 18)
    if not got:
        raise ConnectionResetError("the server closed the connection")
    return got


OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.use_local_subchannel_pool", 1),
)
PATIENCE = 60.0


class GrpcClient:
    """One connection to one method of a server on this machine."""

    def __init__(self, port: int, path: str) -> None:
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", OPTIONS)
        self._method: Any = self._channel.unary_unary(path)

    def call(self, body: bytes) -> Reply:
        """Send a message and wait for its reply; CallError where the status is not OK."""
        try:
            reply, call = self._method.with_call(body, timeout=PATIENCE)
        except grpc.RpcError as error:
            raise CallError(f"gRPC {error.code().name}: {error.details()}") from error
        for name, value in call.trailing_metadata():
            if name == HEADER:
                return Reply(reply, value)
        return Reply(reply)

    def close(self) -> None:
        """End the connection."""
        self._channel.close()


Caller = RestClient | GrpcClient


class Implementation(NamedTuple):
    """How a client of one side writes a request and reads a reply."""

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def implementation_of(cell: Cell) -> Implementation:
    """Return the client's implementation: that of the server it talks to."""
    kind = cell.kind
    if cell.side == OURS:
        codec = tw.get_codec(f"{'json' if cell.transport == REST else 'protobuf'}/{kind}")
        media_type = JSON if cell.transport == REST else PROTOBUF
        return Implementation(codec.encode, lambda body: tw.loads(body, media_type).value)

    def value(array: Any) -> Any:
        return array.tobytes() if kind == "raw" else array

    if cell.transport == REST:
        return Implementation(
            lambda array: json.dumps(objects.to_json(value(array), kind)).encode(),
            lambda body: objects.from_json(json.loads(body)),
        )
    return Implementation(
        lambda array: objects.to_message(value(array), kind).SerializeToString(),
        lambda body: objects.from_message(objects.SeldonMessage.FromString(body)),
    )


def name_of(transport: str, protocol: str = "seldon") -> str:
    """Name the protocol that a transport carries: JSON over REST, protobuf over gRPC."""
    return f"{protocol}/{'json' if transport == REST else 'protobuf'}"


def connect(transport: str, port: int, protocol: str = "seldon") -> Caller:
    """Open a connection to a server, by a transport."""
    path = route(name_of(transport, protocol), "model").path
    if transport == REST:
        return RestClient(port, path, {"Content-Type": JSON})
    return GrpcClient(port, path)
