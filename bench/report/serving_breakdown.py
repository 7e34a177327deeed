"""Where the time of a request goes: a stacked bar for each cell."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.report.markup import Markup, element, number
from bench.report.page import section
from bench.report.serving_words import NAMES, groups, panel, panels
from bench.report.svg import WIDTH, picture, rule, text, told
from bench.report.table import Column, table
from bench.screen import figures
from bench.serving.cells import OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.serving.cells import Cell
    from bench.serving.recorded import Matrix, Measured

NOTE = (
    "Shares of the middle half of the requests, in per cent of each request's own time, which"
    " stands at the right. Transport: the kernel, both HTTP or gRPC stacks, and whatever else the"
    " server does. A hatch marks the way back."
)
NAMED = (  # in the order of bench.serving.samples.SHARES
    "client encodes",
    "transport",
    "server decodes",
    "model",
    "server encodes",
    "client decodes",
)
COLOURS = ("k1", "k4", "k0", "k2", "k0", "k1")
"""Client, transport, server's codec, model."""
BACK = (4, 5)
"""The parts that are on the way back are hatched."""
LEFT, RIGHT = 84, 306
HIGH = 13
ROWS = 17
BETWEEN = 6
"""Between two kinds."""
CHARACTER = 5.8
LEAST = 0.0005
"""A share that would be written as 0.0 % takes no time."""


def breakdown_section(matrix: Matrix) -> Markup:
    """Return the part of the page."""
    # The first method is drawn; the other, of which the server decodes nothing, is in the table.
    method = next(iter(matrix.cells)).method
    shown = [cell for cell in matrix.cells if cell.method == method]
    drawn = [panel(title, _panel(title, matrix, cells)) for title, cells in groups(shown).items()]
    columns = [Column("request"), Column("values", numeric=True), Column("kind"), Column("side")]
    columns += [Column(name, numeric=True) for name in ("p50", *NAMED)]
    return section(
        "Where the time goes",
        panels(drawn, _patterns(), _legend()),
        table("Where the time goes", columns, list(rows(matrix))),
        note=f"{NOTE} Drawn is {method}; the table has every method.",
    )


def parts(found: Measured) -> list[tuple[int, float]]:
    """Return what took time, by its place in `NAMED`, and its share."""
    known = [(place, share) for place, share in enumerate(found.shares) if share is not None]
    return [(place, share) for place, share in known if share >= LEAST]


def _panel(title: str, matrix: Matrix, cells: Sequence[Cell]) -> Markup:
    drawn, y, last = [], 2.0, ""
    for cell in cells:
        y += BETWEEN * (last not in ("", cell.kind))
        name = NAMES[cell.side] if last == cell.kind else cell.kind
        drawn.append(_bar(cell, name, matrix.cells[cell], y))
        y, last = y + ROWS, cell.kind
    return picture(WIDTH, y + 2, f"Where the time goes: {title}", *drawn)


def _bar(cell: Cell, name: str, found: Measured, y: float) -> Markup:
    whole = median(seconds for values in found.rounds for seconds in values)
    pieces, lines, places, back, numbers = [], [], [], "", []
    start = float(LEFT)
    for place, share in parts(found):
        width = share * (RIGHT - LEFT)
        lines.append(f"{NAMED[place]}: {figures.percent(share)}, {figures.duration(share * whole)}")
        places.append((start + width / 2, y + HIGH / 2))
        # Neighbours are apart by a line of the page's own colour.
        drawn = _outline(start, y, width - min(1.0, width / 4))
        pieces.append(element("path", d=drawn, class_=f"bar {COLOURS[place]}"))
        back += drawn if place in BACK else ""
        written = f"{share * 100:.0f}"
        if width > CHARACTER * len(written) + 4:
            numbers.append(element("tspan", written, x=start + width / 2))
        start += width
    return told(
        f"{cell.kind}, {NAMES[cell.side]}: {figures.duration(whole)}",
        lines,
        places,
        _name(cell, name, y + 10.5),
        *pieces,
        *([element("path", d=back, fill="url(#back)")] if back else []),
        element("text", *numbers, y=y + 10, class_="inside middle"),
        text(WIDTH, y + 10.5, figures.duration(whole), "value end"),
        class_="row" if cell.side == OURS else "row baseline",
    )


def _name(cell: Cell, name: str, y: float) -> Markup:
    return text(4, y, name) if name == cell.kind else text(12, y, name, "value")


def _outline(x: float, y: float, width: float) -> str:
    across = number(width)
    return f"M{number(x)},{number(y)}h{across}v{HIGH}h-{across}z"


def _patterns() -> Markup:
    pattern = element(
        "pattern",
        rule(0, 0, 0, 5, "hatch"),
        id="back",
        width=5,
        height=5,
        patternUnits="userSpaceOnUse",
        patternTransform="rotate(45)",
    )
    # It must be painted to be painted with: the style sheet gives it no room instead.
    return element("svg", element("defs", pattern), class_="hidden", aria_hidden="true")


def _legend() -> Markup:
    items = []
    for place, name in enumerate(NAMED):
        drawn = [element("path", d=_outline(1, 1, 32), class_=f"bar {COLOURS[place]}")]
        if place in BACK:
            drawn.append(element("path", d=_outline(1, 1, 32), fill="url(#back)"))
        swatch = element("svg", *drawn, viewBox="0 0 34 15", aria_hidden="true")
        items.append(element("li", swatch, name))
    return element("ul", *items, class_="legend")


def rows(matrix: Matrix) -> Iterator[list[str]]:
    """Give the lines of the table."""
    for cell, found in matrix.cells.items():
        whole = median(seconds for values in found.rounds for seconds in values)
        yield [
            f"{cell.transport} {cell.method}",
            f"{cell.values:,}",
            cell.kind,
            NAMES[cell.side],
            figures.duration(whole),
            *("-" if share is None else figures.percent(share) for share in found.shares),
        ]
