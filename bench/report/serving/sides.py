"""What the modes share: requests, the two sides, and how both are drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import figures
from ...serving.cells import METHODS, OBJECTS, OURS, SIDES
from .. import charts
from ..charts import LineStyle, Row
from ..page import Column

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ...serving.cells import Cell
    from ..charts import Axis, Chart, Dot

NAMES: Mapping[str, str] = {OURS: "tensorwire", OBJECTS: "usual way"}
"""What the two sides are called; the usual way goes through Python and protobuf objects."""
SHORT: Mapping[str, str] = {OURS: "tensorwire", OBJECTS: "usual"}
STYLES = {OURS: LineStyle("k1", "square"), OBJECTS: LineStyle("k0", "circle", hollow=True)}
REQUEST = (Column("request"), Column("values", numeric=True), Column("kind"))
"""The columns that `named` fills."""
UNKNOWN = "-"


def named(cell: Cell) -> list[str]:
    """Return the first cells of a row."""
    return [f"{cell.transport} {cell.method}", f"{cell.values:,}", cell.kind]


def groups(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Return the cells by heading, one method after the other."""
    found: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=lambda cell: (METHODS.index(cell.method), cell.place)):
        title = f"{cell.transport} {cell.method}, {figures.counted(cell.values, 'value')}"
        found.setdefault(title, []).append(cell)
    return found


def pairs(
    title: str,
    cells: Sequence[Cell],
    x: Axis,
    dot: Callable[[Cell], Dot],
    gain: Callable[[Cell], str],
) -> Chart:
    """Return a row for each kind: both sides, and how many times as good ours is."""
    rows = []
    for kind in dict.fromkeys(cell.kind for cell in cells):
        members = [cell for cell in cells if cell.kind == kind]
        rows.append(Row(kind, [dot(cell) for cell in members], gain=gain(members[0])))
    return charts.dots(title, rows, x, step=22, left=116, right=100)


def legend(cells: Iterable[Cell]) -> list[tuple[str, str]]:
    """Return the legend."""
    found = {cell.side for cell in cells}
    return [(charts.swatch(STYLES[side]), NAMES[side]) for side in SIDES if side in found]
