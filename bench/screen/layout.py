"""How wide a table is, how one that is too wide is cut, and how it looks without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.screen.table import MARKS, Row, Table

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
    found = [max(len(label_of_row(row)) for row in table.rows)]
    for number, heading in enumerate(table.columns):
        cells = [row.cells[number] for row in table.rows if row.cells]
        texts = [heading_above(heading, table.rows, number), *cells]
        found.append(max(len(text) for text in texts) + 1)
    return found


def padded(table: Table) -> Iterator[tuple[str, list[str]]]:
    """Yield the style and the texts of each line, the headings first, all columns aligned."""
    first, *widths = column_widths(table)
    headings = [heading_above(h, table.rows, n) for n, h in enumerate(table.columns)]
    for style, label, cells in (
        ("heading", "", headings),
        *((row.style, label_of_row(row), row.cells) for row in table.rows),
    ):
        texts = [cell.rjust(width) for cell, width in zip(cells, widths, strict=False)]
        yield style, [label.ljust(first), *texts]


def plain_lines(table: Table) -> list[str]:
    """Draw a table with nothing but characters."""
    return ["".join(texts).rstrip() for _, texts in padded(table)]


def split(table: Table, width: int) -> Iterator[Table]:
    """Cut a table that is too wide into several that repeat the labels and fixed columns."""
    labels, *widths = column_widths(table)
    free = len(widths) - table.fixed
    room = width - labels - sum(widths[free:])
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
        return cells[start:stop] + cells[free:]

    rows = [Row(row.label, cut(row.cells), row.style) for row in table.rows]
    ends = dict.fromkeys((table.columns[start], table.columns[stop - 1]))
    title = f"{table.title} ({' to '.join(ends)})"
    return Table(title, cut(table.columns), rows, table.note, table.fixed)
