"""What was asked for; a wrong option gets one clear line and exit code 2."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

from bench.implementations.implementation import OPERATIONS


@dataclass(frozen=True)
class Options:
    """The command line, checked as far as it can be without the library."""

    codec: tuple[str, ...]
    batch: tuple[int, ...] | None
    features: int | None
    dtype: str | None
    values: str | None
    op: tuple[str, ...]
    payload: tuple[str, ...]
    seconds: float
    processes: int
    output: str | None
    force: bool
    markdown: bool
    csv: bool
    quiet: bool
    list: bool
    targets: bool
    json: bool = False
    """The advice for programs, instead of tables."""
    memory: bool = False
    profile: str | None = None
    """The file of a flame graph."""
    rigorous: tuple[str, ...] | None = None
    """Options of pyperf's Runner; None: the interleaved run."""


class UsageError(Exception):
    """What was asked for does not exist, or cannot be: one line, exit code 2."""


def require(module: str, option: str) -> None:
    """Say which extra to install if an option's package is missing."""
    if find_spec(module) is None:
        from tensorwire.extras import advice

        raise UsageError(advice(option, [module]))


def require_all(what: str, *modules: str) -> None:
    """Raise UsageError, with what to install, if any of these packages is missing."""
    from tensorwire.extras import lacking

    if reason := lacking(what, *modules):
        raise UsageError(reason)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line, and whose examples stand as they are written."""

    def __init__(self, prog: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and leave."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def count(text: str) -> int:
    """Read a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {text!r}")
    return value


def add_shared(made: Parser) -> Any:
    """Add what every benchmark has: how long, which direction, and what is written where.

    The forms of output, of which there is one at a time, are returned: a group to add to.
    """
    add = made.add_argument
    add("--op", choices=(*OPERATIONS, "both"), default="both", help="one direction, or both")
    add("--targets", action="store_true", help="measure the promised speeds: met or not met")
    add("--seconds", type=_seconds, default=15.0, metavar="S", help="about how long: 15")
    add("--processes", type=count, default=3, metavar="N", help="one after another: 3")
    add("-o", dest="output", metavar="FILE", help="write the samples in pyperf's format")
    add("--force", action="store_true", help="overwrite that file")
    add("--list", action="store_true", help="name all that can be measured, measure nothing")
    return add_forms(made)


def add_forms(made: Parser, quiet: str = "only the answer: no tables, no progress") -> Any:
    """Add the forms of output; those of which there is one at a time are returned: a group."""
    style = made.add_mutually_exclusive_group()
    style.add_argument("--markdown", action="store_true", help="tables in Markdown")
    style.add_argument("--csv", action="store_true", help="one line per cell, nothing else")
    made.add_argument("-q", "--quiet", action="store_true", help=quiet)
    return style


def checked(made: Parser, given: dict[str, Any]) -> Options:
    """Give what was asked for, once the file to write can be written."""
    for option, name in (("-o", given["output"]), ("--profile", given.get("profile"))):
        if name:
            check_output(made, option, name, force=given["force"])
    given["op"] = OPERATIONS if given["op"] == "both" else (given["op"],)
    globs = [part.strip() for text in given["codec"] or [] for part in text.split(",")]
    given["codec"] = tuple(part for part in globs if part)
    return Options(**given)


def check_output(made: Parser, option: str, name: str, *, force: bool) -> None:
    """Leave unless a file of that name can be written, and need not be given up."""
    path = Path(name)
    if not path.absolute().parent.is_dir():
        made.error(f"{option} {name}: there is no such directory")
    if path.is_dir():
        made.error(f"{option} {name}: is a directory")
    if path.exists() and not force:
        made.error(f"{option} {name}: the file exists; --force overwrites it")
