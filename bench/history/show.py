"""Put a history on the screen: the runs of each machine, and what the figures are."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from bench.codecs.plan import select
from bench.compare import alike
from bench.history.runs import by_machine
from bench.history.series import points, sections
from bench.history.tables import detail, overview
from bench.implementations.implementation import OPERATIONS
from bench import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.history.options import Options
    from bench.measure.runfile import Run
    from bench.screen.render import Screen

LEGEND = (
    "x first, x before: the last run by the first one, by the one before it; geometric mean over"
    " the payloads that both have; above 1 is slower. = level: equal cells, which each run"
    " measures twice, differ as much. baselines, which are not our code: where they move, the"
    " machine or a library did."
)
DIRTY = "commit+: with changes that were not committed."


def show(runs: Sequence[Run], options: Options, screen: Screen) -> bool:
    """Write what a person asked for; False if no run has it."""
    if not sum(_machine(found, options, screen) for found in by_machine(runs)):
        return False
    screen.line()
    screen.line(LEGEND, "note")
    if any("dirty" in str(run.metadata.get("git_commit", "")) for run in runs):
        screen.line(DIRTY, "note")
    return True


def _machine(runs: Sequence[Run], options: Options, screen: Screen) -> int:
    """Show the runs of one machine; how many tables."""
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
        screen.line(f"{machine}: {figures.counted(len(runs), 'run')}", "title")
    for table in tables:
        screen.table(table)
    return len(tables)
