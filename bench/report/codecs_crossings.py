"""Where the lines of two codecs of a container cross."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log
from typing import TYPE_CHECKING

from bench.codecs.crossovers import crossovers
from bench.codecs.scores import scores_of
from bench.implementations.ways import container_of, kind_of
from bench.screen import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.codecs.crossovers import Crossover
    from bench.report.codecs_views import View

LEAST = 1.1
"""A codec that is ahead by less at the end is not worth a mark."""
MOST = 3


@dataclass(frozen=True)
class Crossing:
    """A place in a panel."""

    x: float
    y: float
    text: str


def crossings(view: View, chosen: Sequence[int], container: str) -> list[Crossing]:
    """Find the places, those with most to gain first; one for all that a codec passes at once."""
    results = view.results
    places = {results.cases[number].label: number for number in chosen}
    together: dict[tuple[str, str], list[Crossover]] = {}
    for each in crossovers(scores_of(results, results.cases[chosen[0]].section)):
        inside = container_of(each.winner) == container_of(each.loser) == container
        if inside and each.factor >= LEAST:
            together.setdefault((each.winner, each.column), []).append(each)
    last = results.cases[chosen[-1]].shape[0]
    found = []
    for (winner, column), passed in together.items():
        x, y = _place(view, chosen, passed[0], places[column])
        losers = " and ".join(kind_of(each.loser) for each in passed)
        factors = " and ".join(figures.ratio(each.factor) for each in passed)
        start = results.cases[places[column]].shape[0]
        since = f"from {start:,} rows on, {factors} at {last:,}"
        if start == last:
            since = f"at {last:,} rows, {factors}"
        text = f"{kind_of(winner)} is ahead of {losers} {since}"
        found.append(Crossing(x, y, text))
    return _apart(found[:MOST])


def _place(
    view: View, chosen: Sequence[int], crossing: Crossover, number: int
) -> tuple[float, float]:
    """Return where two lines meet: between two payloads, if the order changed there."""

    def point(case: int) -> tuple[float, float, float] | None:
        first, second = (view.seconds(case, way) for way in (crossing.winner, crossing.loser))
        return (view.results.cases[case].shape[0], first, second) if first and second else None

    after = point(number)
    place = chosen.index(number)
    before = point(chosen[place - 1]) if place else None
    if after is None:  # a crossover is made of measured times
        return 1.0, 1.0
    if before is None or before[1] <= before[2] or after[1] >= after[2]:
        return after[0], after[1]
    ahead, behind = log(before[1] / before[2]), log(after[2] / after[1])
    share = ahead / (ahead + behind)

    def between(low: float, high: float) -> float:
        return exp(log(low) + share * log(high / low))

    return between(before[0], after[0]), between(before[1], after[1])


def _apart(found: list[Crossing]) -> list[Crossing]:
    """Move a place that would cover another a little to the right."""
    placed: list[Crossing] = []
    for each in found:
        moved = each
        while any(
            abs(log(moved.x / other.x)) < 0.5 and abs(log(moved.y / other.y)) < 0.5
            for other in placed
        ):
            moved = replace(moved, x=moved.x * 1.7)
        placed.append(moved)
    return placed
