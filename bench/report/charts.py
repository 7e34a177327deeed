"""Lines on two logarithmic axes, each with its name at its end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.report.labels import spread
from bench.report.markup import Markup, element, number
from bench.report.svg import CHARACTER, WIDTH, line, marks, picture, rule, rules, text, texts, told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.report.looks import Look
    from bench.report.scales import Log

LEFT, RIGHT = 54, 246
"""Where the first and the last point stand; behind them is room for names."""
TOP, BOTTOM = 12, 262
FOOT = 38
GAP = 13
"""From one name to the next."""
EDGE = 8
"""How far the plot reaches beyond its points."""


@dataclass(frozen=True)
class Point:
    """A value, and what is told of it."""

    x: float
    y: float
    text: str
    noise: float = 0.0
    """How far equal things differ: 0.02 is two per cent."""


@dataclass(frozen=True)
class Series:
    """A line."""

    name: str
    """What it is called where nothing is around it."""
    label: str
    """What it is called at its end."""
    points: Sequence[Point]
    look: Look
    class_: str = ""


@dataclass(frozen=True)
class Ring:
    """A place that is explained below the picture, by its number."""

    x: float
    y: float
    number: int


@dataclass(frozen=True)
class Axes:
    """What all panels of a figure have in common."""

    x: Log
    y: Log
    ticks: Sequence[float]
    x_title: str
    x_text: Callable[[float], str]
    y_text: Callable[[float], str]


def panel(  # noqa: PLR0913 - each is one plain fact
    label: str,
    series: Sequence[Series],
    axes: Axes,
    *,
    limit: Series | None = None,
    rings: Sequence[Ring] = (),
    ghosts: str = "",
) -> Markup:
    """Draw the lines; `limit` is what none can pass, `ghosts` the id of lines to stand behind."""
    all_series = [each for each in (limit, *series) if each and each.points]
    lowest = max(BOTTOM, TOP + GAP * (len(all_series) - 1))
    drawn = [_draw(each, axes) for each in series if each.points]
    return picture(
        WIDTH,
        lowest + FOOT,
        label,
        _grid(axes),
        *([_area(limit, axes)] if limit and limit.points else []),
        *([element("use", href=f"#{ghosts}")] if ghosts else []),
        *([_draw(limit, axes, plain=True)] if limit and limit.points else []),
        *drawn,
        *(_ring(each, axes) for each in rings),
        element("g", *_names(all_series, axes, lowest), aria_hidden="true"),
    )


def ghost_lines(series: Sequence[Series], axes: Axes, id_: str) -> Markup:
    """Return lines without marks and names, to be drawn behind those of each panel."""
    paths = [line(_places(each, axes)) for each in series if each.points]
    return element("g", *paths, id=id_, class_="ghosts")


def _places(series: Series, axes: Axes) -> list[tuple[float, float]]:
    return [(axes.x(point.x), axes.y(point.y)) for point in series.points]


def _grid(axes: Axes) -> Markup:
    start, end = LEFT - EDGE, RIGHT + EDGE
    heights = [axes.y(value) for value in axes.y.ticks()]
    places = [axes.x(value) for value in axes.ticks]
    parts = [
        rules([(start, y, end, y) for y in heights], "grid"),
        rules(
            [*((x, BOTTOM, x, BOTTOM + 4) for x in places), (start, BOTTOM, end, BOTTOM)], "axis"
        ),
        texts(
            [
                (start - 5, y + 4, axes.y_text(value))
                for y, value in zip(heights, axes.y.ticks(), strict=True)
            ],
            "tick end",
        ),
    ]
    named, free = [], -100.0
    for x, value in zip(places, axes.ticks, strict=True):
        written = axes.x_text(value)
        half = len(written) * CHARACTER / 2
        if x - half >= free:
            named.append((x, BOTTOM + 17, written))
            free = x + half + 4
    named.append(((LEFT + RIGHT) / 2, BOTTOM + 33, axes.x_title))
    parts.append(texts(named, "tick middle"))
    return element("g", *parts, aria_hidden="true")


def _area(limit: Series, axes: Axes) -> Markup:
    places = _places(limit, axes)
    (first, left), (last, right) = places[0], places[-1]
    edge = [(LEFT - EDGE, left), *places, (RIGHT + EDGE, right)]
    if first == last:
        edge = [(LEFT - EDGE, left), (RIGHT + EDGE, right)]
    path = "L".join(f"{number(x)},{number(y)}" for x, y in edge)
    return element("path", d=f"M{LEFT - EDGE},{BOTTOM}L{path}V{BOTTOM}z", class_="area")


def _draw(series: Series, axes: Axes, *, plain: bool = False) -> Markup:
    places = _places(series, axes)
    parts = [line(places, series.look.dash)]
    if not plain:
        parts.append(marks(series.look, places))
    for point, (x, _) in zip(series.points, places, strict=True):
        high, low = (axes.y(point.y * (1 + point.noise) ** sign) for sign in (1, -1))
        if low - high > 10:  # else the mark covers it
            parts.append(rule(x, low, x, high, "whisker"))
    classes = f"{series.look.classes} {series.class_}".strip()
    said = [point.text for point in series.points]
    return told(series.name, said, (), *parts, class_=classes)


def _ring(ring: Ring, axes: Axes) -> Markup:
    x, y = axes.x(ring.x), axes.y(ring.y)
    circle = element("circle", cx=x, cy=y, r=7)
    return element("g", circle, text(x, y + 3.6, str(ring.number), "middle"), class_="ring")


def _names(series: Sequence[Series], axes: Axes, lowest: float) -> list[Markup]:
    """Write each name beside the end of its line, with a thin line to it if it had to move."""
    ends = [_places(each, axes)[-1] for each in series]
    found = []
    for each, (x, y), place in zip(
        series, ends, spread([y for _, y in ends], GAP, TOP, lowest), strict=True
    ):
        start = RIGHT + EDGE + 14
        classes = f"name {each.look.classes} {each.class_}".strip()
        leader = rule(x + 6, y, start - 3, place, "leader")
        found.append(element("g", leader, text(start, place + 4, each.label), class_=classes))
    return found
