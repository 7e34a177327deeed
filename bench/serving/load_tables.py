"""What load tools have measured, as tables, CSV and pyperf's format."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TextIO

from bench import figures
from bench.screen import Table
from bench.serving.cells import OBJECTS, OURS
from bench.serving.matrix_tables import rows_of
from bench.serving.suite import Timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.screen import Screen
    from bench.serving.cells import Cell
    from bench.serving.options import Options
    from bench.serving.samples import Load

    Loads = Mapping[tuple[Cell, int], Load]

NOTE = (
    "Closed loop with ready-made bodies; an answer was checked before and after each run, and the"
    " status of every reply (gRPC: of those two)."
)
DOUBTS = 8


def show(
    options: Options, cells: Sequence[Cell], counts: Sequence[int], loads: Loads, screen: Screen
) -> None:
    """Write tables, then what makes them doubtful."""
    if len(counts) == 1:
        screen.table(_one(cells, counts[0], loads))
    else:
        screen.table(_sweep("Requests/s by clients", cells, counts, loads, latency=False))
        screen.table(_sweep("p50 by clients", cells, counts, loads, latency=True))
    screen.line()
    tools = ", ".join(dict.fromkeys(load.tool for load in loads.values()))
    screen.line(f"{NOTE} Load by {tools}.", "note")
    doubts = [
        f"{cell.name}, {count} clients: {doubt}"
        for (cell, count), load in loads.items()
        if (doubt := load.doubt())
    ]
    if not options.quiet:
        for line in doubts[:DOUBTS]:
            screen.line(line, "warning")
    if len(doubts) > DOUBTS or (doubts and options.quiet):
        screen.line(f"The client was the limit in {len(doubts)} of {len(loads)} runs.", "warning")


def _one(cells: Sequence[Cell], count: int, loads: Loads) -> Table:
    def line(cell: Cell) -> tuple[str, ...] | None:
        load = loads.get((cell, count))
        if load is None:
            return None
        other = loads.get((cell._replace(side=OBJECTS), count))
        gain = load.rate / other.rate if other and other.rate and cell.side == OURS else None
        return (
            _rate(load),
            figures.ratio(gain) if gain else "",
            *(figures.duration(load.quantile(share)) for share in (0.5, 0.9, 0.99)),
            f"{load.failed}",
        )

    table = Table(f"{count} clients", ("req/s", "gain", "p50", "p90", "p99", "failed"))
    table.rows = rows_of(cells, line)
    return table


def _sweep(
    title: str, cells: Sequence[Cell], counts: Sequence[int], loads: Loads, *, latency: bool
) -> Table:
    def line(cell: Cell) -> tuple[str, ...] | None:
        found = [loads.get((cell, count)) for count in counts]
        if not any(found):
            return None
        if latency:
            return tuple(figures.duration(load.quantile(0.5)) if load else "-" for load in found)
        return tuple(_rate(load) if load else "-" for load in found)

    table = Table(title, tuple(f"{count}" for count in counts))
    table.rows = rows_of(cells, line)
    return table


def _rate(load: Load) -> str:
    """Write requests/s; where none was answered in time, nothing is known of them."""
    return figures.three_digits(load.rate) if load.latencies else "-"


COLUMNS = (
    *("transport", "method", "values", "kind", "side", "clients", "tool", "seconds", "answered"),
    *("failed", "requests_per_s", "p50_s", "p90_s", "p99_s", "doubt"),
)


def write_csv(loads: Loads, stream: TextIO) -> None:
    """Write a line per run of a tool."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for (cell, count), load in loads.items():
        found = [load.quantile(share) for share in (0.5, 0.9, 0.99)]
        writer.writerow(
            (
                *(*cell, count, load.tool, f"{load.seconds:.4g}", len(load.latencies)),
                *(load.failed, f"{load.rate:.6g}"),
                *("" if value is None else f"{value:.6g}" for value in found),
                load.doubt() or "",
            )
        )


def benchmarks(loads: Loads) -> Iterator[Timed]:
    """Give a benchmark per run of a tool: the seconds of its requests."""
    for (cell, count), load in loads.items():
        told = {
            **cell.told(),
            "name": f"{cell.name} {count} clients",
            "clients": count,
            "tool": load.tool,
            "seconds_measured": load.seconds,
            "failed": load.failed,
            "requests_per_second": load.rate,
        }
        if load.busy is not None:
            told["busy"] = load.busy
        yield Timed(told, [load.latencies])
