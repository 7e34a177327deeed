"""Lines, tables and progress through rich, on any width and character set; or in Markdown."""

from __future__ import annotations

import os
import re
import shutil
import sys
import time
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, TextIO

from rich import table as rich_table
from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.progress import BarColumn, TextColumn
from rich.progress import Progress as RichProgress
from rich.text import Text

from .figures import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKS = BEST, TIE, NEITHER = "*", "=", " "
"""The last character of a cell: the quickest, level with it, neither."""
STYLES = {
    "title": "bold",
    "note": "dim",
    "warning": "yellow",
    "": "",
    "group": "bold cyan",
    "codec": "",
    "baseline": "dim",
    "answer": "bold",
}
CELLS = {
    **dict.fromkeys(("=", "met", "faster", "fell"), "green"),
    **dict.fromkeys(("MISSED", "slower", "grew", "VALUES", "UNREAD"), "bold red"),
    "*": "bold green",
    "level": "yellow",
}
"""Styles of cells by their text, or by its last character."""
USUAL, NARROWEST, MEASURE, WIDEST = 80, 40, 100, 10_000
"""Columns of a pipe without COLUMNS; the fewest; the widest line of text; more than any table."""
ASCII = str.maketrans({"µ": "u"})
ENTRY = 10
"""Columns of a label and the gap behind it."""
GLUE = "\ue000"
"""Stands for the space between a number and its unit while a text is wrapped."""
_UNIT = re.compile(r"(?<=[0-9]) (?=(?:%|[nmµu]?s|[kMG]?(?:B|bit/s))(?![\w/]))")
_TRAILING = re.compile(r"(?: |\x1b\[[0-9;]*m)+$")


@dataclass(frozen=True)
class Row:
    """A label and its cells; the style is one of group, codec, baseline, answer."""

    label: str
    cells: tuple[str, ...] = ()
    style: str = "codec"

    @property
    def text(self) -> str:
        """The first column; below a group it is indented."""
        return self.label if self.style == "group" else f"  {self.label}"


@dataclass
class Table:
    """A table, however it will be drawn."""

    title: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    note: str = ""
    """What the columns are, where their headings do not tell."""
    fixed: int = 0
    """Columns at the end that are repeated where a table is too wide and must be split,"""
    repeated: bool = True
    """or that stay behind the last column only, since they belong to that one."""

    def widths(self) -> list[int]:
        """Return the width of every column, the labels' first, the gap before it included."""
        found = [max(cell_len(row.text) for row in self.rows)]
        for number, heading in enumerate(self.columns):
            cells = [row.cells[number] for row in self.rows if row.cells]
            marked = any(cell.endswith(MARKS) for cell in cells)
            found.append(1 + max(cell_len(heading) + marked, *map(cell_len, cells), 0))
        return found

    def split(self, width: int) -> Iterator[Table]:
        """Yield the table in parts that are not too wide; each has the labels and fixed columns."""
        labels, *widths = self.widths()
        free = len(widths) - self.fixed
        room = width - labels
        if self.repeated:
            room -= sum(widths[free:])
        else:
            widths[free - 1] += sum(widths[free:])
        starts, used = [0], 0
        for number, each in enumerate(widths[:free]):
            if used and used + each > room:
                starts.append(number)
                used = 0
            used += each
        if len(starts) == 1:
            yield self
        else:
            for start, stop in pairwise([*starts, free]):
                yield self._part(start, stop, free)

    def _part(self, start: int, stop: int, free: int) -> Table:
        def cut(cells: tuple[str, ...]) -> tuple[str, ...]:
            return cells[start:stop] + (cells[free:] if self.repeated or stop == free else ())

        named = [heading for heading in self.columns[start:stop] if heading.strip()] or [""]
        return replace(
            self,
            title=f"{self.title} ({' to '.join(dict.fromkeys((named[0], named[-1])))})",
            columns=cut(self.columns),
            rows=[replace(row, cells=cut(row.cells)) for row in self.rows],
            note="" if start else self.note,
        )

    def markdown(self) -> Iterator[str]:
        """Yield the lines of the table in Markdown."""
        yield "| | " + " | ".join(map(_escaped, self.columns)) + " |"
        yield "| --- |" + " ---: |" * len(self.columns)
        for row in self.rows:
            label = _escaped(row.label)
            label = f"**{label}**" if row.style == "group" else label
            cells = row.cells or ("",) * len(self.columns)
            yield f"| {label} | " + " | ".join(map(_escaped, cells)) + " |"

    def rich(self) -> rich_table.Table:
        """Return the table for rich: a mark is a column of its own, so that digits align."""
        made = rich_table.Table(box=None, padding=0, header_style="bold")
        made.add_column("", no_wrap=True)
        widths, marked = self.widths()[1:], []
        for number, heading in enumerate(self.columns):
            marked.append(any(row.cells[number].endswith(MARKS) for row in self.rows if row.cells))
            made.add_column(Text(f" {heading}"), justify="right", no_wrap=True)
            if marked[-1]:
                made.add_column("", no_wrap=True)
        for row in self.rows:
            texts = [Text(row.text, STYLES[row.style])]
            for cell, mark, width in zip(row.cells, marked, widths, strict=False):
                style = CELLS.get(cell.strip()) or CELLS.get(cell[-1:]) or STYLES[row.style]
                padded = " " * (width - cell_len(cell)) + cell
                parts = (padded[:-1], padded[-1]) if mark else (padded,)
                texts += [Text(part, style, justify="left") for part in parts]
            made.add_row(*texts)
        return made


class Screen:
    """Where the answer is written; knows the width, the colours and the character set."""

    def __init__(self, stream: TextIO | None = None, *, markdown: bool = False) -> None:
        self.stream = stream or sys.stdout
        self.markdown = markdown
        self.width = max(NARROWEST, shutil.get_terminal_size((USUAL, 50)).columns)
        self.encoding = (getattr(self.stream, "encoding", None) or "ascii").lower()
        self._console = Console(
            file=self.stream,
            width=WIDEST,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            highlight=False,
            emoji=False,
        )

    def line(self, text: str = "", style: str = "") -> None:
        """Write one line, wrapped between words."""
        text = self._representable(text)
        if self.markdown:
            self.stream.write(text + "\n")
            return
        for part in wrapped(text, min(self.width, MEASURE)):
            self._console.print(Text(part, STYLES[style]))

    def entry(self, label: str, text: str) -> None:
        """Write a line under a label, which stands before it in a column of its own."""
        if self.markdown:
            self.line(f"- **{label}**: {text}")
            return
        width = min(self.width, MEASURE) - ENTRY
        first = f"{self._representable(label):<{ENTRY - 1}} "
        for part in wrapped(self._representable(text), width, indent=""):
            self._console.print(Text(first) + Text(part))
            first = " " * ENTRY

    def heading(self, text: str) -> None:
        """Write a title, set apart."""
        self.line()
        self.line("### " * self.markdown + text, "title")
        if self.markdown:
            self.line()

    def table(self, table: Table) -> None:
        """Draw a table, in as many parts as the width asks for."""
        if not table.rows:
            return
        shown = self._representable
        table = replace(
            table,
            columns=tuple(map(shown, table.columns)),
            rows=[
                replace(row, label=shown(row.label), cells=tuple(map(shown, row.cells)))
                for row in table.rows
            ],
        )
        for part in [table] if self.markdown else table.split(self.width):
            self.heading(part.title)
            if part.note:
                self.line(part.note, "note")
                if self.markdown:
                    self.line()
            for line in part.markdown() if self.markdown else self._lines(part):
                self.stream.write(line + "\n")

    def _lines(self, table: Table) -> Iterator[str]:
        """Yield the lines of a table with rich's colours, without spaces at their ends."""
        with self._console.capture() as capture:
            self._console.print(table.rich())
        for line in capture.get().splitlines():
            yield _TRAILING.sub("\x1b[0m" if "\x1b" in line else "", line)

    def _representable(self, text: str) -> str:
        """Escape what would move the cursor, and what the stream's encoding does not have."""
        text = printable(text)
        if self.encoding.startswith("utf"):
            return text
        return text.translate(ASCII).encode(self.encoding, "backslashreplace").decode(self.encoding)


class Progress:
    """A bar that rewrites itself; silent unless stderr is a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self.shown = not quiet and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self.started = time.monotonic()
        self._bar: RichProgress | None = None

    def show(self, what: str, share: float) -> None:
        """Draw the bar; the seconds left are estimated from the time taken."""
        if not self.shown:
            return
        if self._bar is None:
            self._bar = RichProgress(
                TextColumn("{task.description:<9}"),
                BarColumn(30, complete_style="cyan", finished_style="cyan"),
                TextColumn("{task.percentage:3.0f}%"),
                TextColumn("{task.fields[left]}"),
                console=Console(file=sys.stderr),
                auto_refresh=False,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bar.add_task(what, total=1.0, left="")
            self._bar.start()
        left = (time.monotonic() - self.started) * (1 - share) / max(share, 1e-3)
        text = f"{left:.0f} s left" if share > 0 else ""
        (task,) = self._bar.task_ids
        self._bar.update(task, description=what, completed=share, left=text, refresh=True)

    def restart(self) -> None:
        """Forget the time taken so far."""
        self.started = time.monotonic()

    def clear(self) -> None:
        """Remove the bar."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def shortened(text: str, columns: int) -> str:
    """Cut the middle out of a text that is too wide: names differ at their ends."""
    if cell_len(text) <= columns:
        return text
    room = columns - len("...")
    start = chop_cells(text, room // 2)[0] if room > 1 else ""
    end = chop_cells(text[::-1], room - room // 2)[0][::-1]
    return f"{start}...{end}"


def wrapped(text: str, columns: int, indent: str = "  ") -> Iterator[str]:
    """Break a text between words, or inside a word that is wider than a line.

    What follows is indented. A number keeps its unit; spaces in a row stay where no break is.
    """
    if cell_len(text) <= columns:
        yield text.rstrip()
        return
    start = " " * (len(text) - len(text.lstrip()))
    before, rest = start, _UNIT.sub(GLUE, text.strip())
    while rest:
        line = Text(rest).wrap(Console(), columns - len(before))[0].plain.rstrip()
        yield before + line.replace(GLUE, " ")
        before, rest = start + indent, rest[len(line) :].lstrip()


def _escaped(cell: str) -> str:
    return cell.strip().replace("*", "\\*").replace("|", "\\|")
