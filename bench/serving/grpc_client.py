"""A gRPC client of bytes: what is in a message is the caller's to know."""

from __future__ import annotations

from typing import Any

import grpc

from bench.serving import timing
from bench.serving.clients import CallError, Reply

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
            if name == timing.HEADER:
                return Reply(reply, value)
        return Reply(reply)

    def close(self) -> None:
        """End the connection."""
        self._channel.close()
