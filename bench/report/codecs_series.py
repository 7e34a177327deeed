"""A section that grows: time against batch size, a panel for each container."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.implementations.ways import MEMCPY, is_codec, label_of
from bench.report.charts import (
    BOTTOM,
    LEFT,
    RIGHT,
    TOP,
    Axes,
    Point,
    Ring,
    Series,
    ghost_lines,
    panel,
)
from bench.report.codecs_crossings import crossings
from bench.report.codecs_views import (
    BASELINES,
    MEMORY,
    containers,
    look,
    rows_of,
    title_of,
    views,
)
from bench.report.looks import Look
from bench.report.markup import Markup, element
from bench.report.scales import Log, tick_time
from bench.report.switches import class_of
from bench.screen import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure.results import Results
    from bench.report.codecs_views import View


@dataclass(frozen=True)
class Growth:
    """A section, and the axes that all of its panels share."""

    results: Results
    chosen: Sequence[int]
    axes: Axes

    @property
    def last(self) -> int:
        """The largest payload."""
        return self.chosen[-1]


def growth(results: Results, chosen: Sequence[int]) -> Growth:
    """Put a section's payloads in order, and find axes that hold every time of every view."""
    places = rows_of(results, chosen)
    ordered = [number for _, number in sorted(zip(places, chosen, strict=True))]
    values = [
        taken
        for view in views(results)
        for way in results.ways
        for number in chosen
        if (taken := view.seconds(number, way))
    ]
    axes = Axes(
        Log(min(places), max(places), LEFT, RIGHT),
        Log.around(values, BOTTOM, TOP),
        sorted(places),
        "rows in the batch",
        short,
        tick_time,
    )
    return Growth(results, ordered, axes)


def short(value: float) -> str:
    """Write a number of rows on an axis: ``10k``."""
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if value >= scale:
            return f"{value / scale:g}{unit}"
    return f"{value:g}"


def lines_of(grown: Growth, view: View, names: Sequence[str]) -> list[Series]:
    """Return a line for each way that has any time."""
    found = []
    for name in names:
        points = []
        for number in grown.chosen:
            taken = view.seconds(number, name)
            if not taken:
                continue
            case, floor = grown.results.cases[number], view.seconds(number, MEMCPY)
            text = f"{figures.counted(case.shape[0], 'row')}: {figures.duration(taken)}"
            if floor and name != MEMCPY:
                text += f", {figures.ratio(taken / floor)} memcpy"
            points.append(Point(case.shape[0], taken, text, grown.results.noise(number)))
        if points:
            drawn = Look("memory", "circle") if name == MEMCPY else look(name, grown.results)
            label = MEMORY.removeprefix("one ") if name == MEMCPY else label_of(name)
            box = "" if is_codec(name) or name == MEMCPY else class_of("c", BASELINES)
            found.append(Series(title_of(name), label, points, drawn, box))
    return found


def time_panel(
    grown: Growth, view: View, container: str, ghosts: str, *, ringed: bool = True
) -> tuple[Markup, Markup]:
    """Draw one container, and say where its lines cross."""
    names = containers(grown.results)[container]
    limit = next(iter(lines_of(grown, view, [MEMCPY])), None)
    found = crossings(view, grown.chosen, container) if ringed else []
    drawn = panel(
        f"{container}: time of one call, {view.label}, against rows in the batch",
        # Baselines first, so that the codecs lie above them.
        lines_of(
            grown, view, [*filter(lambda n: not is_codec(n), names), *filter(is_codec, names)]
        ),
        grown.axes,
        limit=limit,
        rings=[Ring(each.x, each.y, place) for place, each in enumerate(found, 1)],
        ghosts=ghosts,
    )
    items = [
        element("li", element("b", str(place)), each.text) for place, each in enumerate(found, 1)
    ]
    return drawn, element("ul", *items, class_="rings") if items else Markup()


def ghosts_of(grown: Growth, view: View, id_: str) -> Markup:
    """Return every codec's line, to stand behind each panel for comparison."""
    names = [name for name in grown.results.ways if is_codec(name)]
    return ghost_lines(lines_of(grown, view, names), grown.axes, id_)
