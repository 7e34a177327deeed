"""A table, however it will be drawn: rows of cells that are text."""

from __future__ import annotations

from dataclasses import dataclass, field

MARKS = BEST, TIE, NEITHER = "*", "=", " "


@dataclass(frozen=True)
class Row:
    """A label and its cells; the style is one of group, codec, baseline."""

    label: str
    cells: tuple[str, ...] = ()
    style: str = "codec"


@dataclass
class Table:
    """A table, however it will be drawn."""

    title: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    note: str = ""
    """What the columns are, where their headings do not say it."""
    fixed: int = 0
    """Columns at the end that are repeated where a table is too wide and must be split,"""
    repeated: bool = True
    """or that stand behind the last column only, since they say something of that one."""
