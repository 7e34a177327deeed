"""Mode ``load``: servers, or models in one server, started one after another."""

from __future__ import annotations

import csv
import sys
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from bench.codecs.plan import require
from bench.screen import figures
from bench.screen.table import Row, Table
from bench.serving import models_server, objects_grpc, objects_rest, ours
from bench.serving.cells import GRPC, OURS, REST, Cell
from bench.serving.client import connect, way_of
from bench.serving.latency import check
from bench.serving.models import expected, payload
from bench.serving.processes import Process, Processes

if TYPE_CHECKING:
    from bench.screen.progress import Progress
    from bench.screen.render import Screen
    from bench.serving.options import Options

QUICK = 3
INTERRUPTED = 130
NOTE = (
    "ready: from the start of the process (or model) until it listens; answers: until its first"
    " answer, over every transport. Memory that is its own alone (USS), of all its processes."
)


class Started(NamedTuple):
    """One server or model."""

    side: str
    number: int
    ready: float
    answers: float
    memory: int


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
    if options.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(("side", "number", "ready_s", "answers_s", "memory_bytes"))
        writer.writerows(
            (one.side, one.number, f"{one.ready:.4g}", f"{one.answers:.4g}", one.memory)
            for one in found
        )
    else:
        _show(options, found, screen)
    return code


def _server(processes: Processes, side: str, number: int) -> Started:
    began = perf_counter()
    if side == OURS:
        started = [processes.start(ours.command("predict", "sum"))]
    else:
        started = [
            processes.start(objects_rest.command("predict", "sum")),
            processes.start(objects_grpc.command("predict", "sum")),
        ]
    for process in started:
        process.ready()
    ready = perf_counter() - began
    _ask({name: port for process in started for name, port in process.ports.items()}, side)
    return Started(side, number, ready, perf_counter() - began, sum(map(memory, started)))


def _models(processes: Processes, count: int, found: list[Started]) -> None:
    """One process, which names the ports of one more model in each of its lines."""
    server = processes.start(models_server.command(count))
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
        server.say("next")


def _ask(ports: dict[str, int], side: str) -> None:
    for transport in (REST, GRPC):
        cell = Cell(transport, "predict", 10, "tensor", side)
        caller, way = connect(transport, ports[transport.lower()]), way_of(cell)
        got = way.decode(caller.call(way.encode(payload(cell))).body)
        check(cell, got, expected(cell, "sum"))
        caller.close()


def memory(process: Process) -> int:
    """Give the bytes that no other process shares, its children's included."""
    import psutil

    parent = psutil.Process(process.pid)
    family = [parent, *parent.children(recursive=True)]
    return sum(int(one.memory_full_info().uss) for one in family)


def _show(options: Options, found: list[Started], screen: Screen) -> None:
    what = "model" if options.what == "models" else "server"
    table = Table(
        f"{what.capitalize()}s, one after another", ("ready", "answers", "memory"), note=NOTE
    )
    for side in dict.fromkeys(one.side for one in found):
        members = [one for one in found if one.side == side]
        table.rows.append(Row(side, style="group"))
        if not options.quiet:
            table.rows += [_row(f"{what} {one.number}", [one]) for one in members]
        table.rows.append(_row(f"median of {len(members)}", members, "answer"))
    screen.table(table)


def _row(label: str, members: list[Started], style: str = "codec") -> Row:
    return Row(
        label,
        (
            figures.duration(median(one.ready for one in members)),
            figures.duration(median(one.answers for one in members)),
            figures.size(median(one.memory for one in members)),
        ),
        style,
    )
