"""Mode ``latency``: the format matrix, and where the time of a request goes."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean, median
from typing import TYPE_CHECKING

from ... import figures
from ...serving.cells import OBJECTS, OURS, known
from ...serving.samples import FEW, PERCENTILES, percentile
from ...serving.targets import advice, missed, target_of, verdict
from .. import charts
from ..charts import Axis, Bar, Dot, Part
from ..page import Column, Drawing, Panel, Section, Table, numeric
from .sides import NAMES, REQUEST, STYLES, UNKNOWN, groups, legend, named, pairs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...serving.cells import Cell
    from ...serving.samples import Matrix, Measured
    from ..charts import Chart

MATRIX = (
    "From the client's array to the client's array: one client in a closed loop, medians (p50), one"
    " axis for all. At the right: how many times as fast tensorwire is as the usual way, which goes"
    " through Python and protobuf objects (Flask on gunicorn, a typed gRPC servicer). Every answer"
    " was checked. predict gets an array, predict_raw the message as it came."
)
MATRIX_TABLE = (
    "noise: half of the rounds are nearer than this to the ratio. promised: and whether it is met,"
    " or level with that within the noise. without encoding: the ratio from the last byte of"
    " encoding to the reply, as a load tool with ready-made bodies would see it."
    " published: what the Seldon wrapper's own benchmark says, on another machine and with"
    " ready-made bodies. ? fewer than 100 requests."
)
MATRIX_COLUMNS = (
    *("tensorwire p50", "usual p50", "times as fast", "noise", "promised", "without encoding"),
    *("tensorwire p99", "usual p99", "bytes out", "bytes in", "published"),
)


def _matrix_charts(matrix: Matrix) -> Iterator[tuple[str, Chart]]:
    axis = Axis.logarithmic([median(each.whole()) for each in matrix.cells.values()], charts.TIME)

    def dot(cell: Cell) -> Dot:
        taken = matrix.cells[cell].whole()
        p50, p90, p99 = (figures.duration(percentile(taken, each)) for each in PERCENTILES)
        rate = figures.three_digits(1 / fmean(taken))
        text = f"{NAMES[cell.side]}: {p50}, p90 {p90}, p99 {p99}, {rate} requests/s"
        return Dot(median(taken), text, STYLES[cell.side], p50)

    def gain(cell: Cell) -> str:
        found = matrix.gain(cell)
        return figures.ratio(found[0]) if found else ""

    for title, cells in groups(matrix.cells).items():
        yield title, pairs(title, cells, axis, dot, gain)


def picture(matrix: Matrix, origin: Sequence[str]) -> bytes:
    """Return the PNG of the first method."""
    tiles = list(_matrix_charts(matrix))[:4]
    title = "A whole request, p50: tensorwire (square), the usual way (circle)"
    return charts.png(title, ", ".join(origin), [tiles[:2], *([tiles[2:]] if tiles[2:] else [])])


def matrix_section(matrix: Matrix) -> Section:
    """Return the format matrix: both sides of every kind."""
    panels = [Panel(title, [Drawing([chart])]) for title, chart in _matrix_charts(matrix)]
    rows = [
        _matrix_row(matrix, each)
        for each in dict.fromkeys(c._replace(side=OURS) for c in matrix.cells)
    ]
    table = Table("The format matrix", [*REQUEST, *numeric(*MATRIX_COLUMNS)], rows)
    return Section(
        "The format matrix",
        MATRIX,
        legend(matrix.cells),
        panels=panels,
        paragraphs=[MATRIX_TABLE],
        table=table,
    )


def _matrix_row(matrix: Matrix, cell: Cell) -> list[str]:
    ours, usual = (matrix.cells.get(cell._replace(side=side)) for side in (OURS, OBJECTS))
    whole, call, bound = matrix.gain(cell), matrix.gain(cell, call=True), target_of(cell)
    either = ours or usual

    def time(found: Measured | None, percent: float) -> str:
        if found is None:
            return UNKNOWN
        taken = found.whole()
        doubt = "?" if percent > 90 and len(taken) < FEW else ""
        return figures.duration(percentile(taken, percent)) + doubt

    return [
        *named(cell),
        *(time(each, 50) for each in (ours, usual)),
        figures.ratio(whole[0]) if whole else UNKNOWN,
        figures.percent(whole[1]) if whole else UNKNOWN,
        f"{bound:g}x {verdict(whole, bound)}" if whole and bound else UNKNOWN,
        figures.ratio(call[0]) if call else UNKNOWN,
        *(time(each, 99) for each in (ours, usual)),
        *(map(figures.size, either.size) if either else (UNKNOWN, UNKNOWN)),
        figures.duration(known(cell)),
    ]


def matrix_answers(matrix: Matrix) -> Iterator[str]:
    """Return how many times as fast as the usual way, and what was missed."""
    ours = [cell for cell in matrix.cells if cell.side == OURS]
    for values in sorted({cell.values for cell in ours}, reverse=True):
        for method in dict.fromkeys(cell.method for cell in ours):
            members = [cell for cell in ours if (cell.values, cell.method) == (values, method)]
            found = {cell: ratio[0] for cell in members if (ratio := matrix.gain(cell))}
            if found:
                least, most = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
                yield (
                    f"{method}, {figures.counted(values, 'value')}: {figures.ratio(found[least])}"
                    f" ({least.transport} {least.kind}) to {figures.ratio(found[most])}"
                    f" ({most.transport} {most.kind}) as fast as the usual way."
                )
    cells = list(matrix.cells)
    for line in advice(matrix, cells):
        yield line.replace("object way", "usual way")
    for line in missed(matrix, cells):
        yield f"Short of what was promised: {line}.".replace("object way", "usual way")


BREAKDOWN = (
    "Shares of the middle half of the requests, in per cent of each request's own time, which"
    " is at the right. Transport: the kernel, both HTTP or gRPC stacks, and whatever else the"
    " server does. A hatch marks the way back."
)
SHARES = {  # in the order of bench.serving.samples.SHARES
    "client encodes": "k1",
    "transport": "k4",
    "server decodes": "k0",
    "model": "k2",
    "server encodes": "k0",
    "client decodes": "k1",
}
"""What takes time, and its colour: client, transport, the server's codec, the model."""
BACK = ("server encodes", "client decodes")
LEAST = 0.0005
"""A share that would be written as 0.0 % takes no time."""


def breakdown_section(matrix: Matrix) -> Section:
    """Return where the time of a request goes."""
    # The first method is drawn; the other, of which the server decodes nothing, is in the table.
    method = next(iter(matrix.cells)).method
    shown = [cell for cell in matrix.cells if cell.method == method]
    panels = []
    for title, cells in groups(shown).items():
        rows, kind = [], ""
        for cell in cells:
            rows.append(_breakdown_bar(cell, matrix.cells[cell], label=cell.kind != kind))
            kind = cell.kind
        rows[0] = replace(rows[0], first=False)
        chart = charts.bars(f"Where the time goes: {title}", rows, 1.0, thick=13)
        panels.append(Panel(title, [Drawing([chart])]))
    rows_of = [
        [
            *named(cell),
            NAMES[cell.side],
            figures.duration(median(found.whole())),
            *(UNKNOWN if share is None else figures.percent(share) for share in found.shares),
        ]
        for cell, found in matrix.cells.items()
    ]
    columns = [*REQUEST, Column("side"), *numeric("p50", *SHARES)]
    return Section(
        "Where the time goes",
        f"{BREAKDOWN} Drawn is {method}; the table has every method.",
        [(charts.swatch(colour=k, hatched=name in BACK), name) for name, k in SHARES.items()],
        panels=panels,
        table=Table("Where the time goes", columns, rows_of),
    )


def _breakdown_bar(cell: Cell, found: Measured, *, label: bool) -> Bar:
    whole = median(found.whole())
    parts = [
        Part(
            share,
            f"{name}: {figures.percent(share)}, {figures.duration(share * whole)}",
            colour,
            f"{share * 100:.0f}",
            hatched=name in BACK,
        )
        for (name, colour), share in zip(SHARES.items(), found.shares, strict=True)
        if share is not None and share >= LEAST
    ]
    text = figures.duration(whole)
    return Bar(
        cell.kind if label else NAMES[cell.side],
        parts,
        text,
        faded=cell.side != OURS,
        first=label,
        nested=not label,
        name=f"{cell.kind}, {NAMES[cell.side]}: {text}",
    )
