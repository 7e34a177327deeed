"""How often each cell is timed, and in which order: in turn, so that drift hits all alike."""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

SAMPLE = 200e-6
"""Seconds that one sample of a quick call should last, so that the clock's own cost is lost."""
SLOW = 5e-3
"""Calls below this depend on what the caches hold: they are warmed up before the clock starts."""
LEAST = 3
"""Samples per process, if the budget allows; one if it does not, and for slower calls."""
MOST = 60


def loops_for(seconds: float) -> int:
    """How many calls make up one sample."""
    return min(100_000, max(1, ceil(SAMPLE / max(seconds, 1e-9))))


def warm_ups_for(seconds: float) -> int:
    """How many untimed calls come before a sample, so that the caches are as a busy server's."""
    return 2 if seconds < SAMPLE else 1 if seconds < SLOW else 0


def cost_of(seconds: float) -> float:
    """Seconds of one sample, its warm-up included."""
    return (loops_for(seconds) + warm_ups_for(seconds)) * seconds


def visits(seconds: Sequence[float], budget: float) -> list[int]:
    """How many samples each cell gets: the same share of the budget, within bounds.

    Parameters
    ----------
    seconds
        The duration of one call of each cell.
    budget
        Seconds for all of them. Every cell gets one sample even beyond it.
    """
    costs = [cost_of(each) for each in seconds]
    least = [1 if each > SLOW else LEAST for each in seconds]
    if sum(n * cost for n, cost in zip(least, costs, strict=True)) > budget:
        least = [1] * len(costs)

    def counts(share: float) -> list[int]:
        return [
            min(MOST, max(fewest, floor(share / cost)))
            for fewest, cost in zip(least, costs, strict=True)
        ]

    low, high = 0.0, max(budget, 0.0)
    for _ in range(40):
        share = (low + high) / 2
        spent = sum(n * cost for n, cost in zip(counts(share), costs, strict=True))
        low, high = (share, high) if spent <= budget else (low, share)
    return counts(low)


def rounds(counts: Sequence[int], random: Random) -> Iterator[list[int]]:
    """Spread every cell's samples evenly over the run, in a new order each round."""
    total = max(counts, default=0)
    phases = [random.random() for _ in counts]
    for turn in range(total):
        due = [
            cell
            for cell, (count, phase) in enumerate(zip(counts, phases, strict=True))
            if floor((turn + 1) * count / total + phase) > floor(turn * count / total + phase)
        ]
        random.shuffle(due)
        yield due
