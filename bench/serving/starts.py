"""Mode ``load``: servers, or models in one server, started one after another."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

import psutil

from .. import figures
from ..screen import Row, Table
from . import records, servers
from .cells import GRPC, OURS, REST, Cell
from .clients import connect, implementation_of
from .matrix import check
from .mode import Mode
from .models import expected, payload
from .processes import Process, Processes
from .records import Started

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..screen import Progress, Screen
    from .options import Options
    from .records import Benchmark

QUICK = 3
NOTE = (
    "ready: from the start of the process (or model) until it listens; answers: until its first"
    " answer, over every transport. Memory that is its own alone (USS), of all its processes."
)


class Starts(Mode):
    """Servers of each side, or models of ours."""

    columns = ("side", "number", "ready_s", "answers_s", "memory_bytes")

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self.found: list[Started] = []

    def measure(self, progress: Progress) -> None:
        """Start them; all stay until the last has answered."""
        options = self.options
        count = min(options.workers, QUICK) if options.quick else options.workers
        with Processes() as processes:
            if options.what == "models":
                self._models(processes, count)
                return
            for side in options.choice.sides:
                for number in range(1, count + 1):
                    self.found.append(_server(processes, side, number))
                    share = len(self.found) / count / len(options.choice.sides)
                    progress.show("starting", share)

    def _models(self, processes: Processes, count: int) -> None:
        """Read the ports of one more model from each line of one process."""
        server = processes.start(servers.command("models", count))
        before = 0
        for number in range(1, count + 1):
            server.ready()
            began = perf_counter()
            _ask(server.ports, OURS)
            seconds = perf_counter() - began
            now = memory(server)
            ready = float(server.ports["seconds"])
            self.found.append(Started(OURS, number, ready, ready + seconds, now - before))
            before = now
            server.send("next")

    def benchmarks(self) -> Iterator[Benchmark]:
        """Return a benchmark per side and measure."""
        return records.start_benchmarks(self.options.what, self.found)

    def rows(self) -> Iterator[Sequence[Any]]:
        """Return a line per server or model."""
        for one in self.found:
            yield one.side, one.number, f"{one.ready:.4g}", f"{one.answers:.4g}", one.memory

    def show(self, screen: Screen) -> None:
        """Write the table."""
        what = self.options.what.removesuffix("s")
        columns = ("ready", "answers", "memory")
        table = Table(f"{what.capitalize()}s, one after another", columns, note=NOTE)
        for side in dict.fromkeys(one.side for one in self.found):
            members = [one for one in self.found if one.side == side]
            table.rows.append(Row(side, style="group"))
            if not self.options.quiet:
                table.rows += [_row(f"{what} {one.number}", [one]) for one in members]
            table.rows.append(_row(f"median of {len(members)}", members, "answer"))
        screen.table(table)


def _row(label: str, members: list[Started], style: str = "codec") -> Row:
    cells = (
        figures.duration(median(one.ready for one in members)),
        figures.duration(median(one.answers for one in members)),
        figures.size(median(one.memory for one in members)),
    )
    return Row(label, cells, style)


def _server(processes: Processes, side: str, number: int) -> Started:
    began = perf_counter()
    if side == OURS:
        commands = [servers.command("predict", "sum")]
    else:
        commands = [servers.object_command(each, "predict", "sum") for each in (REST, GRPC)]
    started = [processes.start(command) for command in commands]
    for process in started:
        process.ready()
    ready = perf_counter() - began
    _ask({name: port for process in started for name, port in process.ports.items()}, side)
    return Started(side, number, ready, perf_counter() - began, sum(map(memory, started)))


def _ask(ports: dict[str, int], side: str) -> None:
    for transport in (REST, GRPC):
        cell = Cell(transport, "predict", 10, "tensor", side)
        caller = connect(transport, ports[transport.lower()])
        implementation = implementation_of(cell)
        got = implementation.decode(caller.call(implementation.encode(payload(cell))).body)
        check(cell, got, expected(cell, "sum"))
        caller.close()


def memory(process: Process) -> int:
    """Return the bytes that no other process shares, its children's included."""
    parent = psutil.Process(process.pid)
    family = [parent, *parent.children(recursive=True)]
    return sum(int(one.memory_full_info().uss) for one in family)
