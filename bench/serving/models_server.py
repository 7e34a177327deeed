"""One process that takes up one model after another, each at ports of its own.

``python -m bench.serving.models_server COUNT``: the next is taken up when a line comes in.
"""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from time import perf_counter

from bench.process import module
from bench.serving.models import model
from bench.serving.processes import wait_for_end


def command(count: int) -> list[str]:
    """Give the command that starts one."""
    return module("bench.serving.models_server", f"{count}")


def main(count: str) -> None:
    """Serve until stdin ends."""
    from tensorwire.server import EchoServer

    with ExitStack() as servers:
        for _ in range(int(count)):
            began = perf_counter()
            server = servers.enter_context(EchoServer(model("predict", "sum")))
            taken = perf_counter() - began
            told = {"rest": server.rest_port, "grpc": server.grpc_port, "seconds": taken}
            sys.stdout.write(json.dumps(told) + "\n")
            sys.stdout.flush()
            if not sys.stdin.buffer.readline():
                return
        wait_for_end()


if __name__ == "__main__":
    main(*sys.argv[1:])
