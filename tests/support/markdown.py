"""The code in a page of Markdown, and what it prints.

Every ``python`` block of a page runs, in order, in one namespace. A ``text`` block that comes next
after a ``python`` block is what that block prints.
"""

from __future__ import annotations

import re
from contextlib import redirect_stdout
from io import StringIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FENCE", "Block", "blocks", "commands", "run"]

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """One fenced block: its language, its text, and the line of the file that it starts after."""

    language: str
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    assert len(re.findall("^```", text, re.MULTILINE)) % 2 == 0, page
    return [
        Block(match[1], match[2], text[: match.start(2)].count("\n"))
        for match in FENCE.finditer(text)
    ]


def commands(page: Path) -> list[str]:
    """Return the commands that a page shows, each on one line, without prompt or comment."""
    lines = []
    for block in blocks(page):
        if block.language in ("bash", "console", "sh", "shell"):
            shown = block.text.replace("\\\n", " ").splitlines()
            prompted = [line[2:] for line in shown if line.startswith("$ ")]
            lines += prompted or shown
    return [line for line in (re.sub(r"(^|\s)#.*", "", line).strip() for line in lines) if line]


def run(page: Path) -> int:
    """Run the Python of a page, check what it prints, and return the number of blocks."""
    namespace: dict[str, Any] = {"__name__": page.stem}
    count = 0
    for block, after in pairwise([*blocks(page), Block("", "", 0)]):
        if block.language != "python":
            continue
        code = compile("\n" * block.line + block.text, str(page), "exec")
        printed = StringIO()
        with redirect_stdout(printed):
            exec(code, namespace)  # noqa: S102 - our own pages
        if after.language == "text":
            assert printed.getvalue().strip() == after.text.strip(), f"line {after.line}"
        count += 1
    return count
