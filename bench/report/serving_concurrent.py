"""Mode ``concurrent``: requests a second and latency from one client up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report import charts as plot
from bench.report.charts import Axes, Point, Series
from bench.report.looks import look_of
from bench.report.markup import Markup, element
from bench.report.page import section
from bench.report.scales import Log, tick_time
from bench.report.serving_loads import CELL, NOTE, named, side_of, time_of
from bench.report.serving_words import (
    NAMES,
    SHORT,
    groups,
    panel,
    tick_count,
)
from bench.report.switches import class_of, radios
from bench.report.table import Column, table
from bench.screen import figures
from bench.serving.cells import OURS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bench.report.serving_loads import Loads
    from bench.serving.cells import Cell
    from bench.serving.loads import Load


VIEWS = (("requests", "requests/s"), ("latency", "latency (p50)"))


def concurrent_section(loads: Loads) -> Markup:
    """Return the part of the page for several numbers of clients."""
    found = groups(dict.fromkeys(cell for cell, _ in loads))
    kinds = list(dict.fromkeys(cell.kind for cells in found.values() for cell in cells))
    drawn = []
    for view, _ in VIEWS:
        drawings = []
        for title, cells in found.items():
            axes = _axes(loads, cells[0].values, view)
            series = list(_series(loads, cells, kinds, view))
            drawings.append(panel(title, plot.panel(title, series, axes)))
        drawn.append(element("div", *drawings, class_=f"panels {class_of('v', view)}"))
    figure = element(
        "figure",
        element("div", radios("clients", VIEWS, "against clients"), class_="switches"),
        *drawn,
        class_="switched",
    )
    return section(
        "From one client up",
        figure,
        table("From one client up", swept_columns(loads), list(swept(loads))),
        note=f"{NOTE} Hollow marks: the usual way.",
    )


def _value(load: Load, view: str) -> float | None:
    return load.rate if view == "requests" else load.quantile(0.5)


def _written(load: Load, view: str) -> str:
    return f"{side_of(load).written} requests/s" if view == "requests" else time_of(load, 0.5)


def _axes(loads: Loads, values: int, view: str) -> Axes:
    """Return axes for all requests of so many values."""
    counts = sorted({count for _, count in loads})
    alike = [load for (cell, _), load in loads.items() if cell.values == values]
    known = [value for load in alike if (value := _value(load, view))]
    written: Callable[[float], str] = tick_count if view == "requests" else tick_time
    x = Log(counts[0], max(counts[-1], counts[0] * 2), plot.LEFT, plot.RIGHT)
    y = Log.around(known, plot.BOTTOM, plot.TOP)
    return Axes(x, y, counts, "clients", tick_count, written)


def _series(
    loads: Loads, cells: Sequence[Cell], kinds: Sequence[str], view: str
) -> Iterator[Series]:
    for cell in cells:
        points = []
        for (other, count), load in sorted(loads.items(), key=lambda item: item[0][1]):
            value = _value(load, view)
            if other == cell and load.latencies and value:
                told = f"{figures.counted(count, 'client')}: {_written(load, view)}"
                points.append(Point(count, value, told))
        look = look_of(cell.kind, kinds)
        name = cell.kind if cell.side == OURS else f"{cell.kind} {SHORT[cell.side]}"
        yield Series(
            f"{cell.kind}, {NAMES[cell.side]}",
            name,
            points,
            look if cell.side == OURS else look.as_baseline(),
        )


def swept_columns(loads: Loads) -> list[Column]:
    """Return the columns of the table for several numbers of clients."""
    counts = sorted({count for _, count in loads})
    rates = [Column(f"requests/s, {count:,}", numeric=True) for count in counts]
    times = [Column(f"p50, {count:,}", numeric=True) for count in counts]
    return [*CELL, *rates, *times, Column("failed", numeric=True)]


def swept(loads: Loads) -> Iterator[list[str]]:
    """Give its lines: one for each cell."""
    counts = sorted({count for _, count in loads})
    for cell in sorted({cell for cell, _ in loads}, key=lambda cell: cell.place):
        found = [loads.get((cell, count)) for count in counts]
        yield [
            *named(cell),
            *(side_of(load).written if load and load.latencies else "-" for load in found),
            *(time_of(load, 0.5) if load else "-" for load in found),
            f"{sum(load.failed for load in found if load):,}",
        ]
