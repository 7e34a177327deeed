"""Mode ``throughput``: requests a second with one number of clients."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.looks import legend
from bench.report.page import section
from bench.report.scales import Log
from bench.report.serving_loads import CELL, NOTE, gain_of, named, side_of, time_of
from bench.report.serving_pairs import LEFT, RIGHT, Pair, around, pairs
from bench.report.serving_words import (
    NAMES,
    groups,
    panel,
    panels,
    side_look,
    tick_count,
)
from bench.report.table import Column, table
from bench.screen import figures
from bench.serving.cells import METHODS, OURS, SIDES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.report.markup import Markup
    from bench.report.serving_loads import Loads


COLUMNS = (
    *CELL,
    Column("clients", numeric=True),
    Column("requests/s", numeric=True),
    Column("times the usual", numeric=True),
    Column("p50", numeric=True),
    Column("p90", numeric=True),
    Column("p99", numeric=True),
    Column("failed", numeric=True),
    Column("load by"),
    Column("the limit was"),
)


def throughput_section(loads: Loads) -> Markup:
    """Return the part of the page for one number of clients."""
    counts = sorted({count for _, count in loads})
    drawn = [panel(title, drawing) for title, drawing in _rates(loads, counts[-1])]
    return section(
        f"Requests a second with {figures.counted(counts[-1], 'client')}",
        panels(drawn, legend([(side_look(side), NAMES[side]) for side in SIDES])),
        table("Requests a second", COLUMNS, list(rows(loads))),
        note=(
            f"{NOTE} At the right: how many times as many as the usual way. Drawn is"
            f" {first_method(loads)}; the table has every method."
        ),
    )


def first_method(loads: Loads) -> str:
    """Return the method that is drawn."""
    return min((cell for cell, _ in loads), key=lambda cell: METHODS.index(cell.method)).method


def _rates(loads: Loads, count: int) -> Iterator[tuple[str, Markup]]:
    method = first_method(loads)
    known = {
        cell: load
        for (cell, n), load in loads.items()
        if (n, cell.method) == (count, method) and load.latencies
    }
    if not known:
        return
    x = Log(*around([load.rate for load in known.values()]), LEFT, RIGHT)
    for title, cells in groups(known).items():
        found = []
        for kind in dict.fromkeys(cell.kind for cell in cells):
            members = [cell for cell in cells if cell.kind == kind]
            sides = {cell.side: side_of(known[cell]) for cell in members}
            found.append(Pair(kind, sides, gain_of(loads, members[0], count)))
        yield title, pairs(title, found, x, tick_count)


def rows(loads: Loads) -> Iterator[list[str]]:
    """Give the lines of the table."""
    for (cell, count), load in sorted(
        loads.items(), key=lambda item: (item[0][0].place, item[0][1])
    ):
        yield [
            *named(cell),
            f"{count:,}",
            side_of(load).written if load.latencies else "-",
            gain_of(loads, cell, count) or "-" if cell.side == OURS else "-",
            *(time_of(load, share) for share in (0.5, 0.9, 0.99)),
            f"{load.failed:,}",
            load.tool,
            "the client" if load.doubt() else "the server",
        ]
