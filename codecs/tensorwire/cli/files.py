"""Files and streams: a file is written whole or not at all, and text is safe for any terminal."""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

__all__ = ["STDIO", "UsageError", "complain", "printable", "read", "say", "width", "write"]

STDIO = "-"  # standard input where a file is read, standard output where one is written


class UsageError(Exception):
    """The arguments of the command line are invalid."""


def read(name: str) -> bytes:
    """Read a file, or standard input for ``-``.

    Raises
    ------
    UsageError
        standard input is a terminal.
    OSError
        the file cannot be read.
    """
    if name != STDIO:
        return Path(name).read_bytes()
    if sys.stdin.isatty():
        raise UsageError("expected a FILE or bytes on standard input, got a terminal")
    return sys.stdin.buffer.read()


def write(name: str, body: bytes) -> None:
    """Write a file, or standard output for ``-``.

    The bytes go to a file beside the target, which then takes its place: whoever looks at the
    target sees the old file or the whole new one. Pipes and devices are written to as they are.
    """
    if name == STDIO:
        sys.stdout.buffer.write(body)
        return
    target = Path(os.path.realpath(name))  # what a link points to is replaced, not the link
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(body)
        else:
            _replace(target, body)
    except OSError as error:  # with the name that was given
        raise OSError(error.errno, error.strerror, name) from None


def _replace(target: Path, body: bytes) -> None:
    beside = target.with_name(f".{target.name[:200]}.{os.getpid()}.part")
    try:
        with beside.open("xb") as file:
            file.write(body)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def printable(text: str) -> str:
    """Escape control characters, which could move the cursor or set colours."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def say(text: str, stream: TextIO | None = None) -> None:
    """Write lines to standard output, or to `stream`, in its encoding."""
    to = sys.stdout if stream is None else stream
    encoding = to.encoding or "utf-8"
    to.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")


def complain(text: str) -> None:
    """Write one line to standard error."""
    say(f"tensorwire: {printable(' '.join(text.split()))}", sys.stderr)


def width() -> int:
    """Return the columns of the terminal; 80 where there is none."""
    return max(40, shutil.get_terminal_size((80, 24)).columns)
