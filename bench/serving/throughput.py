"""Modes ``throughput`` and ``concurrent``: many clients with ready-made bodies."""

from __future__ import annotations

import tempfile
from contextlib import closing
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tensorwire.cli.load_tools import route

from .. import figures
from ..screen import Table
from . import loadgen, models, records
from .cells import GRPC, OURS, Cell
from .clients import connect, implementation_of, name_of
from .loadgen import Target
from .matrix import check, rows_of
from .mode import Mode
from .processes import Processes, recording
from .samples import PERCENTILES, rate_gain
from .servers import Servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..screen import Progress, Screen
    from .options import Options
    from .records import Benchmark
    from .samples import Load

SWEEP = (1, 4, 16, 64, 256, 1024)
QUICK_SWEEP = (1, 8)
OVERHEAD = 0.35
"""Seconds in which a tool starts and ends, and two answers are checked."""
LEAST, LONGEST = 0.2, 2.5
"""Seconds of a measurement, however many there are, or however long a call takes."""
CALLS = 20
"""Calls, one after another, for which there is to be time."""
NOTE = (
    "Closed loop with ready-made bodies; an answer was checked before and after each run, and the"
    " status of every reply (gRPC: of those two)."
)
DOUBTS = 8


class Throughput(Mode):
    """Loads each server with each number of clients; both sides of a kind follow one another."""

    columns = (
        *("transport", "method", "values", "kind", "side", "clients", "tool", "seconds"),
        *("answered", "failed", "requests_per_s", "p50_s", "p90_s", "p99_s", "doubt"),
    )

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.cells = options.choice.cells()
        self.counts: tuple[int, ...] = (options.clients,)
        if options.mode == "concurrent":
            steps = QUICK_SWEEP if options.quick else SWEEP
            self.counts = (*(each for each in steps if each < options.clients), options.clients)
        self.found: dict[tuple[Cell, int], Load] = {}

    def measure(self, progress: Progress) -> None:
        """Run a tool for each cell and number of clients."""
        options = self.options
        tools = {
            transport: loadgen.choose(options.tool, grpc=transport == GRPC)
            for transport in options.choice.transports
        }
        total = len(self.cells) * len(self.counts)
        each = max(LEAST, (options.seconds / total - OVERHEAD) / (1 + loadgen.WARM_UP))
        with (
            tempfile.TemporaryDirectory(prefix="tensorwire-") as folder,
            Processes() as processes,
        ):
            progress.show("starting", 0.0)
            servers = Servers(processes, self.cells, options.answer)
            progress.restart()
            with recording(options.flames, servers.by_name()):
                for cell in self.cells:
                    port = servers.port(cell)
                    target = _target(cell, port, Path(folder))
                    for count in self.counts:
                        call = _one_call(cell, port, options.answer)
                        # What takes long needs more time, or nothing ends within it.
                        seconds = max(each, min(LONGEST, CALLS * call))
                        self.found[cell, count] = tools[cell.transport](target, count, seconds)
                        _one_call(cell, port, options.answer)
                        servers.check()
                        progress.show("measuring", len(self.found) / total)

    def benchmarks(self) -> Iterator[Benchmark]:
        """Return a benchmark per run of a tool."""
        return records.load_benchmarks(self.found)

    def rows(self) -> Iterator[Sequence[Any]]:
        """Return a line per run of a tool."""
        for (cell, count), load in self.found.items():
            times = [load.percentile(each) for each in PERCENTILES]
            yield (
                *(*cell, count, load.tool, f"{load.seconds:.4g}", len(load.latencies)),
                *(load.failed, f"{load.rate:.6g}"),
                *("" if value is None else f"{value:.6g}" for value in times),
                load.doubt() or "",
            )

    def show(self, screen: Screen) -> None:
        """Write tables, then what makes them doubtful."""
        loads = self.found
        if len(self.counts) == 1:
            screen.table(self._one(self.counts[0]))
        else:
            screen.table(self._sweep("Requests/s by clients", _rate))
            screen.table(
                self._sweep("p50 by clients", lambda load: figures.duration(load.percentile(50)))
            )
        screen.line()
        tools = ", ".join(dict.fromkeys(load.tool for load in loads.values()))
        screen.line(f"{NOTE} Load by {tools}.", "note")
        doubts = [
            f"{cell.name}, {count} clients: {doubt}"
            for (cell, count), load in loads.items()
            if (doubt := load.doubt())
        ]
        quiet = self.options.quiet
        if not quiet:
            for line in doubts[:DOUBTS]:
                screen.line(line, "warning")
        if len(doubts) > DOUBTS or (doubts and quiet):
            text = f"The client was the limit in {len(doubts)} of {len(loads)} runs."
            screen.line(text, "warning")

    def _one(self, count: int) -> Table:
        def line(cell: Cell) -> tuple[str, ...] | None:
            load = self.found.get((cell, count))
            if load is None:
                return None
            gain = rate_gain(self.found, cell, count) if cell.side == OURS else None
            return (
                _rate(load),
                figures.ratio(gain) if gain else "",
                *(figures.duration(load.percentile(each)) for each in PERCENTILES),
                f"{load.failed}",
            )

        columns = ("req/s", "gain", "p50", "p90", "p99", "failed")
        return Table(f"{count} clients", columns, rows_of(self.cells, line))

    def _sweep(self, title: str, write: Callable[[Load], str]) -> Table:
        def line(cell: Cell) -> tuple[str, ...] | None:
            loads = [self.found.get((cell, count)) for count in self.counts]
            return tuple(write(load) if load else "-" for load in loads) if any(loads) else None

        return Table(title, tuple(map(str, self.counts)), rows_of(self.cells, line))


def _rate(load: Load) -> str:
    """Write requests/s; where none was answered in time, nothing is known of them."""
    return figures.three_digits(load.rate) if load.latencies else "-"


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
        seconds = perf_counter() - began
    check(cell, implementation.decode(reply), models.expected(cell, answer))
    return seconds
