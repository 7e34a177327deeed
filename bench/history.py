"""How a codec's figures went, over a folder of run files.

``python -m bench.history --help`` names the options; `bench.compare.history` makes the tables.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .cli import Parser, guarded, require
from .implementations.implementation import OPERATIONS
from .interrupt import UsageError, leave, orderly

if TYPE_CHECKING:
    from argparse import Namespace

NAME = "history"
EPILOG = """\
examples:
  {codecs} -o runs/$(date +%F).json  a run more, every night
  {history} runs  all codecs in short
  {history} runs --codec '*/raw' --batch 1,000  some of them, run by run

exit codes: 0 shown, 2 wrong usage or nothing to show
"""


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 2 usage or nothing to show."""
    options = parse(argv)
    return guarded(NAME, lambda: _history(options))


def parse(argv: list[str] | None) -> Namespace:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = Parser(
        name=NAME,
        description="A codec's figures over a folder of files that were written with -o.",
        epilog=EPILOG,
    )
    add = made.add_argument
    add("folder", metavar="DIR", help="where the files are: *.json, *.json.gz")
    add("--codec", metavar="GLOB", help="run by run, for those that match")
    add("--batch", metavar="LABEL", help="one payload, by its label (default: all)")
    add("--op", choices=OPERATIONS, help="one direction (default: both)")
    add("--markdown", action="store_true", help="tables in Markdown")
    return made.parse_args(argv)


def _history(options: Namespace) -> int:
    from .compare.history import load, show
    from .screen import Screen

    require("pyperf", "a file of a run")
    if not Path(options.folder).is_dir():
        raise UsageError(f"{options.folder}: expected a folder, got none")
    runs, skipped = load(Path(options.folder))
    for reason in skipped:
        sys.stderr.write(f"skipped {reason}\n")
    if not runs:
        raise UsageError(f"{options.folder}: expected files of runs, got none")
    if not show(runs, options, Screen(markdown=options.markdown)):
        raise UsageError(
            f"{options.folder}: expected a run that timed what was asked for, got none"
        )
    return 0


if __name__ == "__main__":
    leave(main())
