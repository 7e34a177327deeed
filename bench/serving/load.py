"""Mode ``load``: servers, or models in one server, started one after another."""

from __future__ import annotations

import sys
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

from bench.cli import require
from bench.interrupt import INTERRUPTED
from bench.serving import servers, starts, suite
from bench.serving.cells import GRPC, OURS, REST, Cell
from bench.serving.clients import connect, implementation_of
from bench.serving.latency import check
from bench.serving.models import expected, payload
from bench.serving.processes import Process, Processes
from bench.serving.starts import Started

if TYPE_CHECKING:
    from bench.screen import Progress, Screen
    from bench.serving.options import Options

QUICK = 3


def run(options: Options, screen: Screen, progress: Progress) -> int:
    """Do it; the exit code."""
    require("psutil", "load")
    count = min(options.workers, QUICK) if options.quick else options.workers
    found: list[Started] = []
    code = 0
    try:
        with Processes() as processes:
            for side in options.choice.sides:
                if options.what == "models":
                    _models(processes, count, found)
                    break
                for number in range(1, count + 1):
                    found.append(_server(processes, side, number))
                    progress.show("starting", len(found) / count / len(options.choice.sides))
    except KeyboardInterrupt:
        if not found:
            raise
        code = INTERRUPTED
    finally:
        progress.clear()
    made = partial(starts.benchmarks, options.what, found)
    with suite.saving(options, made, interrupted=bool(code)):
        if options.csv:
            starts.write_csv(found, sys.stdout)
        else:
            starts.show(found, screen, what=options.what, quiet=options.quiet)
    return code


def _server(processes: Processes, side: str, number: int) -> Started:
    began = perf_counter()
    if side == OURS:
        started = [processes.start(servers.command("predict", "sum"))]
    else:
        started = [
            processes.start(servers.object_command(REST, "predict", "sum")),
            processes.start(servers.object_command(GRPC, "predict", "sum")),
        ]
    for process in started:
        process.ready()
    ready = perf_counter() - began
    _ask({name: port for process in started for name, port in process.ports.items()}, side)
    return Started(side, number, ready, perf_counter() - began, sum(map(memory, started)))


def _models(processes: Processes, count: int, found: list[Started]) -> None:
    """One process, which names the ports of one more model in each of its lines."""
    server = processes.start(servers.command("models", count))
    before = 0
    for number in range(1, count + 1):
        server.ready()
        began = perf_counter()
        _ask(server.ports, OURS)
        taken = perf_counter() - began
        now = memory(server)
        ready = float(server.ports["seconds"])
        found.append(Started(OURS, number, ready, ready + taken, now - before))
        before = now
        server.send("next")


def _ask(ports: dict[str, int], side: str) -> None:
    for transport in (REST, GRPC):
        cell = Cell(transport, "predict", 10, "tensor", side)
        caller, way = connect(transport, ports[transport.lower()]), implementation_of(cell)
        got = way.decode(caller.call(way.encode(payload(cell))).body)
        check(cell, got, expected(cell, "sum"))
        caller.close()


def memory(process: Process) -> int:
    """Give the bytes that no other process shares, its children's included."""
    import psutil

    parent = psutil.Process(process.pid)
    family = [parent, *parent.children(recursive=True)]
    return sum(int(one.memory_full_info().uss) for one in family)
