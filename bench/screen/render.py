"""Draw tables: with rich if it is installed, as plain text if not, or as Markdown."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from bench.screen.layout import padded, plain_lines, split
from bench.screen.text import printable, wrapped

if TYPE_CHECKING:
    from bench.screen.table import Table

ASCII = str.maketrans({"µ": "u"})
USUAL = 80
"""Columns of a pipe, unless COLUMNS says otherwise."""
NARROWEST = 40
"""Below this, a table's labels and one column have no room beside each other."""
MEASURE = 100
"""Columns beyond which lines of text are hard to read."""
PAINTS = {"title": "1", "note": "2", "warning": "33", "": ""}
ROWS = {"heading": "bold", "group": "bold cyan", "codec": "", "baseline": "dim", "answer": "bold"}
CELLS = {"*": "bold green", "=": "green", "met": "green", "MISSED": "bold red", "level": "yellow"}
CELLS |= {"faster": "green", "slower": "bold red", "fell": "green", "grew": "bold red"}
CELLS |= {"VALUES": "bold red", "UNREAD": "bold red"}


class Screen:
    """Where the answer is written; knows the width, the colours and the character set."""

    def __init__(self, stream: TextIO | None = None, *, markdown: bool = False) -> None:
        self.stream = stream or sys.stdout
        self.markdown = markdown
        self.width = max(NARROWEST, shutil.get_terminal_size((USUAL, 50)).columns)
        self.encoding = (getattr(self.stream, "encoding", None) or "ascii").lower()
        self.colour = (
            self.stream.isatty()
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
            and (os.name != "nt" or "WT_SESSION" in os.environ)  # older consoles show the codes
        )

    def line(self, text: str = "", style: str = "") -> None:
        """Write one line, wrapped between words."""
        text = self._shown(text)
        if self.markdown:
            self._write(text)
            return
        code = PAINTS[style] if self.colour else ""
        for part in wrapped(text, min(self.width, MEASURE)):
            self._write(f"\x1b[{code}m{part}\x1b[0m" if code and part else part)

    def heading(self, text: str) -> None:
        """Write a title, set apart."""
        self._write("")
        self.line("### " * self.markdown + text, "title")
        if self.markdown:
            self._write("")

    def table(self, table: Table) -> None:
        """Draw a table, in as many parts as the width asks for."""
        if not table.rows:
            return
        table = self._cleaned(table)
        for part in [table] if self.markdown else split(table, self.width):
            self.heading(part.title)
            if part.note:
                self.line(part.note, "note")
                if self.markdown:
                    self._write("")
            if self.markdown:
                lines = _markdown(part)
            else:
                lines = self._rich(part) if self.colour else plain_lines(part)
            for line in lines:
                self._write(line)

    def _rich(self, table: Table) -> list[str]:
        try:
            from rich.console import Console
            from rich.text import Text
        except ImportError:
            return plain_lines(table)
        console = Console(file=self.stream, highlight=False, emoji=False)
        with console.capture() as capture:
            for style, texts in padded(table):
                parts = [(text, _paint(text.strip()) or ROWS[style]) for text in texts]
                console.print(Text.assemble(*parts), no_wrap=True, crop=False, overflow="ignore")
        return capture.get().splitlines()

    def _cleaned(self, table: Table) -> Table:
        """Return the table as it can be shown, so that its columns are as wide as they look."""
        shown = self._shown
        return replace(
            table,
            title=shown(table.title),
            columns=tuple(map(shown, table.columns)),
            rows=[
                replace(row, label=shown(row.label), cells=tuple(map(shown, row.cells)))
                for row in table.rows
            ],
            note=shown(table.note),
        )

    def _shown(self, text: str) -> str:
        """Escape what would move the cursor, and what the stream's encoding does not have."""
        text = printable(text)
        if self.encoding.startswith("utf"):
            return text
        return text.translate(ASCII).encode(self.encoding, "backslashreplace").decode(self.encoding)

    def _write(self, text: str) -> None:
        self.stream.write(text + "\n")


def _paint(cell: str) -> str:
    return CELLS.get(cell, "") or CELLS.get(cell[-1:], "")


def _markdown(table: Table) -> list[str]:
    lines = [
        "| | " + " | ".join(map(_escaped, table.columns)) + " |",
        "| --- |" + " ---: |" * len(table.columns),
    ]
    for row in table.rows:
        label = _escaped(row.label)
        label = f"**{label}**" if row.style == "group" else label
        cells = row.cells or ("",) * len(table.columns)
        lines.append(f"| {label} | " + " | ".join(map(_escaped, cells)) + " |")
    return lines


def _escaped(cell: str) -> str:
    return cell.strip().replace("*", "\\*").replace("|", "\\|")
