"""The client's half of a cell: how it writes a request, sends it, and reads the reply."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import tensorwire as tw
from bench.serving import objects
from bench.serving.cells import OURS, REST
from bench.serving.clients import Reply, RestClient
from bench.serving.grpc_client import GrpcClient
from tensorwire.cli.load_tools import route

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.serving.cells import Cell

JSON = "application/json"
PROTOBUF = "application/x-protobuf"


class Caller(Protocol):
    """A connection."""

    def call(self, body: bytes) -> Reply:
        """Send a body and wait for the reply."""

    def close(self) -> None:
        """End it."""


class Way(NamedTuple):
    """How a client of one side writes a request and reads a reply."""

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]


def way_of(cell: Cell) -> Way:
    """Give the client's way: that of the server it talks to."""
    if cell.side == OURS:
        container = "json" if cell.transport == REST else "protobuf"
        media_type = JSON if cell.transport == REST else PROTOBUF
        codec = tw.get_codec(f"{container}/{cell.kind}")
        return Way(codec.encode, lambda body: tw.loads(body, media_type).value)
    return _json_way(cell.kind) if cell.transport == REST else _message_way(cell.kind)


def _json_way(kind: str) -> Way:
    def encode(array: Any) -> bytes:
        value = array.tobytes() if kind == "raw" else array
        return json.dumps(objects.to_json(value, kind)).encode()

    return Way(encode, lambda body: objects.from_json(json.loads(body)))


def _message_way(kind: str) -> Way:
    def encode(array: Any) -> bytes:
        value = array.tobytes() if kind == "raw" else array
        body: bytes = objects.to_message(value, kind).SerializeToString()
        return body

    def decode(body: bytes) -> Any:
        return objects.from_message(objects.SeldonMessage.FromString(body))

    return Way(encode, decode)


def name_of(transport: str, protocol: str = "seldon") -> str:
    """Name the protocol that a transport carries: JSON over REST, protobuf over gRPC."""
    return f"{protocol}/{'json' if transport == REST else 'protobuf'}"


def connect(transport: str, port: int, protocol: str = "seldon") -> Caller:
    """Open a connection to where a server listens for a protocol."""
    path = route(name_of(transport, protocol), "model").path
    if transport == REST:
        return RestClient(port, path, {"Content-Type": JSON})
    return GrpcClient(port, path)
