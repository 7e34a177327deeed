"""How a command ends before its time: Ctrl-C, SIGTERM, and a reader of its output that has gone.

The first Ctrl-C ends what is going on, and what was measured is written. The second changes
nothing, since many a person presses twice; the third ends the program at once. SIGTERM, which a
cancelled job gets, does what Ctrl-C does.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from functools import partial, wraps
from io import TextIOWrapper
from threading import current_thread, main_thread
from typing import TYPE_CHECKING, Any, NoReturn

from .command import command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Main = Callable[..., int]

INTERRUPTED = 130


class UsageError(Exception):
    """What was asked for does not exist, or cannot be: one line, exit code 2."""


def complain(name: str, text: str, code: int) -> int:
    """Write one line to stderr, whatever is in the text; return the exit code."""
    from .figures import printable

    sys.stderr.write(printable(f"{command(name)}: error: {' '.join(text.splitlines())}") + "\n")
    return code


def orderly(name: str) -> Callable[[Main], Main]:
    """Make a ``main`` that is ended from outside leave an exit code and at most one line."""

    def decorate(main: Main) -> Main:
        @wraps(main)
        def wrapper(argv: list[str] | None = None) -> int:
            for stream in (sys.stdout, sys.stderr):
                if isinstance(stream, TextIOWrapper):  # a file's name may be in any alphabet
                    stream.reconfigure(errors="backslashreplace")
            with _handling(partial(_at_once, name)), _terminated():
                try:
                    try:
                        return main(argv)
                    finally:
                        sys.stdout.flush()
                except KeyboardInterrupt:
                    return complain(name, "interrupted", INTERRUPTED)
                except BrokenPipeError:
                    _forget_output()
                    return 1
                except OSError as error:
                    _forget_output()
                    where = f"{error.filename}: " if error.filename else ""
                    return complain(name, where + (error.strerror or str(error)), 1)

        return wrapper

    return decorate


def _forget_output() -> None:
    """Send what is still to be written nowhere, at exit too: nobody reads it."""
    with suppress(OSError):  # what is no file needs no such care
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _at_once(name: str, *_: Any) -> NoReturn:
    """End the program while it imports, where an exception might get lost."""
    complain(name, "interrupted", INTERRUPTED)
    os._exit(INTERRUPTED)


def leave(code: int) -> NoReturn:
    """End the program; Ctrl-C has nothing left to end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


@contextmanager
def first_only() -> Iterator[None]:
    """Raise `KeyboardInterrupt` for the first Ctrl-C, ignore the second, and raise again."""
    presses = 0

    def handle(*_: Any) -> None:
        nonlocal presses
        presses += 1
        if presses != 2:
            raise KeyboardInterrupt

    with _handling(handle):
        yield


@contextmanager
def noting() -> Iterator[list[int]]:
    """Let nothing be cut short by Ctrl-C; the list holds one item for each."""
    seen: list[int] = []
    with _handling(lambda number, _: seen.append(number)):
        yield seen


@contextmanager
def _handling(handler: Callable[..., Any]) -> Iterator[None]:
    """Handle SIGINT so; whoever ignores it, as a job in the background does, goes on to."""
    before = signal.getsignal(signal.SIGINT)
    ours = callable(before) and current_thread() is main_thread()  # only this thread may
    if ours:
        signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)


@contextmanager
def _terminated() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, unless somebody has other plans with either."""
    usual = signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    ours = current_thread() is main_thread()
    if not (usual and ours and callable(signal.getsignal(signal.SIGINT))):
        yield
        return
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
