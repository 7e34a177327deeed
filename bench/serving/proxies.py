"""A service in front of the model server, made of our own server and a model that asks another.

``python -m bench.serving.proxies HOW REST_PORT GRPC_PORT``
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING, Any

import tensorwire as tw
from bench.process import module
from bench.serving.cells import GRPC, REST
from bench.serving.client import JSON, PROTOBUF, Caller, connect
from bench.serving.processes import is_ready, wait_for_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.server import RawMessage

HOWS = ("pass", "route", "recode")


def command(how: str, rest: int, grpc: int) -> list[str]:
    """Give the command that starts one."""
    return module("bench.serving.proxies", how, f"{rest}", f"{grpc}")


class Hop:
    """Answers what the next server answers.

    Parameters
    ----------
    how
        ``pass`` gives the bytes on; ``route`` looks at kind and shape first and chooses where they
        go; ``recode`` decodes and encodes request and reply.
    """

    def __init__(self, how: str, rest: int, grpc: int) -> None:
        self._ports = {REST: rest, GRPC: grpc}
        self._own = threading.local()  # a connection is one thread's at a time
        self.predict_raw: Callable[[RawMessage], Any] = getattr(self, f"_{how}")

    def _next(self, message: RawMessage, where: str = "") -> Caller:
        family, _, container = message.protocol.partition("/")
        key = f"{message.protocol} {where}"
        callers: dict[str, Caller] = self._own.__dict__
        if key not in callers:
            transport = REST if container == "json" else GRPC
            callers[key] = connect(transport, self._ports[transport], family)
        return callers[key]

    def _pass(self, message: RawMessage) -> bytes:
        return self._next(message).call(message.body).body

    def _route(self, message: RawMessage) -> bytes:
        family, _, container = message.protocol.partition("/")
        media_type = JSON if container == "json" else PROTOBUF
        seen = tw.peek(message.body, media_type, protocol=family)
        # Both places are the same server here: what is measured is the look, not the model.
        shape = seen.tensors[0].shape if seen.tensors else None
        where = "images" if shape is not None and shape[-1:] == (3,) else "others"
        return self._next(message, where).call(message.body).body

    def _recode(self, message: RawMessage) -> Any:
        protocol = tw.get_protocol(message.protocol)
        body, _ = protocol.encode(protocol.decode(message.body))
        reply = self._next(message).call(body).body
        return protocol.decode(reply, type=protocol.response)


def main(how: str, rest: str, grpc: str) -> None:
    """Serve until stdin ends."""
    from tensorwire.server import EchoServer

    with EchoServer(Hop(how, int(rest), int(grpc))) as server:
        is_ready({"rest": server.rest_port, "grpc": server.grpc_port})
        wait_for_end()


if __name__ == "__main__":
    main(*sys.argv[1:])
