"""What became slower or faster, and what grew: this code against another, two runs, or many.

``python -m bench.compare --help`` names the options.
"""

from __future__ import annotations

import argparse
import re
import sys
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from ..cli import Parser, guarded, require_all
from ..implementations.implementation import OPERATIONS
from ..interrupt import UsageError, leave, orderly

if TYPE_CHECKING:
    from .changes import Comparison

NAME = "compare"
BASELINE = "bench/compare/exact.json"
EPILOG = """\
exit codes: 0 fine, 1 a regression, 2 wrong usage or files that do not compare,
3 cannot tell: an interval reaches over the bound. Of two files nothing is a
regression without --fail-over and --exact.

examples:
  {compare} --against HEAD  this code and the last commit's, measured in turns
  {compare} old.json new.json  look
  {compare} old.json new.json --fail-over 25%  fail if a codec is 1.25 times as slow
  {compare} old.json new.json --exact  bytes, views, copies and allocations may only fall
  {record} new.json -o exact.json  the exact facts of a run, in a small file for --exact
  {codecs} -o runs/$(date +%F).json  a run more, every night
  {compare} --history runs --html history.html  a line a codec over all runs of a folder
  {compare} --history runs --codec '*/raw' --batch 1,000  some of them, run by run
"""


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 regression, 2 usage or no files to compare."""
    options = parse(argv)
    return guarded(NAME, lambda: _history(options) if options.history else _compare(options))


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = Parser(
        name=NAME,
        description="What became slower or faster, with confidence, and what grew.",
        epilog=EPILOG,
    )
    add = made.add_argument
    add("runs", nargs="*", metavar="OLD NEW", help="two files written with -o")
    add("--against", metavar="OLD", help="a commit, or a folder with tensorwire: measure it")
    add("--history", metavar="DIR", help="every file of a folder, by date")
    add(
        "--fail-over",
        type=bound,
        metavar="BOUND",
        help="exit 1 if a codec is slower, or a body larger, by more, 3 if that cannot be told"
        " (default: 12%% with --against, else never)",
    )
    add("--exact", action="store_true", help="exit 1 if bytes, copies or allocations grew")
    add("--force", action="store_true", help="compare other machines and payloads; overwrite")
    add("--codec", metavar="GLOB", help="only what matches; of --history run by run")
    add("--batch", metavar="LABEL", help="one payload of --history, by its label (default: all)")
    add("--op", choices=OPERATIONS, help="one direction of --history (default: both)")
    add("--html", metavar="FILE", help="--history as a page, too")
    made.add_forms(quiet="only the summary: no tables")
    given = made.parse_args(argv)
    modes = [bool(given.runs), given.against is not None, given.history is not None]
    if sum(modes) != 1 or len(given.runs) not in (0, 2):
        made.error("expected two files, --against OLD or --history DIR: one of these")
    for name in ("batch", "op", "html"):
        if getattr(given, name) and not given.history:
            made.error(f"--{name}: expected --history beside it, got none")
    if given.html:
        made.check_output("--html", given.html, force=given.force)
    return given


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
    from .show import regressions, show, write_csv

    found = _against(options) if options.against else _files(options)
    if options.csv:
        write_csv(found, options.fail_over, sys.stdout)
    else:
        show(found, options, Screen(markdown=options.markdown))
    # Beside CSV, what a person reads goes where it is not in the way.
    screen = Screen(sys.stderr if options.csv else None, markdown=options.markdown)
    return regressions(found, options, screen)


def _against(options: argparse.Namespace) -> Comparison:
    from ..screen import Progress
    from .against import BOUND, measure

    if options.fail_over is None:
        options.fail_over = BOUND
    progress = Progress(quiet=options.quiet)
    return measure(options.against, options.fail_over, options.codec, progress)


def _files(options: argparse.Namespace) -> Comparison:
    from .changes import compare, read

    require_all("a file of a run", "pyperf")
    first, second = options.runs
    found = compare(read(first), read(second))
    reason = _refusal(found, options)
    if reason:
        raise UsageError(f"{first}, {second}: {reason}")
    return found


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


def _history(options: argparse.Namespace) -> int:
    from ..screen import Screen
    from .history import by_machine, load, show

    require_all("--html", *["jinja2", "vl_convert"] * bool(options.html))
    require_all("a file of a run", "pyperf")
    folder = Path(options.history)
    if not folder.is_dir():
        raise UsageError(f"{folder}: expected a folder, got none")
    runs, skipped = load(folder)
    for reason in skipped:
        sys.stderr.write(f"skipped {reason}\n")
    if not runs:
        raise UsageError(f"{folder}: expected files of runs, got none")
    if not show(runs, options, Screen(markdown=options.markdown)):
        raise UsageError(f"{folder}: expected a run that timed what was asked for, got none")
    if options.html:
        from tensorwire.cli.files import write

        from ..report.page import render
        from .page import page_of

        last = by_machine(runs)[0]
        page = render(page_of(last, len(runs) - len(last)))
        write(options.html, page.encode(errors="replace"))
    return 0


if __name__ == "__main__":
    leave(main())
