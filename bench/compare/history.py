"""A codec's figures over a folder of runs: all codecs in short, or one of them run by run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from math import log
from statistics import geometric_mean
from typing import TYPE_CHECKING

from .. import figures
from ..implementations.implementation import OPERATIONS, is_codec, label_of
from ..implementations.lookup import builtin_codecs
from ..measure.results import level
from ..measure.runfile import Run, RunFileError, read
from ..screen import NEITHER, TIE, Row, Table
from ..tables import groups, row_style
from .changes import describe_machine, machine_differences

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ..payloads.case import Case
    from ..screen import Screen

BARS = "▁▂▃▄▅▆▇█"
FLAT = 1.3
"""The least ratio of the highest bar to the lowest: noise is not drawn as mountains."""
LONG, SHORT = 14, 7
"""Runs in a sparkline, the latest ones."""
LEGEND = (
    "x first, x before: the last run by the first one, by the one before it; geometric mean over"
    " the payloads that both have; above 1 is slower. = level: equal cells, which each run"
    " measures twice, differ as much. baselines, which are not our code: where they move, the"
    " machine or a library did."
)
DIRTY = "commit+: with changes that were not committed."


def load(folder: Path) -> tuple[list[Run], list[str]]:
    """Read every file that may be a run; return the runs by date, and why others are none."""
    runs, skipped = [], []
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.json.gz")]):
        try:
            runs.append(read(str(path)))
        except RunFileError as error:  # noqa: PERF203 - one bad file is no reason to stop
            skipped.append(str(error))
    return sorted(runs, key=lambda run: str(run.metadata.get("date", ""))), skipped


def by_machine(runs: Sequence[Run]) -> list[list[Run]]:
    """Set the runs of other machines apart; the one that was used last comes first."""
    found: list[list[Run]] = []
    for run in reversed(runs):
        for group in found:
            if not machine_differences(run.metadata, group[-1].metadata):
                group.insert(0, run)
                break
        else:
            found.append([run])
    return found


def date_of(run: Run) -> str:
    """Return day and minute, as recorded."""
    return str(run.metadata.get("date", "no date"))[:16]


def commit_of(run: Run) -> str:
    """Return the commit in seven digits, with a plus if there were changes beyond it."""
    digits, _, more = str(run.metadata.get("git_commit", "")).partition(" ")
    return digits[:7] + "+" * bool(more) if digits else "-"


def python_of(run: Run) -> str:
    """Return the version, and the implementation if it is not the usual one."""
    version = str(run.metadata.get("bench_python", "-")).removeprefix("CPython ")
    return version + " no GIL" * (run.metadata.get("gil") == "disabled")


def numpy_of(run: Run) -> str:
    """Return the version."""
    return str(run.metadata.get("numpy_version", "-"))


@dataclass(frozen=True)
class Point:
    """One run."""

    run: Run
    seconds: Mapping[str, float]
    """The median of each payload, by its title; or of each name and payload."""
    noise: float


def sections(runs: Sequence[Run], batch: str | None) -> dict[str, dict[str, Case]]:
    """Return the payloads under each heading, by title, of all runs; or those of one label."""
    found: dict[str, dict[str, Case]] = {}
    for run in runs:
        for case in run.results.cases:
            if batch is None or case.label.replace(",", "") == batch.replace(",", ""):
                found.setdefault(case.section, {}).setdefault(case.title, case)
    return {
        section: dict(sorted(cases.items(), key=lambda item: item[1].size))
        if all(case.series for case in cases.values())
        else cases
        for section, cases in found.items()
    }


def points(
    runs: Sequence[Run], titles: Sequence[str], names: Sequence[str], operation: str
) -> list[Point]:
    """Return the runs that have timed it; of several names, each by its name and the payload's."""
    found = []
    for run in runs:
        numbers = [n for n, case in enumerate(run.results.cases) if case.title in titles]
        seconds = {
            run.results.cases[n].title
            if len(names) == 1
            else f"{name} {run.results.cases[n].title}": taken
            for name in names
            for n in numbers
            if (taken := run.results.seconds(n, name, operation))
        }
        if seconds:
            found.append(Point(run, seconds, max(run.results.noise(n) for n in numbers)))
    return found


def ratio(point: Point, other: Point) -> float | None:
    """Return the geometric mean of the ratios to another run, of the payloads both have."""
    ratios = [
        taken / other.seconds[title]
        for title, taken in point.seconds.items()
        if title in other.seconds
    ]
    return geometric_mean(ratios) if ratios else None


def sparkline(values: Sequence[float | None]) -> str:
    """Draw a bar per run, on a log scale: the slowest is the highest."""
    logs = [log(value) for value in values if value]
    if not logs:
        return ""
    low, high = min(logs), max(logs)
    spare = max(0.0, log(FLAT) - (high - low)) / 2
    low, height = low - spare, high - low + 2 * spare
    last = len(BARS) - 1
    return "".join(
        BARS[round((log(value) - low) / height * last)] if value else " " for value in values
    )


def overview(
    runs: Sequence[Run],
    named: tuple[str, Mapping[str, Case]],
    names: Sequence[str],
    operations: Sequence[str],
    *,
    bars: bool,
) -> Table:
    """Show a row per codec: its latest run by the first, and by the one before.

    All baselines together are one row: where it moves, the machine or a library did.
    """
    section, cases = named
    columns = [(f"{operation}",) * bars + ("x first", "x before") for operation in operations]
    headings = [name for part in columns for name in part]
    if not bars:
        headings = [f"{op} {name}" for op in operations for name in ("x first", "x before")]
    count = sum(any(case.title in cases for case in run.results.cases) for run in runs)
    table = Table(f"{figures.counted(count, 'run')}: {section}", tuple(headings))

    def row(label: str, chosen: Sequence[str]) -> Row:
        made: list[str] = []
        for operation in operations:
            found = points(runs, list(cases), chosen, operation)
            made += [trend(found, LONG)] * bars + [against(found, 0), against(found, -2)]
        return Row(label, tuple(made), row_style(chosen[0]))

    for container, members in groups(names).items():
        named_rows = [(label_of(name), [name]) for name in members if is_codec(name)]
        rows = [row(*each) for each in named_rows]
        rows = [each for each in rows if any(cell.strip(" -") for cell in each.cells)]
        table.rows += [Row(container, style="group"), *rows] if rows else []
    others = [name for name in names if not is_codec(name)]
    if table.rows and others:
        table.rows += [Row("not our code", style="group"), row("baselines", others)]
    return table


def detail(
    found: Sequence[Point],
    named: tuple[str, Mapping[str, Case]],
    title: str,
    *,
    bars: bool,
) -> Table:
    """Show a row per run: medians, the ratio to the run before, and what it ran on."""
    section, cases = named
    titles = [each for each in cases if any(each in point.seconds for point in found)]
    headings = [cases[each].label for each in titles]
    fixed = ("x before", "commit", "Python", "numpy")
    table = Table(f"{title}: {section}", (*headings, *fixed), fixed=len(fixed))
    for number, point in enumerate(found):
        run = point.run
        medians = [figures.duration(point.seconds.get(each)) + NEITHER for each in titles]
        before = against(found[: number + 1], -2)
        versions = (commit_of(run), python_of(run), numpy_of(run))
        table.rows.append(Row(date_of(run), (*medians, before, *versions)))
    if len(found) < 2:
        return table
    single = [_only(found, each) for each in titles]
    ends = [against(each, 0) for each in single]
    blank = ("",) * (len(fixed) - 1)
    table.rows.append(Row("last by first", (*ends, against(found, 0), *blank), "answer"))
    if bars:
        trends = [trend(each, SHORT) + NEITHER for each in single]
        table.rows.append(Row("trend", (*trends, trend(found, SHORT) + NEITHER, *blank), "answer"))
    return table


def _only(found: Sequence[Point], title: str) -> list[Point]:
    return [
        replace(point, seconds={title: point.seconds[title]})
        for point in found
        if title in point.seconds
    ]


def against(found: Sequence[Point], other: int) -> str:
    """Write the last run by another; a mark says that they are level inside the noise."""
    if len(found) < 2:
        return "-" + NEITHER
    last, first = found[-1], found[other]
    value = ratio(last, first)
    if value is None:
        return "-" + NEITHER
    tied = level(value, 1, max(last.noise, first.noise))
    return figures.ratio(value) + (TIE if tied else NEITHER)


def trend(found: Sequence[Point], length: int) -> str:
    """Draw the last runs as bars, each by the first."""
    if len(found) < 2:
        return ""
    return sparkline([ratio(point, found[0]) for point in found[-length:]])


def show(runs: Sequence[Run], options: Namespace, screen: Screen) -> bool:
    """Write what a person asked for; False if no run has it."""
    if not sum(_machine(found, options, screen) for found in by_machine(runs)):
        return False
    screen.line()
    screen.line(LEGEND, "note")
    if any("dirty" in str(run.metadata.get("git_commit", "")) for run in runs):
        screen.line(DIRTY, "note")
    return True


def _machine(runs: Sequence[Run], options: Namespace, screen: Screen) -> int:
    """Show the runs of one machine; how many tables."""
    bars = screen.encoding.startswith("utf")
    measured = [name for run in runs for name in run.results.implementations]
    ordered = [*(name for name in builtin_codecs() if name in measured), *measured]
    names = list(dict.fromkeys(ordered))
    names = [name for name in names if fnmatchcase(name, options.codec or "*")]
    known = dict.fromkeys(op for run in runs for op in run.results.operations)
    operations = [op for op in OPERATIONS if op in known and options.op in (None, op)]
    tables = []
    for named in sections(runs, options.batch).items():
        if not options.codec:
            tables.append(overview(runs, named, names, operations, bars=bars))
            continue
        for name in names:
            for operation in operations:
                found = points(runs, list(named[1]), [name], operation)
                if found:
                    tables.append(detail(found, named, f"{name} {operation}", bars=bars))
    tables = [table for table in tables if table.rows]
    if tables:
        screen.line()
        machine = describe_machine(runs[-1].metadata)
        screen.line(f"{machine}: {figures.counted(len(runs), 'run')}", "title")
    for table in tables:
        screen.table(table)
    return len(tables)
