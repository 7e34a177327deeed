"""Ours beside the usual way: a row for each kind, two marks, their values and the ratio."""

from __future__ import annotations

from dataclasses import dataclass
from math import log10
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element
from bench.report.serving_words import NAMES, side_look
from bench.report.svg import WIDTH, marks, picture, rule, rules, text, texts, told
from bench.serving.cells import SIDES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.report.scales import Log

LEFT, RIGHT = 116, 260
"""Where the axis begins and ends: names and a value before it, a value and the ratio behind it."""
STEP = 22
HEAD = 2
FOOT = 22
ROOM = 8
"""From a mark to its value."""


@dataclass(frozen=True)
class Side:
    """A value, as it is written, and what is told of it."""

    value: float
    written: str
    told: str


@dataclass(frozen=True)
class Pair:
    """A row, by side; a side may be missing."""

    label: str
    sides: Mapping[str, Side]
    ratio: str = ""


def around(values: Sequence[float]) -> tuple[float, float]:
    """Return the ends of an axis that holds these values, and at least one power of ten."""
    low, high = min(values) / 1.15, max(values) * 1.15
    decade = 10.0 ** round(log10(low * high) / 2)
    return min(low, decade / 1.1), max(high, decade * 1.1)


def pairs(label: str, rows: Sequence[Pair], x: Log, x_text: Callable[[float], str]) -> Markup:
    """Draw the rows, one below the other."""
    bottom = HEAD + STEP * len(rows)
    parts = [_axis(x, x_text, bottom)]
    for place, row in enumerate(rows):
        y = HEAD + STEP * (place + 0.5)
        parts.append(_row(row, x, y))
    return picture(WIDTH, bottom + FOOT, label, *parts)


def _row(row: Pair, x: Log, y: float) -> Markup:
    known = [(side, row.sides[side]) for side in SIDES if side in row.sides]
    places = [(x(each.value), y) for _, each in known]
    left, right = min(place for place, _ in places), max(place for place, _ in places)
    drawn, values = [], []
    for (side, each), (here, _) in zip(known, places, strict=True):
        look = side_look(side)
        drawn.append(marks(look, [(here, y)], look.classes))
        # The lower of two stands before its mark; a tie has ours there.
        first = len(known) > 1 and here == left and (left < right or side == known[0][0])
        at = here - ROOM if first else here + ROOM
        values.append(text(at, y + 4, each.written, "value end" if first else "value"))
    return told(
        row.label,
        [f"{NAMES[side]}: {each.told}" for side, each in known],
        places,
        text(4, y + 4, row.label),
        rule(left, y, right, y, "span"),
        *reversed(drawn),
        *values,
        text(WIDTH, y + 4, row.ratio, "strong end"),
        class_="row",
    )


def _axis(x: Log, x_text: Callable[[float], str], bottom: float) -> Markup:
    ticks = [(x(value), x_text(value)) for value in x.ticks()]
    parts = [rules([(at, HEAD, at, bottom + 3) for at, _ in ticks], "grid")]
    parts.append(texts([(at, bottom + 16, written) for at, written in ticks], "tick middle"))
    return element("g", *parts, aria_hidden="true")
