"""How sure a ratio of two medians is, where each file has some processes.

Samples of one process resemble each other more than those of another (memory layout, hash seed), so
that a process counts as one observation: the median of its samples. Welch's t interval of their
logarithms holds for few processes, and for files with different numbers of them.
"""

from __future__ import annotations

from math import exp, inf, log, sqrt
from statistics import median, variance
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

# Student's t, 97.5 %: the degrees of freedom, and the percentile, which is smooth in 1 / freedom.
FREEDOM = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 30.0, 120.0, inf)
PERCENTILE = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.306, 2.228, 2.131, 2.042, 1.980, 1.960)
MOST = 1000
"""Processes beyond which nobody goes."""


def student(freedom: float) -> float:
    """Return the 97.5th percentile of Student's t."""
    return float(np.interp(-1 / freedom, [-1 / each for each in FREEDOM], PERCENTILE))


def spread(workers: Sequence[Sequence[float]]) -> tuple[float, int]:
    """Return the variance of the logarithms of the processes' medians, and their number.

    The variance is infinite where there is only one: how far processes differ is then unknown.
    """
    logs = [log(median(each)) for each in workers if each]
    return (variance(logs) if len(logs) > 1 else inf), len(logs)


def interval(old: Sequence[Sequence[float]], new: Sequence[Sequence[float]]) -> tuple[float, float]:
    """Return the 95 % confidence interval of new / old, of the medians of all samples.

    ``(0, inf)`` where a file has a single process.
    """
    spreads = spread(old), spread(new)
    errors = [each / count for each, count in spreads]
    error = sum(errors)
    if error == inf:
        return 0.0, inf
    middle = log(pooled(new) / pooled(old))
    # Welch and Satterthwaite: the freedom of a sum of two variances.
    parts = sum(e**2 / (count - 1) for e, (_, count) in zip(errors, spreads, strict=True))
    half = student(error**2 / parts if parts else inf) * sqrt(error)
    return exp(middle - half), exp(middle + half)


def processes(
    old: Sequence[Sequence[float]], new: Sequence[Sequence[float]], distance: float
) -> int | None:
    """Return with how many processes each the interval would reach no farther than a distance.

    None: not with any number that somebody would wait for.
    """
    found = spread(old)[0] + spread(new)[0]
    if found == inf or distance <= 0:
        return None
    return next(
        (n for n in range(2, MOST) if student(2 * n - 2) * sqrt(found / n) <= distance), None
    )


def pooled(workers: Sequence[Sequence[float]]) -> float:
    """Return the median of all processes' samples."""
    return median([seconds for each in workers for seconds in each])
