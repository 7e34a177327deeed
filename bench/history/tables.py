"""All codecs in short, or one codec run by run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.tables import groups, style_of
from bench.history.runs import commit_of, date_of, numpy_of, python_of
from bench.history.series import points, ratio, sparkline
from bench.implementations.implementation import is_codec, label_of
from bench.measure.results import level
from bench import figures
from bench.screen.table import NEITHER, TIE, Row, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.history.series import Point
    from bench.measure.runfile import Run
    from bench.payloads.case import Case

LONG, SHORT = 14, 7
"""Runs in a sparkline, the latest ones."""


def overview(
    runs: Sequence[Run],
    named: tuple[str, Mapping[str, Case]],
    ways: Sequence[str],
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
        return Row(label, tuple(made), style_of(chosen[0]))

    for container, names in groups(ways).items():
        named_rows = [(label_of(way), [way]) for way in names if is_codec(way)]
        rows = [row(*each) for each in named_rows]
        rows = [each for each in rows if any(cell.strip(" -") for cell in each.cells)]
        table.rows += [Row(container, style="group"), *rows] if rows else []
    others = [way for way in ways if not is_codec(way)]
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
