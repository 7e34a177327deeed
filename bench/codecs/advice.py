"""Which format? Answers from the numbers of this run, never from memory."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

from bench.measuring.results import level
from bench.measuring.ways import container_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.measuring.results import Results


@dataclass(frozen=True)
class Scores:
    """The codecs on one section's payloads: all that advice is made from."""

    columns: tuple[str, ...]
    codecs: tuple[str, ...]
    seconds: Mapping[tuple[str, str], float]
    """By column and codec: encode plus decode."""
    noise: Mapping[str, float]
    sizes: Mapping[tuple[str, str], int]
    series: bool = True
    """The columns grow, so crossovers have a meaning."""


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


def scores_of(results: Results, section: str) -> Scores:
    """Gather one section of a run."""
    chosen = [n for n, case in enumerate(results.cases) if case.section == section]
    codecs = tuple(name for name in results.ways if "/" in name and ":" not in name)
    labels = {n: results.cases[n].label for n in chosen}
    seconds, sizes = {}, {}
    for n in chosen:
        for name in codecs:
            taken = results.there_and_back(n, name)
            if taken is not None:
                seconds[labels[n], name] = taken
                sizes[labels[n], name] = results.facts[n, name].size
    return Scores(
        tuple(labels.values()),
        codecs,
        seconds,
        {labels[n]: results.noise(n) for n in chosen},
        sizes,
        series=results.cases[chosen[0]].series,
    )


def best(scores: Scores, column: str, names: Sequence[str]) -> list[str]:
    """Return the quickest of these codecs, then those level with it; smallest body first."""
    known = {n: scores.seconds[column, n] for n in names if (column, n) in scores.seconds}
    if not known:
        return []
    least = min(known.values())
    tied = [n for n, taken in known.items() if level(taken, least, scores.noise[column])]
    return sorted(tied, key=lambda n: (scores.sizes.get((column, n), 0), known[n]))


def describing(codecs: Sequence[str]) -> list[str]:
    """Return the codecs whose payload tells its own shape: all but ``raw``."""
    return [name for name in codecs if kind_of(name) != "raw"]


def by_container(codecs: Sequence[str]) -> dict[str, list[str]]:
    """Group codecs."""
    groups: dict[str, list[str]] = {}
    for name in codecs:
        groups.setdefault(container_of(name), []).append(name)
    return groups


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
            tie = level(fast, slow, scores.noise[column])
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
