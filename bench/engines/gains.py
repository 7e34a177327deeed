"""How many times as fast an arm is as the engine as it is, and whether that is more than noise."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from .scenario import AS_IT_IS, BY_HAND, WITH_TENSORWIRE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .scenario import Cell, Metric

NEAR = 1.05
"""A ratio that nobody would notice, in either direction."""
DOUBTFUL = 1.25
"""A ratio that is no gain for certain, if the rounds do not agree on it."""
WIDE = 1.5
"""A ratio that a round may have, in either direction, where nothing is gained or lost."""
FAILED = 0.01
"""A share of failed requests beyond which nothing is gained by those that are answered sooner."""
FASTER, SLOWER, NOTHING, UNCLEAR = "faster", "slower", "no gain", "unclear"


class Ratio(NamedTuple):
    """How many times as fast: the median of the rounds, the least and the most of them."""

    middle: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """What it is worth: faster or slower only where all rounds say so."""
        if self.low > 1 and self.middle > NEAR:
            return FASTER
        if self.high < 1 and self.middle < 1 / NEAR:
            return SLOWER
        agree = self.low > 1 / WIDE and self.high < WIDE
        return NOTHING if agree and 1 / DOUBTFUL < self.middle < DOUBTFUL else UNCLEAR


class Line(NamedTuple):
    """The arms of one case by one metric: a row of the table."""

    engine: str
    case: str
    metric: Metric
    arms: Mapping[str, Cell]

    def ratio(self, arm: str, base: str = AS_IT_IS) -> Ratio | None:
        """Return how many times as fast one arm is as another, round by round."""
        one, other = self.arms.get(arm), self.arms.get(base)
        if one is None or other is None:
            return None
        pairs = list(zip(one.samples, other.samples, strict=False))
        if not pairs or not all(min(pair) > 0 for pair in pairs):
            return None
        more = self.metric.more_is_better
        found = [a / b if more else b / a for a, b in pairs]
        return Ratio(median(found), min(found), max(found))

    @property
    def gain(self) -> Ratio | None:
        """How many times as fast the engine is with tensorwire."""
        return self.ratio(WITH_TENSORWIRE)

    @property
    def verdict(self) -> str:
        """What that is worth: unclear where more requests fail for it; empty without a ratio."""
        if self.gain is None:
            return ""
        more = self.failed(WITH_TENSORWIRE) - self.failed(AS_IT_IS)
        return UNCLEAR if self.gain.verdict == FASTER and more > FAILED else self.gain.verdict

    def failed(self, arm: str) -> float:
        """Return the share of the requests of an arm that failed."""
        cell = self.arms.get(arm)
        return cell.failures / cell.requests if cell is not None and cell.requests else 0.0

    @property
    def by_hand(self) -> Ratio | None:
        """How many times as fast the route is that is written by hand."""
        return self.ratio(BY_HAND)


def lines(cells: Iterable[Cell]) -> list[Line]:
    """Return a line for each engine, case and metric, in the order of the cells."""
    found: dict[tuple[str, str, Metric], dict[str, Cell]] = {}
    for cell in cells:
        found.setdefault((cell.engine, cell.case, cell.metric), {})[cell.arm] = cell
    return [Line(*key, arms) for key, arms in found.items()]


def decisive(found: Iterable[Line]) -> list[Line]:
    """Return the first line of each case: the one on which the answer stands."""
    first: dict[tuple[str, str], Line] = {}
    for line in found:
        first.setdefault((line.engine, line.case), line)
    return list(first.values())
