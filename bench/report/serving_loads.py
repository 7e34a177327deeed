"""What a load tool has measured, in words: for ``throughput`` and ``concurrent``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.serving_pairs import Side
from bench.report.serving_words import NAMES
from bench.report.table import Column
from bench.screen import figures
from bench.serving.cells import OBJECTS, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.serving.cells import Cell
    from bench.serving.loads import Load

    Loads = Mapping[tuple[Cell, int], Load]

NOTE = (
    "Closed loop with ready-made bodies; an answer was checked before and after each measurement."
    " The clients run on the same machine as the server."
)
CELL = (Column("request"), Column("values", numeric=True), Column("kind"), Column("side"))
"""The columns that `named` fills."""


def named(cell: Cell) -> list[str]:
    """Return the first cells of a row."""
    return [f"{cell.transport} {cell.method}", f"{cell.values:,}", cell.kind, NAMES[cell.side]]


def side_of(load: Load) -> Side:
    """Return requests a second, and what is told of them."""
    rate = f"{load.rate:,.0f}" if load.rate >= 100 else figures.three_digits(load.rate)
    told = f"{rate} requests/s, p50 {time_of(load, 0.5)}, p99 {time_of(load, 0.99)}"
    return Side(load.rate, rate, told)


def gain_of(loads: Loads, cell: Cell, count: int) -> str:
    """Write how many times as many requests a second ours answers; nothing if unknown."""
    ours, usual = (loads.get((cell._replace(side=side), count)) for side in (OURS, OBJECTS))
    if not ours or not usual or not ours.latencies or not usual.latencies:
        return ""
    return figures.ratio(ours.rate / usual.rate)


def time_of(load: Load, share: float) -> str:
    """Write a quantile of the latencies."""
    return figures.duration(load.quantile(share))
