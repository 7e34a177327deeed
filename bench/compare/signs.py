"""Which cells are slower, from pairs of processes: a sequential sign test.

A pair is a process of the old code and one of the new; it gives one ratio of a cell. Whether most
ratios lie above a bound, or below it, is what Wald's sequential probability ratio test of their
signs tells: at even chances against 19 to 1. It asks nothing of the distribution of noise, one
pair that was disturbed does not count more than any other, and its errors hold although one looks
after each pair (A. Wald, Sequential Tests of Statistical Hypotheses, 1945).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import ceil, inf, log
from statistics import median
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

T = TypeVar("T")

FALSE_ALARMS = 0.01
"""Runs in which any cell at the bound, or below it, is called slower: all cells together."""
MISSES = 0.05
"""Runs in which a cell above the bound is called fine."""
MOST = 40
"""Pairs after which a cell that is near the bound cannot be told."""
AGREED = 0.95
"""The share of pairs that agree where there is something to tell."""
FOR, AGAINST = log(2 * AGREED), log(2 * (1 - AGREED))
SLOWER, FINE, CANNOT_TELL = "slower", "fine", "cannot tell"


@cache
def needed(pairs: int, error: float) -> int:
    """Return how many of so many pairs must agree; more than there are: none can tell."""
    return ceil((-log(error) - pairs * AGAINST) / (FOR - AGAINST) - 1e-9)


def limits(values: Sequence[float], error: float) -> tuple[float, float]:
    """Return the lower and the upper confidence limit of the median ratio, each with this error."""
    rank, ordered = needed(len(values), error), sorted(values)
    if rank > len(ordered):
        return 0.0, inf
    return ordered[len(ordered) - rank], ordered[rank - 1]


def more_pairs(values: Sequence[float], bound: float, error: float) -> int | None:
    """Return how many more pairs would tell, if they agree as these do; None: no number would."""
    above = sum(value > bound for value in values)
    share = max(above, len(values) - above) / len(values)
    gain = share * FOR + (1 - share) * AGAINST
    return max(1, ceil(-log(error) / gain) - len(values)) if gain > 0 else None


@dataclass
class Judge:
    """What is slower by more than a bound, of so many cells."""

    bound: float
    """0.12 is 12 %."""
    cells: int

    def verdict(self, ratios: Sequence[float]) -> str:
        """Return what the ratios of one cell tell: slower, fine, or that they cannot tell."""
        if limits(ratios, FALSE_ALARMS / self.cells)[0] > 1 + self.bound:
            return SLOWER
        return FINE if limits(ratios, MISSES)[1] <= 1 + self.bound else CANNOT_TELL

    def more(self, ratios: Sequence[float]) -> int | None:
        """Return how many more pairs a cell takes that cannot be told."""
        slower = median(ratios) > 1 + self.bound
        error = FALSE_ALARMS / self.cells if slower else MISSES
        return more_pairs(ratios, 1 + self.bound, error)


def decide(
    cells: Sequence[T],
    bound: float,
    measure: Callable[[Sequence[T]], Iterable[tuple[T, float]]],
    most: int = MOST,
) -> dict[T, list[float]]:
    """Measure pair by pair, each time the cells that cannot be told yet; return their ratios.

    Parameters
    ----------
    measure
        Yields the ratio of each of some cells, new by old, from one pair of processes.
    """
    judge = Judge(bound, len(cells))
    found: dict[T, list[float]] = {cell: [] for cell in cells}
    for _ in range(most):
        left = [cell for cell in cells if judge.verdict(found[cell]) == CANNOT_TELL]
        if not left:
            break
        for cell, ratio in measure(left):
            found[cell].append(ratio)
    return found
