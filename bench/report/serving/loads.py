"""Modes ``throughput`` and ``concurrent``: what a load tool has measured."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from ... import figures
from ...serving.cells import METHODS, OURS
from ...serving.samples import PERCENTILES, rate_gain
from .. import charts
from ..charts import Axis, Dot, Point, Series
from ..page import Column, Drawing, Panel, Section, Switch, Table, class_of, numeric
from .sides import (
    NAMES,
    REQUEST,
    SHORT,
    STYLES,
    UNKNOWN,
    groups,
    legend,
    named,
    pairs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...serving.cells import Cell
    from ...serving.samples import Load
    from ..charts import Chart

    Loads = Mapping[tuple[Cell, int], Load]

LOADS = (
    "Closed loop with ready-made bodies; an answer was checked before and after each measurement."
    " The clients run on the same machine as the server."
)


def _rate(load: Load) -> str:
    return f"{load.rate:,.0f}" if load.rate >= 100 else figures.three_digits(load.rate)


def _latency(load: Load, percent: float) -> str:
    return figures.duration(load.percentile(percent))


def _gain(loads: Loads, cell: Cell, count: int) -> str:
    """Write how many times as many requests a second ours answers; nothing if unknown."""
    found = rate_gain(loads, cell, count)
    return figures.ratio(found) if found else ""


def throughput_section(loads: Loads) -> Section:
    """Return requests a second with the largest number of clients."""
    most = max(count for _, count in loads)
    method = min((cell.method for cell, _ in loads), key=METHODS.index)
    shown = {
        cell: load
        for (cell, count), load in loads.items()
        if (count, cell.method) == (most, method) and load.latencies
    }
    axis = Axis.logarithmic([load.rate for load in shown.values()], charts.COUNT)

    def dot(cell: Cell) -> Dot:
        load = shown[cell]
        text = f"{_rate(load)} requests/s, p50 {_latency(load, 50)}, p99 {_latency(load, 99)}"
        return Dot(load.rate, f"{NAMES[cell.side]}: {text}", STYLES[cell.side], _rate(load))

    panels = [
        Panel(
            title,
            [Drawing([pairs(title, cells, axis, dot, lambda c: _gain(loads, c, most))])],
        )
        for title, cells in groups(shown).items()
    ]
    rows = [
        [
            *named(cell),
            NAMES[cell.side],
            f"{count:,}",
            _rate(load) if load.latencies else UNKNOWN,
            (_gain(loads, cell, count) if cell.side == OURS else "") or UNKNOWN,
            *(_latency(load, each) for each in PERCENTILES),
            f"{load.failed:,}",
            load.tool,
            "the client" if load.doubt() else "the server",
        ]
        for (cell, count), load in sorted(
            loads.items(), key=lambda each: (each[0][0].place, each[0][1])
        )
    ]
    columns = [
        *(*REQUEST, Column("side")),
        *numeric("clients", "requests/s", "times the usual", "p50", "p90", "p99", "failed"),
        *(Column("load by"), Column("the limit was")),
    ]
    return Section(
        f"Requests a second with {figures.counted(most, 'client')}",
        f"{LOADS} At the right: how many times as many as the usual way. Drawn is {method}; the"
        " table has every method.",
        legend(cell for cell, _ in loads),
        panels=panels,
        table=Table("Requests a second", columns, rows),
    )


def concurrent_section(loads: Loads) -> Section:
    """Return requests a second and latency against clients."""
    found_groups = groups(dict.fromkeys(cell for cell, _ in loads))
    counts = sorted({count for _, count in loads})
    options = [
        (class_of("v", "requests"), "requests/s"),
        (class_of("v", "latency"), "latency (p50)"),
    ]
    panels = []
    for title, cells in found_groups.items():
        drawings = [
            Drawing([_concurrent_chart(loads, title, cells, counts, latency=latency)], shown_by)
            for latency, (shown_by, _) in enumerate(options)
        ]
        panels.append(Panel(title, drawings))
    rows = []
    for cell in sorted({cell for cell, _ in loads}, key=lambda cell: cell.place):
        found = [loads.get((cell, count)) for count in counts]
        rows.append(
            [
                *named(cell),
                NAMES[cell.side],
                *(_rate(load) if load and load.latencies else UNKNOWN for load in found),
                *(_latency(load, 50) if load else UNKNOWN for load in found),
                f"{sum(load.failed for load in found if load):,}",
            ]
        )
    titles = [f"{what}, {count:,}" for what in ("requests/s", "p50") for count in counts]
    columns = [*REQUEST, Column("side"), *numeric(*titles, "failed")]
    return Section(
        "From one client up",
        f"{LOADS} Hollow marks: the usual way.",
        switches=[Switch("against clients", options, "clients")],
        panels=panels,
        table=Table("From one client up", columns, rows),
    )


def _concurrent_chart(
    loads: Loads, title: str, cells: Sequence[Cell], counts: Sequence[int], *, latency: int
) -> Chart:
    """Return requests a second, or latencies, on one axis for all requests of so many values."""

    def value(load: Load) -> float | None:
        return load.percentile(50) if latency else load.rate

    same = [load for (cell, _), load in loads.items() if cell.values == cells[0].values]
    label = charts.TIME if latency else charts.COUNT
    y = Axis.logarithmic([each for load in same if (each := value(load))], label)
    edge = min(max(counts[-1] / counts[0], 2) ** 0.04, 1.5)
    x = Axis(counts[0] / edge, counts[-1] * edge, counts, charts.COUNT, "clients")
    kinds = [cell.kind for cell, _ in loads]
    series = []
    for cell in cells:
        points = []
        for count in counts:
            load = loads.get((cell, count))
            if load and load.latencies and (found := value(load)):
                text = _latency(load, 50) if latency else f"{_rate(load)} requests/s"
                points.append(Point(count, found, f"{figures.counted(count, 'client')}: {text}"))
        ours, style = cell.side == OURS, charts.style_of(cell.kind, kinds)
        series.append(
            Series(
                f"{cell.kind}, {NAMES[cell.side]}",
                cell.kind if ours else f"{cell.kind} {SHORT[cell.side]}",
                points,
                style if ours else style.as_baseline(),
            )
        )
    return charts.lines(title, series, x, y)


def load_answers(loads: Loads) -> Iterator[str]:
    """Return the gains, and whether the client was the limit."""
    most = max(count for _, count in loads)
    ours = [cell for cell, count in loads if cell.side == OURS and count == most]
    gains = [gain for cell in ours if (gain := rate_gain(loads, cell, most))]
    if gains:
        yield (
            f"With {figures.counted(most, 'client')}: {figures.ratio(min(gains))} to"
            f" {figures.ratio(max(gains))} the requests/s of the usual way,"
            f" {figures.ratio(median(gains))} in the middle."
        )
    doubts = sum(1 for load in loads.values() if load.doubt())
    if doubts:
        yield f"The client, not the server, was the limit in {doubts} of {len(loads)} runs."
