"""The format matrix as tables: times and bytes, where the time goes, and what the gain is."""

from __future__ import annotations

from itertools import groupby
from statistics import fmean
from typing import TYPE_CHECKING

from bench import figures
from bench.screen import Row, Table
from bench.serving.cells import OBJECTS, OURS, known
from bench.serving.samples import quantile, shares

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from bench.serving.cells import Cell
    from bench.serving.samples import Samples

FEW = 100
"""Requests below which p99 is hardly more than the slowest of them."""
TIMES_NOTE = (
    "From the client's array to the client's array, one client in a closed loop; out and in: bytes"
    " of its body and of the reply's. known: what the Seldon wrapper's own benchmark published, on"
    " another machine and with ready-made bodies."
)
SHARES_NOTE = (
    "Where the middle half of the requests spent their time. wire: both transports, the kernel,"
    " and whatever the server does that is none of decode, model and encode."
)


def label_of(cell: Cell) -> str:
    """Return what a row is called within its group."""
    return cell.kind if cell.side == OURS else f"{cell.kind}, objects"


def style_of(cell: Cell) -> str:
    """How a row is drawn."""
    return "codec" if cell.side == OURS else "baseline"


def rows_of(cells: Iterable[Cell], line: Callable[[Cell], tuple[str, ...] | None]) -> list[Row]:
    """Make a row for each cell that has a line, under headings."""
    rows: list[Row] = []
    for group, members in groupby(cells, key=lambda cell: cell.group):
        lines = [(cell, line(cell)) for cell in members]
        made = [Row(label_of(cell), text, style_of(cell)) for cell, text in lines if text]
        if made:
            rows += [Row(group, style="group"), *made]
    return rows


def times(samples: Samples, cells: Sequence[Cell]) -> Table:
    """Percentiles, requests a second, and bytes."""

    def line(cell: Cell) -> tuple[str, ...] | None:
        taken = sorted(request.whole for request in samples.requests(cell))
        if not taken:
            return None
        p50, p90, p99 = (figures.duration(quantile(taken, share)) for share in (0.5, 0.9, 0.99))
        size = samples.sizes[cell]
        return (
            p50,
            p90,
            p99 + ("?" if len(taken) < FEW else " "),
            figures.three_digits(1 / fmean(taken)),
            figures.size(size.out),
            figures.size(size.back),
            figures.duration(known(cell)),
        )

    table = Table(
        "Requests", ("p50", "p90", "p99 ", "req/s", "out", "in", "known"), note=TIMES_NOTE
    )
    table.rows = rows_of(cells, line)
    return table


def where(samples: Samples, cells: Sequence[Cell]) -> Table:
    """Shares of a request."""

    def line(cell: Cell) -> tuple[str, ...] | None:
        requests = samples.requests(cell)
        if not requests:
            return None
        told = all(request.parts for request in requests)
        found = [figures.percent(share) for share in shares(requests)]
        return tuple(found if told else [found[0], found[1], "-", "-", "-", found[5]])

    columns = ("c.encode", "wire", "s.decode", "model", "s.encode", "c.decode")
    table = Table("Where the time goes (c: client, s: server)", columns, note=SHARES_NOTE)
    table.rows = rows_of(cells, line)
    return table


def gains(samples: Samples, cells: Sequence[Cell]) -> Table:
    """How many times as fast as the object way, and the target."""
    from bench.serving.targets import target_of, verdict

    def line(cell: Cell) -> tuple[str, ...] | None:
        if cell.side != OURS:
            return None
        slow = cell._replace(side=OBJECTS)
        whole = samples.ratio(slow, cell)
        call = samples.ratio(slow, cell, call=True)
        if whole is None or call is None:
            return None
        bound = target_of(cell)
        goal = "" if bound is None else f">= {bound:g}x"
        return (
            figures.ratio(whole[0]),
            figures.percent(whole[1]),
            goal,
            "" if bound is None else verdict(whole, bound),
            figures.ratio(call[0]),
        )

    table = Table(
        "Times as fast as the object way",
        ("whole", "noise", "target", "", "call"),
        note=(
            "whole: each client in its server's way. call: from the last byte of encoding to the"
            " reply, as a load tool with ready-made bodies would see it. Medians over rounds."
        ),
    )
    table.rows = rows_of(cells, line)
    return table
