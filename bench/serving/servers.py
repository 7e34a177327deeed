"""Our servers in processes of their own, and the servers that a choice of cells needs.

``python -m bench.serving.servers METHOD ANSWER [REST_PORT GRPC_PORT]``: one server; with ports,
which it shares with other such processes. ``python -m bench.serving.servers models COUNT``: one
model after another, each at ports of its own; a line on stdin starts the next.
"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from threading import local
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..process import module, tell
from .cells import OURS
from .models import model
from .processes import wait_for_end
from .samples import HEADER, Parts, Watch, write_timing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from tensorwire.server import EchoServer

    from .cells import Cell
    from .processes import Process, Processes


def command(*arguments: str | int) -> list[str]:
    """Return the command that starts one of ours."""
    return module(f"{__package__}.servers", *map(str, arguments))


def object_command(transport: str, method: str, answer: str) -> list[str]:
    """Return the command that starts one of the usual wrapper's."""
    return module(f"{__package__}.objects", transport, method, answer)


class Servers:
    """Where the server of every cell listens."""

    def __init__(self, processes: Processes, cells: Iterable[Cell], answer: str) -> None:
        self._of: dict[tuple[str, ...], Process] = {}
        for cell in cells:
            key = _key(cell)
            if key not in self._of:
                self._of[key] = processes.start(_command(cell, answer))
        for process in self._of.values():
            process.ready()

    def port(self, cell: Cell) -> int:
        """Return the port where a cell's requests go."""
        port: int = self._of[_key(cell)].ports[cell.transport.lower()]
        return port

    def check(self) -> None:
        """Raise WorkerError if one has ended."""
        for process in self._of.values():
            process.check()

    def by_name(self) -> Mapping[str, Process]:
        """Return the processes by names that a file could have."""
        return {"-".join(part for part in key if part): each for key, each in self._of.items()}


def _key(cell: Cell) -> tuple[str, ...]:
    """Ours has both transports in one process, as people run it; of the other, each has one."""
    return (cell.side, cell.method, "" if cell.side == OURS else cell.transport)


def _command(cell: Cell, answer: str) -> list[str]:
    if cell.side == OURS:
        return command(cell.method, answer)
    return object_command(cell.transport, cell.method, answer)


def tell_times(server: EchoServer) -> EchoServer:
    """Wrap a server that is not started yet, so that every reply tells the time of its parts.

    The server itself has no such switch, and no request should pay for one; so the three steps of
    an exchange are wrapped here, in the process that is measured.
    """
    from tensorwire.server import grpc_server
    from tensorwire.serving import RawMessage

    exchange: Any = server.app.service.exchange
    laps = local()  # a thread answers one request at a time

    def timed(owner: Any, step: str, name: str) -> None:
        call = getattr(owner, step)

        def wrapper(*arguments: Any, **options: Any) -> Any:
            watch = Watch()
            made = call(*arguments, **options)
            setattr(laps, name, watch.lap())
            return made

        setattr(owner, step, wrapper)

    for owner, step, name in (
        (exchange, "read", "decode"),
        (exchange, "_encode", "encode"),
        (exchange.model, "reply", "model"),
        (exchange.model, "raw_reply", "model"),
    ):
        timed(owner, step, name)
    predict = exchange.predict

    def timed_predict(*arguments: Any, **options: Any) -> Any:
        laps.decode = laps.model = laps.encode = 0.0
        body, headers = predict(*arguments, **options)
        parts = Parts(laps.decode, laps.model, laps.encode)
        return body, {**headers, HEADER: write_timing(parts)}

    def grpc_answer(call: Callable[..., Any], protocol: str, body: bytes, context: Any) -> bytes:
        reply: tuple[bytes, dict[str, str]] = call(RawMessage(body, protocol), protocol)
        if times := reply[1].get(HEADER):
            context.set_trailing_metadata(((HEADER, times),))
        return reply[0]

    exchange.predict = timed_predict
    grpc_server._answer = grpc_answer  # type: ignore[assignment]  # noqa: SLF001 - see above
    return server


def _serve(method: str, answer: str, *ports: str) -> None:
    from tensorwire.server import EchoServer

    shared: dict[str, Any] = {}
    if ports:
        shared = {"rest_port": int(ports[0]), "grpc_port": int(ports[1]), "reuse_port": True}
    with tell_times(EchoServer(model(method, answer), **shared)) as server:
        tell({"rest": server.rest_port, "grpc": server.grpc_port})
        wait_for_end()


def _serve_models(count: str) -> None:
    from tensorwire.server import EchoServer

    with ExitStack() as servers:
        for _ in range(int(count)):
            began = perf_counter()
            server = servers.enter_context(EchoServer(model("predict", "sum")))
            seconds = perf_counter() - began
            tell({"rest": server.rest_port, "grpc": server.grpc_port, "seconds": seconds})
            if not sys.stdin.buffer.readline():
                return
        wait_for_end()


if __name__ == "__main__":
    if sys.argv[1] == "models":
        _serve_models(*sys.argv[2:])
    else:
        _serve(*sys.argv[1:])
