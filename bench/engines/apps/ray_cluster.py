"""A small Ray cluster of this machine, on the loopback: started, and ended with all it started."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import ray
from ray import serve
from ray.cluster_utils import Cluster

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TRIES = 4
"""Ray gives its node 30 s to start, which a busy machine may not have; the next one is quicker."""
CPUS = 20
"""Of each node, as replicas are many, and take little."""
HOST = "127.0.0.1"


def enclose() -> None:
    """Run this process again in a namespace of processes, which all end with it, where root can.

    Ray's processes, and its HAProxy, are in sessions of their own, and outlive who is killed.
    """
    tool = shutil.which("unshare")
    if "--address" in sys.argv:  # a driver is to see the processes of its node
        return
    if os.geteuid() == 0 and tool and "TENSORWIRE_ENCLOSED" not in os.environ:
        os.environ["TENSORWIRE_ENCLOSED"] = "1"
        options = ("--pid", "--fork", "--kill-child", "--mount-proc")
        os.execv(tool, [tool, *options, *sys.orig_argv])  # noqa: S606 - this very command


@contextmanager
def cluster(nodes: int = 1, cpus: int = CPUS, address: str | None = None) -> Iterator[None]:
    """Run a cluster while a block lasts, or use the one that there is at an address."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that it is ended, too
    made = None
    if address is None:
        made = _started(nodes, cpus)
        address = made.address
    try:
        ray.init(address, log_to_driver=False, logging_level="error")
        yield
        if made is not None:
            serve.shutdown()
    finally:
        ray.shutdown()
        if made is not None:
            made.shutdown()


def _started(nodes: int, cpus: int) -> Cluster:
    node: dict[str, Any] = {
        "num_cpus": cpus,
        "object_store_memory": 100 << 20,
        "node_ip_address": HOST,
        "include_dashboard": False,
    }
    for left in reversed(range(TRIES)):
        made = Cluster()
        try:
            made.add_node(**node)
            for _ in range(nodes - 1):
                made.add_node(**node)
        except Exception:  # Ray raises nothing more special
            made.shutdown()
            if not left:
                raise
        else:
            return made
    raise AssertionError


def told(port: int, act: Callable[[list[str]], None]) -> None:
    """Answer at a port for ever: ``GET /`` once all is ready, and ``POST /WORD/WORD`` by acting."""

    class Told(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answered()

        def do_POST(self) -> None:
            act(self.path.strip("/").split("/"))
            self._answered()

        def _answered(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    with HTTPServer((HOST, port), Told) as server:
        server.serve_forever()
