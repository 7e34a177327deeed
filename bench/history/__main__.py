"""How a codec's figures went, over a folder of run files.

``python -m bench.history --help`` names the options.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

from bench.ending import leave, orderly
from bench.options import OPERATIONS, Parser

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measuring.runfile import Run
    from bench.screen.render import Screen

NAME = "python -m bench.history"
EPILOG = """\
examples:
  python -m bench.codecs -o runs/$(date +%F).json       a run more, every night
  python -m bench.history runs                          all codecs in short
  python -m bench.history runs --codec json/ndarray     one of them, run by run

exit codes: 0 shown, 2 wrong usage or nothing to show.
"""
LEGEND = (
    "x first, x before: the last run by the first one, by the one before it; geometric mean over"
    " the payloads that both have; above 1 is slower. = level: equal cells, which each run"
    " measures twice, differ as much. baselines, which are not our code: where they move, the"
    " machine or a library did."
)
DIRTY = "commit+: with changes that were not committed."


@dataclass(frozen=True)
class Options:
    """The command line, checked."""

    folder: str
    codec: str | None
    batch: str | None
    op: str | None
    markdown: bool


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 2 usage or nothing to show."""
    from bench.command import guarded

    made = Parser(
        prog=NAME,
        description="A codec's figures over a folder of files that were written with -o.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("folder", metavar="DIR", help="where the files are: *.json, *.json.gz")
    add("--codec", metavar="GLOB", help="run by run, for those that match: json/ndarray, '*/raw'")
    add("--batch", metavar="LABEL", help="one payload only, by its label: 1000")
    add("--op", choices=OPERATIONS, help="one direction only")
    add("--markdown", action="store_true", help="tables in Markdown")
    options = Options(**vars(made.parse_args(argv)))
    return guarded(NAME, lambda: _show(options))


def _show(options: Options) -> int:
    from bench.codecs.plan import UsageError, require
    from bench.history.runs import by_machine, load
    from bench.screen.render import Screen

    require("pyperf", "a file of a run")
    if not Path(options.folder).is_dir():
        raise UsageError(f"{options.folder}: there is no such folder")
    runs, skipped = load(Path(options.folder))
    screen = Screen(markdown=options.markdown)
    for reason in skipped:
        sys.stderr.write(f"skipped {reason}\n")
    if not runs:
        raise UsageError(f"{options.folder}: no file of a run")
    shown = 0
    for found in by_machine(runs):
        shown += _machine(found, options, screen)
    if not shown:
        raise UsageError(f"{options.folder}: no run has timed what was asked for")
    screen.line()
    screen.line(LEGEND, "note")
    if any("dirty" in str(run.metadata.get("git_commit", "")) for run in runs):
        screen.line(DIRTY, "note")
    return 0


def _machine(runs: Sequence[Run], options: Options, screen: Screen) -> int:
    """Show the runs of one machine; how many tables."""
    from bench.codecs.plan import select
    from bench.compare import alike
    from bench.history.series import points, sections
    from bench.history.tables import detail, overview

    bars = screen.encoding.startswith("utf")
    measured = {way: None for run in runs for way in run.results.ways}
    names = [*(way for way in select(()) if way in measured), *measured]
    names = list(dict.fromkeys(names))
    ways = [way for way in names if fnmatchcase(way, options.codec or "*")]
    known = dict.fromkeys(op for run in runs for op in run.results.operations)
    operations = [op for op in OPERATIONS if op in known and options.op in (None, op)]
    tables = []
    for named in sections(runs, options.batch).items():
        if not options.codec:
            tables.append(overview(runs, named, ways, operations, bars=bars))
            continue
        for way in ways:
            for operation in operations:
                found = points(runs, list(named[1]), [way], operation)
                if found:
                    tables.append(detail(found, named, f"{way} {operation}", bars=bars))
    tables = [table for table in tables if table.rows]
    if tables:
        screen.line()
        machine = alike.machine(runs[-1].metadata)
        screen.line(f"{machine}: {len(runs)} run{'s' * (len(runs) > 1)}", "title")
    for table in tables:
        screen.table(table)
    return len(tables)


if __name__ == "__main__":
    leave(main())
