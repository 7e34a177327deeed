"""What became slower or faster, and what grew, from one run to another.

``python -m bench.compare --help`` names the options.
"""

from __future__ import annotations

import argparse
import re
import sys
from math import inf
from typing import TYPE_CHECKING

from ..cli import Parser, guarded, require
from ..interrupt import UsageError, leave, orderly

if TYPE_CHECKING:
    from .changes import Comparison

NAME = "compare"
BASELINE = "bench/compare/exact.json"
EPILOG = """\
exit codes: 0 fine, 1 a regression, 2 wrong usage or files that do not compare.
Without --fail-over and --exact nothing is a regression.

examples:
  {compare} old.json new.json  look
  {compare} old.json new.json --fail-over 25%  fail if a codec is 1.25 times as slow
  {compare} old.json new.json --exact  bytes, views, copies and allocations may only fall
  {record} new.json -o exact.json  the exact facts of a run, in a small file for --exact
"""


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 regression, 2 usage or no files to compare."""
    options = parse(argv)
    return guarded(NAME, lambda: _compare(options))


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = Parser(
        name=NAME,
        description="Two runs beside each other: ratios with confidence, and what grew.",
        epilog=EPILOG,
    )
    add = made.add_argument
    add("old", metavar="OLD", help="a file written with -o")
    add("new", metavar="NEW", help="a later one")
    add(
        "--fail-over",
        type=bound,
        metavar="BOUND",
        help="exit 1 if a codec is slower, or a body larger, by more (default: never)",
    )
    add("--exact", action="store_true", help="exit 1 if bytes, copies or allocations grew")
    add("--force", action="store_true", help="compare other machines and other payloads too")
    made.add_forms(quiet="only the summary: no tables")
    return made.parse_args(argv)


def bound(text: str) -> float:
    """Read ``25%`` or ``1.25x``: both are 0.25."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([%x])", text.strip())
    if found:
        number = float(found[1])
        value = number / 100 if found[2] == "%" else number - 1
        if 0 <= value < inf:
            return value
    raise argparse.ArgumentTypeError(f"expected a bound such as 25% or 1.25x, got {text!r}")


def _compare(options: argparse.Namespace) -> int:
    from ..screen import Screen
    from .changes import compare, read
    from .show import regressions, show, write_csv

    require("pyperf", "a file of a run")
    found = compare(read(options.old), read(options.new))
    reason = _refusal(found, options)
    if reason:
        raise UsageError(f"{options.old}, {options.new}: {reason}")
    if options.csv:
        write_csv(found, sys.stdout)
    else:
        show(found, options, Screen(markdown=options.markdown))
    # Beside CSV, what a person reads goes where it is not in the way.
    screen = Screen(sys.stderr if options.csv else None, markdown=options.markdown)
    return int(regressions(found, options, screen))


def _refusal(found: Comparison, options: argparse.Namespace) -> str:
    """Return why the files cannot be compared, in one line; empty if they can."""
    if not options.force:
        if found.payloads:
            got = "; ".join(found.payloads)
            return f"expected the same payloads, got others: {got} (--force compares them)"
        if found.machine and not options.exact:
            got = "; ".join(found.machine)
            return f"expected the same machine, got others: {got} (--force compares them)"
    if found.changes:
        return ""
    old, new = (
        ", ".join(case.title if case.label else case.section for case in run.results.cases)
        for run in (found.old, found.new)
    )
    return f"expected a cell that is in both, got none: {old} -> {new}"


if __name__ == "__main__":
    leave(main())
