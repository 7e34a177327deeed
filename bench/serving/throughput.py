"""Modes ``throughput`` and ``concurrent``: many clients with ready-made bodies."""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from bench.interrupt import INTERRUPTED
from bench.serving import load_tables, loadgen, models, suite
from bench.serving.cells import GRPC, Cell
from bench.serving.clients import connect, implementation_of, name_of
from bench.serving.latency import check
from bench.serving.loadgen import Target
from bench.serving.processes import Processes, recording
from bench.serving.samples import Load
from bench.serving.servers import Servers
from tensorwire.cli.load_tools import route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.screen import Progress, Screen
    from bench.serving.options import Options

SWEEP = (1, 4, 16, 64, 256, 1024)
QUICK_SWEEP = (1, 8)
OVERHEAD = 0.35
"""Seconds in which a tool starts and ends, and two answers are checked."""
LEAST, LONGEST = 0.2, 2.5
"""Seconds of a measurement, however many there are, or however long a call takes."""
CALLS = 20
"""Calls, one after another, for which there is to be time."""

Loads = dict[tuple[Cell, int], Load]


def run(options: Options, screen: Screen, progress: Progress) -> int:
    """Do it; the exit code."""
    cells = options.choice.cells()
    counts = _clients(options)
    loads: Loads = {}
    code = 0
    try:
        measure(options, cells, counts, loads, progress)
    except KeyboardInterrupt:
        if not loads:
            raise
        code = INTERRUPTED
    finally:
        progress.clear()
    with suite.saving(options, lambda: load_tables.benchmarks(loads), interrupted=bool(code)):
        if options.csv:
            load_tables.write_csv(loads, sys.stdout)
        else:
            load_tables.show(options, cells, counts, loads, screen)
    return code


def _clients(options: Options) -> tuple[int, ...]:
    if options.mode == "throughput":
        return (options.clients,)
    steps = QUICK_SWEEP if options.quick else SWEEP
    return (*(each for each in steps if each < options.clients), options.clients)


def measure(
    options: Options,
    cells: Sequence[Cell],
    counts: Sequence[int],
    loads: Loads,
    progress: Progress,
) -> None:
    """Load every server with every number of clients, the two sides of a kind one after another."""
    tools = {
        transport: loadgen.choose(options.tool, grpc=transport == GRPC)
        for transport in options.choice.transports
    }
    total = len(cells) * len(counts)
    each = max(LEAST, (options.seconds / total - OVERHEAD) / (1 + loadgen.WARM_UP))
    with (
        tempfile.TemporaryDirectory(prefix="tensorwire-") as folder,
        Processes() as processes,
    ):
        progress.show("starting", 0.0)
        servers = Servers(processes, cells, options.answer)
        progress.restart()
        with recording(options.flames, servers.by_name()):
            for cell in cells:
                target = _target(cell, servers.port(cell), Path(folder))
                for count in counts:
                    call = _one_call(cell, servers.port(cell), options.answer)
                    # What takes long needs more time, or nothing ends within it.
                    seconds = max(each, min(LONGEST, CALLS * call))
                    loads[cell, count] = tools[cell.transport](target, count, seconds)
                    _one_call(cell, servers.port(cell), options.answer)
                    servers.check()
                    progress.show("measuring", len(loads) / total)


def _target(cell: Cell, port: int, folder: Path) -> Target:
    path = route(name_of(cell.transport), "model").path
    body = implementation_of(cell).encode(models.payload(cell))
    return Target(f"http://127.0.0.1:{port}{path}", cell.transport == GRPC, body, folder)


def _one_call(cell: Cell, port: int, answer: str) -> float:
    """Check an answer, which load tools do not do; the seconds that it took to come."""
    implementation = implementation_of(cell)
    body = implementation.encode(models.payload(cell))
    with closing(connect(cell.transport, port)) as caller:
        began = perf_counter()
        reply = caller.call(body).body
        taken = perf_counter() - began
    check(cell, implementation.decode(reply), models.expected(cell, answer))
    return taken
