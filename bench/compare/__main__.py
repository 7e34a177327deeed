"""What became slower or faster, and what grew, from one run to another.

``python -m bench.compare --help`` names the options.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench.interrupt import leave, orderly

if TYPE_CHECKING:
    from bench.compare.changes import Comparison
    from bench.compare.options import Options

NAME = "python -m bench.compare"


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 regression, 2 usage or no files to compare."""
    from bench.command import guarded
    from bench.compare.options import parse

    options = parse(argv)
    return guarded(NAME, lambda: _compare(options))


def _compare(options: Options) -> int:
    from bench.compare import csv_out
    from bench.compare.changes import compare
    from bench.compare.files import read
    from bench.compare.show import regressions, show
    from bench.options import UsageError, require
    from bench.screen.render import Screen

    require("pyperf", "a file of a run")
    found = compare(read(options.old), read(options.new))
    reason = _refusal(found, options)
    if reason:
        raise UsageError(f"{options.old}, {options.new}: {reason}")
    if options.csv:
        csv_out.write(found, sys.stdout)
    else:
        show(found, options, Screen(markdown=options.markdown))
    # Beside CSV, what a person reads goes where it is not in the way.
    screen = Screen(sys.stderr if options.csv else None, markdown=options.markdown)
    return int(regressions(found, options, screen))


def _refusal(found: Comparison, options: Options) -> str:
    """Say why the files cannot be compared, in one line."""
    if not options.force:
        if found.payloads:
            return f"other payloads: {'; '.join(found.payloads)} (--force compares them)"
        if found.machine and not options.exact:
            return f"other machines: {'; '.join(found.machine)} (--force compares them)"
    if found.changes:
        return ""
    old, new = (
        ", ".join(case.title if case.label else case.section for case in run.results.cases)
        for run in (found.old, found.new)
    )
    return f"no cell is in both: {old} -> {new}"


if __name__ == "__main__":
    leave(main())
