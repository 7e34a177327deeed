"""Every figure of a run, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.implementations.ways import MEMCPY, TITLES, is_codec
from bench.measure.run import Cell
from bench.report.codecs_views import payload_of, title_of, views
from bench.report.table import Column, table
from bench.screen import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure.results import Memory, Results
    from bench.report.codecs_views import View
    from bench.report.markup import Markup

UNKNOWN = "-"


def figures_of(results: Results) -> Markup:
    """Make the table: a row for each payload and way."""
    seen = views(results)
    titles = ["x memcpy", "bytes", "B/value"]
    columns = [
        Column("payload"),
        Column("codec"),
        *(Column(view.label, numeric=True) for view in _in_order(seen)),
        *(Column(title, numeric=True) for title in titles),
        Column("decode is"),
        *(
            Column(f"{each}, {whose}", numeric=True)
            for each in _weighed(results)
            for whose in ("Python's memory", "process's")
        ),
    ]
    rows, classes = [], []
    for number in range(len(results.cases)):
        for way in results.ways:
            row = _row(results, number, way)
            if row:
                rows.append(row)
                classes.append("" if is_codec(way) else "baseline")
    return table("Every figure of this run", columns, rows, classes=classes)


def _row(results: Results, number: int, way: str) -> list[str] | None:
    facts = results.facts.get((number, way))
    seen = views(results)
    times = [view.seconds(number, way) for view in _in_order(seen)]
    if facts is None or facts.cannot is not None or not any(times):
        return None
    taken, floor = seen[0].seconds(number, way), seen[0].seconds(number, MEMCPY)
    elements = max(1, results.cases[number].size)
    size = facts.size if way != MEMCPY else 0
    row = [
        payload_of(results, number),
        title_of(way),
        *(figures.duration(each) for each in times),
        figures.ratio(taken / floor if taken and floor else None),
        figures.size(size) if size else UNKNOWN,
        figures.three_digits(size / elements) if size else UNKNOWN,
        UNKNOWN if way == MEMCPY else "view" if facts.view else "copy",
    ]
    for each in _weighed(results):
        row += _peaks(results.memory.get(Cell(number, way, each)))
    return row


def _in_order(seen: Sequence[View]) -> list[View]:
    """Return the views as columns: each direction, both together, and what is beside them."""
    beside = [view for view in seen[1:] if view.label in TITLES.values()]
    return [*(view for view in seen[1:] if view not in beside), seen[0], *beside]


def _weighed(results: Results) -> list[str]:
    """Return the operations whose memory is known."""
    known = {cell.operation for cell in results.memory}
    return [view.name for view in views(results) if view.name in known]


def _peaks(memory: Memory | None) -> list[str]:
    known = (memory.python, memory.process) if memory else (None, None)
    return [UNKNOWN if each is None else figures.size(each) for each in known]
