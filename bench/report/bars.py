"""Bars from zero on, in one part or stacked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element
from bench.report.svg import WIDTH, box, picture, rule, text, told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.report.scales import Linear

LEFT, RIGHT = 92, 300
"""Where bars begin, and where the longest ends."""
STEP = 17
HEAD = 4
THICK = 11
CHARACTER = 5.6
"""The width of a character inside a bar, roughly."""


@dataclass(frozen=True)
class Part:
    """A length, what is told of it, and its colour (``k0`` to ``k7``)."""

    value: float
    text: str
    colour: str
    short: str = ""
    """Written inside, if there is room."""


@dataclass(frozen=True)
class Bar:
    """A name, the parts of the bar, and what is written at its end."""

    label: str
    parts: Sequence[Part]
    text: str = ""
    class_: str = ""


def bars(
    label: str,
    rows: Sequence[Bar],
    x: Linear,
    *,
    limit: float | None = None,
    limit_text: str = "",
) -> Markup:
    """Draw the bars, one below the other; `limit` is a line across all of them."""
    bottom = HEAD + STEP * len(rows)
    parts = []
    for place, bar in enumerate(rows):
        middle = HEAD + STEP * (place + 0.5)
        pieces, start, places = [], 0.0, []
        for part in bar.parts:
            left, right = x(start), x(start + part.value) - (len(bar.parts) > 1)
            piece = box(left, middle - THICK / 2, right - left, THICK, "bar")
            pieces.append(element("g", piece, class_=part.colour))
            if part.short and right - left > len(part.short) * CHARACTER + 4:
                pieces.append(text((left + right) / 2, middle + 3.5, part.short, "inside middle"))
            places.append(((left + right) / 2, middle))
            start += part.value
        parts.append(
            told(
                bar.label,
                [part.text for part in bar.parts],
                places,
                text(8, middle + 4, bar.label),
                *pieces,
                text(x(start) + 6, middle + 4, bar.text, "value"),
                class_=f"row {bar.class_}".strip(),
            )
        )
    foot = 0
    if limit:
        foot = 14
        parts.append(rule(x(limit), HEAD - 2, x(limit), bottom + 3, "limit"))
        parts.append(text(x(limit), bottom + 14, limit_text, "tick middle"))
    return picture(WIDTH, bottom + foot + 4, label, *parts)
