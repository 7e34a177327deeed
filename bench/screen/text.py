"""Text on a terminal: how wide it is, where it is cut, and what must not reach the terminal."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unicodedata import category, east_asian_width

if TYPE_CHECKING:
    from collections.abc import Iterator

DOTS = "..."
_BREAK = re.compile(r"(?<![0-9]) +| +(?!(?:%|[nmµu]?s|[kMG]?(?:B|bit/s))(?![\w/]))")
"""Spaces between words, not the one between a number and its unit."""


def width(text: str) -> int:
    """Return the columns of a terminal that text takes: two for wide characters of East Asia."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if category(character) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def left(text: str, columns: int) -> str:
    """Fill up with spaces behind the text."""
    return text + " " * (columns - width(text))


def right(text: str, columns: int) -> str:
    """Fill up with spaces before the text."""
    return " " * (columns - width(text)) + text


def printable(text: str) -> str:
    """Escape what is no plain text: control characters could move the cursor or set colours."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, columns: int) -> str:
    """Cut the middle out of a text that is too wide: names differ at their ends."""
    if width(text) <= columns:
        return text
    room = columns - len(DOTS)
    start, end = _fitting(text, room // 2), _fitting(text[::-1], room - room // 2)
    return start + DOTS + end[::-1]


def _fitting(text: str, columns: int) -> str:
    stop = 0
    while stop < len(text) and width(text[: stop + 1]) <= columns:
        stop += 1
    return text[:stop]


def wrapped(text: str, columns: int) -> Iterator[str]:
    """Break a text between words, and a word that is wider than a line; what follows is indented.

    A text of several spaces in a row keeps them where it needs no break.
    """
    if width(text) <= columns:
        yield text.rstrip()
        return
    start = " " * (len(text) - len(text.lstrip()))
    line, indent = start, start + "  "
    for word in _BREAK.split(text.strip()):
        longer = f"{line} {word}" if line.strip() else line + word
        if width(longer) <= columns:
            line = longer
            continue
        if line.strip():
            yield line
            line = indent
        rest = word
        while width(line + rest) > columns:
            piece = _fitting(rest, max(columns - width(line), 2))
            yield line + piece
            rest, line = rest[len(piece) :], indent
        line += rest
    yield line
