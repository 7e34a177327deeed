"""How wide a table is, how one that is too wide is cut, and how it looks without colour."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.screen.table import MARKS, Row, Table
from bench.screen.text import left, right, width

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def label_of_row(row: Row) -> str:
    """Return the text of the first column; what is in a group is indented."""
    return row.label if row.style == "group" else f"  {row.label}"


def heading_above(heading: str, rows: Sequence[Row], number: int) -> str:
    """Put a heading above the digits, not above the marks behind them."""
    return heading + " " * any(row.cells[number].endswith(MARKS) for row in rows if row.cells)


def column_widths(table: Table) -> list[int]:
    """Return the characters of every column, the labels' first, the gaps included."""
    found = [max(width(label_of_row(row)) for row in table.rows)]
    for number, heading in enumerate(table.columns):
        cells = [row.cells[number] for row in table.rows if row.cells]
        texts = [heading_above(heading, table.rows, number), *cells]
        found.append(max(map(width, texts)) + 1)
    return found


def padded(table: Table) -> Iterator[tuple[str, list[str]]]:
    """Yield the style and the texts of each line, the headings first, all columns aligned."""
    first, *widths = column_widths(table)
    headings = [heading_above(h, table.rows, n) for n, h in enumerate(table.columns)]
    for style, label, cells in (
        ("heading", "", headings),
        *((row.style, label_of_row(row), row.cells) for row in table.rows),
    ):
        texts = [right(cell, room) for cell, room in zip(cells, widths, strict=False)]
        line = [left(label, first), *texts]
        while len(line) > 1 and not line[-1].strip():
            del line[-1]
        yield style, [*line[:-1], line[-1].rstrip()]


def plain_lines(table: Table) -> list[str]:
    """Draw a table with nothing but characters."""
    return ["".join(texts) for _, texts in padded(table)]


def split(table: Table, columns: int) -> Iterator[Table]:
    """Cut a table that is too wide into several that repeat the labels and fixed columns."""
    labels, *widths = column_widths(table)
    free = len(widths) - table.fixed
    room = columns - labels
    if table.repeated:
        room -= sum(widths[free:])
    else:
        widths[free - 1] += sum(widths[free:])
    start = 0
    while start < free:
        stop, used = start + 1, widths[start]
        while stop < free and used + widths[stop] <= room:
            used += widths[stop]
            stop += 1
        yield table if stop - start == free else _part(table, start, stop, free)
        start = stop


def _part(table: Table, start: int, stop: int, free: int) -> Table:
    def cut(cells: tuple[str, ...]) -> tuple[str, ...]:
        return cells[start:stop] + (cells[free:] if table.repeated or stop == free else ())

    rows = [Row(row.label, cut(row.cells), row.style) for row in table.rows]
    named = [heading for heading in table.columns[start:stop] if heading.strip()] or [""]
    ends = dict.fromkeys((named[0], named[-1]))
    return replace(
        table,
        title=f"{table.title} ({' to '.join(ends)})",
        columns=cut(table.columns),
        rows=rows,
        note="" if start else table.note,
    )
