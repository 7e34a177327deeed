"""What one codec took from run to run."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from statistics import geometric_mean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.measure.runfile import Run
    from bench.payloads.case import Case

BARS = "▁▂▃▄▅▆▇█"
FLAT = 1.3
"""The least ratio of the highest bar to the lowest: noise is not drawn as mountains."""


@dataclass(frozen=True)
class Point:
    """One run."""

    run: Run
    seconds: Mapping[str, float]
    """The median of each payload, by its title; or of each way and payload."""
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
    runs: Sequence[Run], titles: Sequence[str], ways: Sequence[str], operation: str
) -> list[Point]:
    """Return the runs that have timed it; of several ways, each by its name and the payload's."""
    found = []
    for run in runs:
        numbers = [n for n, case in enumerate(run.results.cases) if case.title in titles]
        seconds = {
            run.results.cases[n].title
            if len(ways) == 1
            else f"{way} {run.results.cases[n].title}": taken
            for way in ways
            for n in numbers
            if (taken := run.results.seconds(n, way, operation))
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
