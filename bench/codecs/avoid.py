"""What cost far more in this run than it needed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.advice.scores import OBJECTS, best, describing
from bench import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.advice.scores import Scores
    from bench.measure.results import Results

TERRIBLE = 10
"""Times slower than the same job done well: worth a warning,"""
NOTICED = 1e-3
"""if it costs at least so many seconds more."""
WASTEFUL = 3
"""Times the bytes of the smallest body: worth a warning."""


@dataclass(frozen=True)
class Avoid:
    """A way that is far worse than another on one payload."""

    way: str
    column: str
    what: str
    """``encode`` or ``decode`` (through Python objects), ``time``, ``bytes``."""
    factor: float
    """How many times as much it takes."""
    against: str


def avoidable(results: Results, case: int, scores: Scores) -> list[Avoid]:
    """Name the choices to avoid for one payload, worst first within each sort."""
    label = results.cases[case].label
    return [*_objects(results, case), *_slow(scores, label), *_large(scores, label)]


def by_column(found: Sequence[Avoid]) -> dict[str, list[str]]:
    """Say for each payload what to avoid."""
    columns = dict.fromkeys(each.column for each in found)
    return {at: sentences([each for each in found if each.column == at]) for at in columns}


def sentences(found: Sequence[Avoid]) -> list[str]:
    """Put each sort of what to avoid for one payload into one line."""
    lines = []
    worst: dict[str, float] = {}
    for each in found:
        if each.way.endswith(OBJECTS):
            worst[each.way] = max(each.factor, worst.get(each.way, 0.0))
    if worst:
        ways = ", ".join(
            f"{way.removesuffix(OBJECTS)} {figures.ratio(factor)}" for way, factor in worst.items()
        )
        lines.append(f"Python objects instead of the codec: {ways} the time")
    for what in ("time", "bytes"):
        sort = [each for each in found if each.what == what]
        if sort:
            ways = ", ".join(f"{each.way} {figures.ratio(each.factor)}" for each in sort)
            lines.append(f"{ways} the {what} of {sort[0].against}")
    return lines


def _objects(results: Results, case: int) -> list[Avoid]:
    found = []
    for name in results.ways:
        codec, _, style = name.partition(":")
        for operation in results.summed if style == "objects" else ():
            slow = results.seconds(case, name, operation)
            fast = results.seconds(case, codec, operation)
            if slow and fast and slow / fast >= TERRIBLE and slow - fast > NOTICED:
                label = results.cases[case].label
                found.append(Avoid(name, label, operation, slow / fast, codec))
    return sorted(found, key=lambda each: -each.factor)


def _slow(scores: Scores, label: str) -> list[Avoid]:
    names = describing(scores.codecs)
    found = best(scores, label, names)
    if not found:
        return []
    least = scores.seconds[label, found[0]]
    times = {name: scores.seconds.get((label, name), least) for name in names}
    slow = [
        Avoid(name, label, "time", seconds / least, found[0])
        for name, seconds in times.items()
        if seconds / least >= TERRIBLE and seconds - least > NOTICED
    ]
    return sorted(slow, key=lambda each: -each.factor)


def _large(scores: Scores, label: str) -> list[Avoid]:
    known = {
        name: scores.sizes[label, name]
        for name in describing(scores.codecs)
        if (label, name) in scores.sizes
    }
    if not known:
        return []
    small = min(known, key=lambda name: known[name])
    large = [
        Avoid(name, label, "bytes", size / max(1, known[small]), small)
        for name, size in known.items()
        if size >= WASTEFUL * max(1, known[small])
    ]
    return sorted(large, key=lambda each: -each.factor)
