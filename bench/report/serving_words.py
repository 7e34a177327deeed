"""Words and looks that all parts of the page for serving runs share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.looks import Look
from bench.report.markup import Markup, element
from bench.serving.cells import METHODS, OURS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.serving.cells import Cell

NAMES: Mapping[str, str] = {"ours": "tensorwire", "objects": "usual way"}
"""What the two sides are called; the usual way goes through Python and protobuf objects."""
SHORT: Mapping[str, str] = {"ours": "tensorwire", "objects": "usual"}


def side_look(side: str) -> Look:
    """Return how a side is drawn: the usual way hollow."""
    return Look("k1", "square") if side == OURS else Look("k0", "circle", hollow=True)


def group_title(cell: Cell) -> str:
    """Return the heading of the cells that differ in kind and side only."""
    values = "1 value" if cell.values == 1 else f"{cell.values:,} values"
    return f"{cell.transport} {cell.method}, {values}"


def groups(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Return the cells by heading, one method after the other."""
    found: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: (METHODS.index(cell.method), cell.place)):
        found.setdefault(group_title(cell), []).append(cell)
    return found


def tick_count(value: float) -> str:
    """Write a round number for an axis: ``1,000``."""
    return f"{value:,.10g}"


def panel(title: str, *parts: str, class_: str = "panel") -> Markup:
    """Put a heading over a drawing."""
    return element("div", element("h3", title), *parts, class_=class_)


def panels(found: Iterable[str], *above: str) -> Markup:
    """Put panels side by side, as many as there is room for, under a legend."""
    return element("figure", *above, element("div", *found, class_="panels"))
