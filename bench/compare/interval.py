"""How sure a ratio of two medians is, from samples that come in groups: one group per process.

Samples of one process resemble each other more than those of another (memory layout, hash seed),
so whole processes are resampled, and samples within them: the median varies as the larger of the
two bootstraps says. With three processes a plain bootstrap interval is far too narrow, so that
the variance is corrected and a t interval made of it
(T. Hesterberg, What Teachers Should Know About the Bootstrap, 2015).
"""

from __future__ import annotations

from math import exp, inf, log, sqrt
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLICATES = 300
"""The width of an interval is then known to 4 %, and a cell takes a few milliseconds."""
# Student's t, 97.5 %: the degrees of freedom, and the percentile, which is smooth in 1 / freedom.
FREEDOM = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 15.0, 30.0, 120.0, inf)
PERCENTILE = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.306, 2.228, 2.131, 2.042, 1.980, 1.960)


class Spread(NamedTuple):
    """How far the logarithm of a median may be from the true one."""

    variance: float
    freedom: float
    """Degrees of freedom: groups less one."""


def student(freedom: float) -> float:
    """Return the 97.5th percentile of Student's t."""
    return float(np.interp(-1 / freedom, [-1 / each for each in FREEDOM], PERCENTILE))


def spread(workers: Sequence[Sequence[float]], seed: int) -> Spread:
    """Bootstrap the median of all samples.

    Parameters
    ----------
    workers
        Seconds, one sequence per process. Of a single process the samples themselves are the
        groups: how processes differ is then unknown.
    seed
        The same one gives the same result.
    """
    groups = [group for group in workers if group]
    if len(groups) == 1:
        groups = [[each] for each in groups[0]]
    count = len(groups)
    if count == 1:
        return Spread(inf, 1.0)
    lengths = np.array([len(group) for group in groups])
    starts = np.cumsum(lengths) - lengths
    values = np.log(np.concatenate([np.asarray(group, float) for group in groups]))
    width = max(1, round(len(values) / count))
    rng = np.random.default_rng(seed)

    def variance(chosen: Any, share: Any) -> float:
        """Of the median, if these groups are drawn, and of each the samples at these shares."""
        within = np.minimum((share * lengths[chosen]).astype(np.intp), lengths[chosen] - 1)
        drawn = values[starts[chosen] + within].reshape(REPLICATES, -1)
        return float(np.median(drawn, axis=1).var())

    some = rng.integers(count, size=(REPLICATES, count, 1))
    # Resampling n groups shows (n - 1) / n of the variance between them.
    between = variance(some, (np.arange(width) + 0.5) / width) * count / (count - 1)
    each = np.arange(count).reshape(1, count, 1)
    within = variance(each, rng.random((REPLICATES, count, width)))
    return Spread(max(between, within), count - 1.0)


def interval(
    old: Sequence[Sequence[float]], new: Sequence[Sequence[float]], seed: int
) -> tuple[float, float]:
    """Return the 95 % confidence interval of new / old, of the medians of all samples.

    ``(0, inf)`` where a file has a single sample.
    """
    spreads = spread(old, seed), spread(new, seed + 1)
    variance = sum(each.variance for each in spreads)
    if variance == inf:
        return 0.0, inf
    middle = log(pooled(new) / pooled(old))
    # Welch and Satterthwaite: the freedom of a sum of two variances.
    parts = sum(each.variance**2 / each.freedom for each in spreads)
    freedom = variance**2 / parts if parts else inf
    half = student(freedom) * sqrt(variance)
    return exp(middle - half), exp(middle + half)


def pooled(workers: Sequence[Sequence[float]]) -> float:
    """Return the median of all processes' samples."""
    return median([seconds for each in workers for seconds in each])
