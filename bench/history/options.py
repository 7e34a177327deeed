"""The command line of ``python -m bench.history``."""

from __future__ import annotations

from dataclasses import dataclass

from bench.implementations.implementation import OPERATIONS
from bench.options import Parser

EPILOG = """\
examples:
  python -m bench.codecs -o runs/$(date +%F).json       a run more, every night
  python -m bench.history runs                          all codecs in short
  python -m bench.history runs --codec json/ndarray     one of them, run by run

exit codes: 0 shown, 2 wrong usage or nothing to show.
"""


@dataclass(frozen=True)
class Options:
    """The command line, checked."""

    folder: str
    codec: str | None
    batch: str | None
    op: str | None
    markdown: bool


def parse(argv: list[str] | None) -> Options:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = Parser(
        prog="python -m bench.history",
        description="A codec's figures over a folder of files that were written with -o.",
        epilog=EPILOG,
    )
    add = made.add_argument
    add("folder", metavar="DIR", help="where the files are: *.json, *.json.gz")
    add("--codec", metavar="GLOB", help="run by run, for those that match: json/ndarray, '*/raw'")
    add("--batch", metavar="LABEL", help="one payload only, by its label: 1000")
    add("--op", choices=OPERATIONS, help="one direction only")
    add("--markdown", action="store_true", help="tables in Markdown")
    return Options(**vars(made.parse_args(argv)))
