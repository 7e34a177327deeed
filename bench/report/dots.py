"""Dots on one logarithmic axis: a row for each thing."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element
from bench.report.svg import CHARACTER, WIDTH, marks, picture, rule, rules, text, texts, told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.report.looks import Look
    from bench.report.scales import Log

LEFT, RIGHT = 92, 232
"""Where the axis begins and ends: names before it, values behind it."""
TIMES = 300
"""Where values end; sizes end at the edge."""
STEP = 16
HEAD = 6
FOOT = 24


@dataclass(frozen=True)
class Dot:
    """A value, and what is told of it."""

    value: float
    text: str
    look: Look
    class_: str = ""


@dataclass(frozen=True)
class Row:
    """A name, and dots beside it; the value of the first is written, and a size.

    Without dots: a heading.
    """

    label: str
    dots: Sequence[Dot] = ()
    value: str = ""
    size: str = ""
    class_: str = ""
    title: str = ""
    """What it is called where nothing is around it, if that is more."""


def dots(
    label: str,
    rows: Sequence[Row],
    x: Log,
    x_text: Callable[[float], str],
    *,
    limit: float | None = None,
) -> Markup:
    """Draw the rows, one below the other; `limit` is what none can pass."""
    bottom = HEAD + STEP * len(rows)
    parts = [_axis(x, x_text, bottom)]
    if limit:
        parts.append(rule(x(limit), HEAD, x(limit), bottom, "limit"))
    for place, row in enumerate(rows):
        y = HEAD + STEP * (place + 0.5)
        if not row.dots:
            parts.append(text(0, y + 4, row.label, f"heading {row.class_}".strip()))
            continue
        places = [(x(dot.value), y) for dot in row.dots]
        drawn = [
            marks(dot.look, [spot], f"{dot.look.classes} {dot.class_}".strip())
            for dot, spot in zip(row.dots, places, strict=True)
        ]
        reach = [spot for spot, _ in places]
        spans = [rule(min(reach), y, max(reach), y, f"span {row.dots[-1].class_}".strip())]
        parts.append(
            told(
                row.title or row.label,
                [dot.text for dot in row.dots],
                places,
                text(8, y + 4, row.label),
                *spans[: len(places) - 1],
                *reversed(drawn),
                text(TIMES, y + 4, row.value, "value end"),
                *([text(WIDTH, y + 4, row.size, "value end")] if row.size else []),
                class_=f"row {row.class_}".strip(),
            )
        )
    return picture(WIDTH, bottom + FOOT, label, *parts)


def _axis(x: Log, x_text: Callable[[float], str], bottom: float) -> Markup:
    ticks = x.ticks()
    widest = max(len(x_text(value)) for value in ticks) * CHARACTER + 6
    apart = (x(ticks[-1]) - x(ticks[0])) / max(1, len(ticks) - 1)
    every = ceil(widest / apart) if apart else 1
    parts = [rules([(x(value), HEAD, x(value), bottom + 3) for value in ticks], "grid")]
    named = [(x(value), bottom + 16, x_text(value)) for value in ticks[::every]]
    parts.append(texts(named, "tick middle"))
    return element("g", *parts, aria_hidden="true")
