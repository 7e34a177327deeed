"""A server of ours in its own process.

``python -m bench.serving.ours METHOD ANSWER [REST_PORT GRPC_PORT]``: with ports, which it shares
with other such processes.
"""

from __future__ import annotations

import sys
from typing import Any

from bench.process import module
from bench.serving.models import model
from bench.serving.processes import is_ready, wait_for_end


def command(method: str, answer: str, *ports: int) -> list[str]:
    """Give the command that starts one."""
    return module("bench.serving.ours", method, answer, *map(str, ports))


def main(method: str, answer: str, *ports: str) -> None:
    """Serve until stdin ends."""
    from bench.serving.ours_timing import tell_times
    from tensorwire.server import EchoServer

    shared: dict[str, Any] = {}
    if ports:
        shared = {"rest_port": int(ports[0]), "grpc_port": int(ports[1]), "reuse_port": True}
    with tell_times(EchoServer(model(method, answer), **shared)) as server:
        is_ready({"rest": server.rest_port, "grpc": server.grpc_port})
        wait_for_end()


if __name__ == "__main__":
    main(*sys.argv[1:])
