"""The format matrix: whole requests, ours beside the usual way."""

from __future__ import annotations

from statistics import fmean, median
from typing import TYPE_CHECKING

from bench.report.looks import legend
from bench.report.markup import element
from bench.report.page import section
from bench.report.scales import Log, tick_time
from bench.report.serving_pairs import LEFT, RIGHT, Pair, Side, around, pairs
from bench.report.serving_words import NAMES, groups, panel, panels, side_look
from bench.report.standalone import Tile, sheet
from bench.report.table import Column, table
from bench.screen import figures
from bench.serving.cells import OBJECTS, OURS, SIDES, known
from bench.serving.matrix_tables import FEW
from bench.serving.samples import quantile
from bench.serving.targets import target_of, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.report.markup import Markup
    from bench.serving.cells import Cell
    from bench.serving.recorded import Matrix, Measured

NOTE = (
    "From the client's array to the client's array: one client in a closed loop, medians (p50), one"
    " axis for all. At the right: how many times as fast tensorwire is as the usual way, which goes"
    " through Python and protobuf objects (Flask on gunicorn, a typed gRPC servicer). Every answer"
    " was checked. predict gets an array, predict_raw the message as it came."
)
COLUMNS = (
    Column("request"),
    Column("values", numeric=True),
    Column("kind"),
    Column("tensorwire p50", numeric=True),
    Column("usual p50", numeric=True),
    Column("times as fast", numeric=True),
    Column("noise", numeric=True),
    Column("promised", numeric=True),
    Column("without encoding", numeric=True),
    Column("tensorwire p99", numeric=True),
    Column("usual p99", numeric=True),
    Column("bytes out", numeric=True),
    Column("bytes in", numeric=True),
    Column("published", numeric=True),
)
TABLE_NOTE = (
    "noise: half of the rounds are nearer than this to the ratio. promised: and whether it is met,"
    " or level with that within the noise. without encoding: the ratio from the last byte of"
    " encoding to the reply, as a load tool with ready-made bodies would see it."
    " published: what the Seldon wrapper's own benchmark says, on another machine and with"
    " ready-made bodies. ? fewer than 100 requests."
)


def matrix_section(matrix: Matrix) -> Markup:
    """Return the part of the page."""
    drawn = [panel(title, drawing) for title, drawing in drawings(matrix)]
    sides = [side for side in SIDES if any(cell.side == side for cell in matrix.cells)]
    looks = legend([(side_look(side), NAMES[side]) for side in sides])
    return section(
        "The format matrix",
        panels(drawn, looks),
        element("p", TABLE_NOTE, class_="note"),
        table("The format matrix", COLUMNS, rows(matrix)),
        note=NOTE,
    )


def chart(matrix: Matrix, below: str) -> Markup:
    """Return a picture of the first method, by itself."""
    tiles = [Tile(title, drawing) for title, drawing in drawings(matrix)][:4]
    rows = [tiles[place : place + 2] for place in range(0, len(tiles), 2)]
    title = "A whole request, p50: tensorwire (square), the usual way (circle)"
    return sheet(title, rows, below)


def drawings(matrix: Matrix) -> Iterator[tuple[str, Markup]]:
    """Give the headings and drawings of all groups."""
    medians = [median(_all(found)) for found in matrix.cells.values()]
    x = Log(*around(medians), LEFT, RIGHT)
    for title, cells in groups(matrix.cells).items():
        kinds = dict.fromkeys(cell.kind for cell in cells)
        yield title, pairs(title, [_pair(matrix, cells, kind) for kind in kinds], x, tick_time)


def _pair(matrix: Matrix, cells: Sequence[Cell], kind: str) -> Pair:
    members = [cell for cell in cells if cell.kind == kind]
    found = _gain(matrix, members[0])
    sides = {cell.side: _side(matrix.cells[cell]) for cell in members}
    return Pair(kind, sides, figures.ratio(found[0]) if found else "")


def _side(found: Measured) -> Side:
    taken = sorted(_all(found))
    p50 = figures.duration(median(taken))
    others = ", ".join(
        f"p{share:.0%}".rstrip("%") + f" {figures.duration(quantile(taken, share))}"
        for share in (0.9, 0.99)
    )
    told = f"{p50}, {others}, {figures.three_digits(1 / fmean(taken))} requests/s"
    return Side(median(taken), p50, told)


def _gain(matrix: Matrix, cell: Cell, *, call: bool = False) -> tuple[float, float] | None:
    slow, fast = (cell._replace(side=side) for side in (OBJECTS, OURS))
    return matrix.ratio(slow, fast, call=call)


def rows(matrix: Matrix) -> list[list[str]]:
    """Return the lines of the table, one for the two sides of a kind."""
    cells = dict.fromkeys(cell._replace(side=OURS) for cell in matrix.cells)
    return [_line(matrix, cell) for cell in cells]


def _line(matrix: Matrix, cell: Cell) -> list[str]:
    ours, usual = (matrix.cells.get(cell._replace(side=side)) for side in (OURS, OBJECTS))
    whole, call, bound = _gain(matrix, cell), _gain(matrix, cell, call=True), target_of(cell)
    either = ours or usual
    return [
        f"{cell.transport} {cell.method}",
        f"{cell.values:,}",
        cell.kind,
        *(_time(each, 0.5) for each in (ours, usual)),
        figures.ratio(whole[0]) if whole else "-",
        figures.percent(whole[1]) if whole else "-",
        f"{bound:g}x {verdict(whole, bound)}" if whole and bound else "-",
        figures.ratio(call[0]) if call else "-",
        *(_time(each, 0.99) for each in (ours, usual)),
        *(map(figures.size, either.size) if either else "--"),
        figures.duration(known(cell)),
    ]


def _time(found: Measured | None, share: float) -> str:
    if found is None:
        return "-"
    taken = sorted(_all(found))
    doubt = "?" if share > 0.9 and len(taken) < FEW else ""
    return figures.duration(quantile(taken, share)) + doubt


def _all(found: Measured) -> list[float]:
    return [seconds for values in found.rounds for seconds in values]
