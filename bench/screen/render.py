"""Draw tables: with rich if it is installed, as plain text if not, or as Markdown."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, TextIO

from bench.screen.layout import padded, plain_lines, split

if TYPE_CHECKING:
    from bench.screen.table import Table

ASCII = str.maketrans({"µ": "u"})
NARROWEST = 80
PAINTS = {"title": "1", "note": "2", "warning": "33", "": ""}
ROWS = {"heading": "bold", "group": "bold cyan", "codec": "", "baseline": "dim", "answer": "bold"}
CELLS = {"*": "bold green", "=": "green", "met": "green", "MISSED": "bold red", "level": "yellow"}


class Screen:
    """Where the answer is written; knows the width, the colours and the character set."""

    def __init__(self, stream: TextIO | None = None, *, markdown: bool = False) -> None:
        self.stream = stream or sys.stdout
        self.markdown = markdown
        self.width = max(NARROWEST, shutil.get_terminal_size((NARROWEST, 50)).columns)
        encoding = (getattr(self.stream, "encoding", None) or "ascii").lower()
        self.ascii = not encoding.startswith("utf")
        self.colour = (
            self.stream.isatty()
            and not os.environ.get("NO_COLOR")
            and os.environ.get("TERM") != "dumb"
        )

    def line(self, text: str = "", style: str = "") -> None:
        """Write one line, wrapped between words."""
        if self.markdown:
            self._write(text)
            return
        indent = " " * (len(text) - len(text.lstrip()) + 2)
        parts = textwrap.wrap(text, self.width, subsequent_indent=indent, break_long_words=False)
        for part in parts or [""]:
            code = PAINTS[style] if self.colour else ""
            self._write(f"\x1b[{code}m{part}\x1b[0m" if code else part)

    def heading(self, text: str) -> None:
        """Write a title, set apart."""
        if self.markdown:
            self._write(f"\n### {text}\n")
        else:
            self._write("")
            self.line(text, "title")

    def table(self, table: Table) -> None:
        """Draw a table, in as many parts as the width asks for."""
        if not table.rows:
            return
        for part in [table] if self.markdown else split(table, self.width):
            self.heading(part.title)
            if part.note:
                self.line(part.note + "\n" * self.markdown, "note")
            if self.markdown:
                lines = _markdown(part)
            else:
                lines = self._rich(part) if self.colour else plain_lines(part)
            for line in lines:
                self._write(line.rstrip())

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

    def _write(self, text: str) -> None:
        self.stream.write((text.translate(ASCII) if self.ascii else text) + "\n")


def _paint(cell: str) -> str:
    return CELLS.get(cell, "") or CELLS.get(cell[-1:], "")


def _markdown(table: Table) -> list[str]:
    lines = [
        "| | " + " | ".join(table.columns) + " |",
        "| --- |" + " ---: |" * len(table.columns),
    ]
    for row in table.rows:
        label = f"**{row.label}**" if row.style == "group" else row.label
        cells = row.cells or ("",) * len(table.columns)
        texts = (cell.strip().replace("*", "\\*") for cell in cells)
        lines.append(f"| {label} | " + " | ".join(texts) + " |")
    return lines
