"""The command line of ``python -m bench.compare``."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass
from math import inf

from bench.options import Parser, add_forms

BASELINE = "bench/compare/exact.json"
EPILOG = f"""\
exit codes: 0 fine, 1 a regression, 2 wrong usage or files that cannot be compared.
Without --fail-over and --exact nothing is a regression.

examples:
  python -m bench.compare old.json new.json                  look
  python -m bench.compare old.json new.json --fail-over 25%  fail if a codec is 1.25 times as slow
  python -m bench.compare {BASELINE} new.json --exact
                            bytes, views, copies and allocations may only fall, on any machine
  python -m bench.compare.record new.json                    make that file anew
"""


@dataclass(frozen=True)
class Options:
    """The command line, checked."""

    old: str
    new: str
    fail_over: float | None
    """By how much slower is too slow: 0.25 is 25 %."""
    exact: bool
    force: bool
    markdown: bool
    csv: bool
    quiet: bool


def bound(text: str) -> float:
    """Read ``25%`` or ``1.25x``: both are 0.25."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([%x])", text.strip())
    if found:
        number = float(found[1])
        value = number / 100 if found[2] == "%" else number - 1
        if 0 <= value < inf:
            return value
    raise argparse.ArgumentTypeError(f"expected a bound such as 25% or 1.25x, got {text!r}")


def parse(argv: list[str] | None) -> Options:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = Parser(
        prog="python -m bench.compare",
        description="Two runs beside each other: ratios with confidence, and what grew.",
        epilog=EPILOG,
    )
    add = made.add_argument
    add("old", metavar="OLD", help="a file written with -o")
    add("new", metavar="NEW", help="a later one")
    add(
        "--fail-over",
        type=bound,
        metavar="25%",
        help="exit 1 if a codec is slower, or a body larger, by more than this (25%% or 1.25x)",
    )
    add("--exact", action="store_true", help="exit 1 if bytes, copies or allocations grew")
    add("--force", action="store_true", help="compare other machines and other payloads too")
    add_forms(made, quiet="only the summary: no tables")
    return Options(**vars(made.parse_args(argv)))
