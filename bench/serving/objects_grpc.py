"""The object way over gRPC: a typed servicer of protobuf objects, as generated code makes it.

``python -m bench.serving.objects_grpc METHOD ANSWER``
"""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import grpc

from bench.process import module
from bench.serving import objects, timing
from bench.serving.models import ONE, model
from bench.serving.processes import is_ready, wait_for_end

THREADS = 10
UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


def command(method: str, answer: str) -> list[str]:
    """Give the command that starts one."""
    return module("bench.serving.objects_grpc", method, answer)


class Timed(NamedTuple):
    """A message, and what it has cost so far; the call, whose trailers are to tell it."""

    message: Any
    parts: timing.Parts
    context: Any = None


def parse(body: bytes) -> Timed:
    """Deserialize a request."""
    watch = timing.Watch()
    message = objects.SeldonMessage.FromString(body)
    return Timed(message, timing.Parts(decode=watch.lap()))


def serialize(reply: Timed) -> bytes:
    """Serialize a reply, and tell what the call has cost."""
    watch = timing.Watch()
    body: bytes = reply.message.SerializeToString()
    parts = reply.parts._replace(encode=reply.parts.encode + watch.lap())
    reply.context.set_trailing_metadata(((timing.HEADER, timing.write(parts)),))
    return body


class Servicer:
    """Seldon's service around a model."""

    def __init__(self, method: str, answer: str) -> None:
        self._predict = None if method == "predict_raw" else model(method, answer).predict
        self._echoes = answer == "echo"

    def predict(self, request: Timed, context: Any) -> Timed:
        """Answer one call."""
        watch = timing.Watch()
        message, parts = request.message, request.parts
        if self._predict is None:
            reply = message if self._echoes else objects.to_message(ONE, "ndarray")
            return Timed(reply, parts._replace(encode=watch.lap()), context)
        value = objects.from_message(message)
        decode = parts.decode + watch.lap()
        result = self._predict(value, list(message.data.names))
        taken = watch.lap()
        reply = objects.to_message(result, objects.kind_of_message(message))
        return Timed(reply, timing.Parts(decode, taken, watch.lap()), context)


def main(method: str, answer: str) -> None:
    """Serve until stdin ends."""
    server = grpc.server(ThreadPoolExecutor(THREADS), options=UNLIMITED)
    handler = grpc.unary_unary_rpc_method_handler(
        Servicer(method, answer).predict, request_deserializer=parse, response_serializer=serialize
    )
    service = grpc.method_handlers_generic_handler("seldon.protos.Seldon", {"Predict": handler})
    server.add_generic_rpc_handlers((service,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    is_ready({"grpc": port})
    wait_for_end()
    server.stop(1).wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
