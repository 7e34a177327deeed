"""How a codec's figures went, over a folder of run files.

``python -m bench.history --help`` names the options.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from bench.interrupt import leave, orderly

if TYPE_CHECKING:
    from bench.history.options import Options

NAME = "python -m bench.history"


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 2 usage or nothing to show."""
    from bench.command import guarded
    from bench.history.options import parse

    options = parse(argv)
    return guarded(NAME, lambda: _history(options))


def _history(options: Options) -> int:
    from bench.history.runs import load
    from bench.history.show import show
    from bench.options import UsageError, require
    from bench.screen.render import Screen

    require("pyperf", "a file of a run")
    if not Path(options.folder).is_dir():
        raise UsageError(f"{options.folder}: there is no such folder")
    runs, skipped = load(Path(options.folder))
    for reason in skipped:
        sys.stderr.write(f"skipped {reason}\n")
    if not runs:
        raise UsageError(f"{options.folder}: no file of a run")
    if not show(runs, options, Screen(markdown=options.markdown)):
        raise UsageError(f"{options.folder}: no run has timed what was asked for")
    return 0


if __name__ == "__main__":
    leave(main())
