"""Whether the choice matters at all, beside a request with nothing in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.advice.scores import NEAR, describing
from bench.measure.transport import seconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.codecs.choices import Choice
    from bench.advice.scores import Scores

FEW = 2
"""So many slow codecs are exceptions, if more than so many will do."""
GIGABIT = 1e9 / 8
"""Bytes a second."""


@dataclass(frozen=True)
class Matter:
    """The best codec of one payload beside a plain request, and the worst beside the best."""

    column: str
    codec: str
    seconds: float
    bytes: int
    request: float | None
    """Seconds of a plain HTTP request with this body: measured in this run (`transport`)."""
    share: float | None
    """The codec's seconds, as a share of that."""
    wire_1_gbit: float
    """Seconds of the body's bits alone: arithmetic, not measured."""
    wire_10_gbit: float
    worst: str
    """The codec that makes a request longest, its bytes included,"""
    worst_adds: float | None
    """and by how many seconds longer than the best does."""
    will_do: tuple[str, ...]
    """All that make it longer by no more than 10 %."""
    slow: tuple[str, ...]
    """All others; both are empty where no request was measured."""


def matters_of(
    scores: Scores, choices: Sequence[Choice], trips: Mapping[int, float]
) -> list[Matter]:
    """Say for each payload what its codecs cost beside its way."""
    chosen = {column: choice.codec for choice in choices for column in choice.columns}
    return [_matter(scores, column, name, trips) for column, name in chosen.items()]


def _matter(scores: Scores, column: str, name: str, trips: Mapping[int, float]) -> Matter:
    seconds, size = scores.seconds[column, name], scores.sizes[column, name]
    request = seconds_of(trips, size)
    known = [each for each in describing(scores.codecs) if (column, each) in scores.seconds]
    # Without a request the codecs are all there is to add up.
    totals = {
        each: scores.seconds[column, each] + (seconds_of(trips, scores.sizes[column, each]) or 0.0)
        for each in known
    }
    least = totals[name]
    worst = max(known, key=lambda each: totals[each])
    will_do = [each for each in known if totals[each] <= (1 + NEAR) * least]
    return Matter(
        column=column,
        codec=name,
        seconds=seconds,
        bytes=size,
        request=request,
        share=seconds / request if request else None,
        wire_1_gbit=size / GIGABIT,
        wire_10_gbit=size / (10 * GIGABIT),
        worst=worst,
        worst_adds=totals[worst] - least if request else None,
        will_do=tuple(will_do) if request else (),
        slow=tuple(each for each in known if each not in will_do) if request else (),
    )


def verdict(matter: Matter) -> str:
    """Return ``any`` codec will do, any ``but`` one or two, or it ``matters``."""
    if not matter.slow:
        return "any"
    return "but" if len(matter.slow) <= FEW < len(matter.will_do) else "matters"
