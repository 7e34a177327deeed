"""Writes text that any terminal can show, whatever was in the payload."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

__all__ = ["complain", "printable", "say", "width"]


def printable(text: str) -> str:
    """Escape what is no plain text: control characters could move the cursor or set colours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str, stream: TextIO | None = None) -> None:
    """Write lines to standard output, or to `stream`, in whatever encoding that has."""
    to = sys.stdout if stream is None else stream
    encoding = to.encoding or "utf-8"
    to.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def complain(text: str) -> None:
    """Write one line to standard error."""
    say(f"tensorwire: {printable(' '.join(text.split()))}", sys.stderr)


def width() -> int:
    """Give the columns of the terminal; 80 where there is none."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)
