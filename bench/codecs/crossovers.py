"""From which payload on the order of two codecs changes, from the numbers alone."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from bench.advice.scores import describing
from bench.implementations.implementation import container_of, kind_of

if TYPE_CHECKING:
    from bench.advice.scores import Scores


@dataclass(frozen=True)
class Crossover:
    """From a column on, one codec is quicker than another; before, it is not."""

    winner: str
    loser: str
    column: str
    factor: float
    """How many times quicker in the last column."""
    before: bool
    """Whether the other was quicker before, not only level."""


def crossovers(scores: Scores) -> list[Crossover]:
    """Find where the order of two codecs changes: same container, or same kind."""
    if not scores.series:
        return []
    found = []
    for first, second in combinations(describing(scores.codecs), 2):
        related = container_of(first) == container_of(second) or kind_of(first) == kind_of(second)
        if related:
            for winner, loser in ((first, second), (second, first)):
                crossing = _crossing(scores, winner, loser)
                if crossing:
                    found.append(crossing)
    return sorted(found, key=lambda each: -each.factor)


def _crossing(scores: Scores, winner: str, loser: str) -> Crossover | None:
    signs: list[tuple[str, int]] = []
    for column in scores.columns:
        fast = scores.seconds.get((column, winner))
        slow = scores.seconds.get((column, loser))
        if fast and slow:
            tie = scores.about(column, winner, loser)
            signs.append((column, 0 if tie else 1 if fast < slow else -1))
    start = len(signs)
    while start and signs[start - 1][1] == 1:
        start -= 1
    if start in {0, len(signs)}:
        return None
    last = signs[-1][0]
    factor = scores.seconds[last, loser] / scores.seconds[last, winner]
    before = any(sign == -1 for _, sign in signs[:start])
    return Crossover(winner, loser, signs[start][0], factor, before)
