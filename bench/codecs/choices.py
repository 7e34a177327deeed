"""Which codec to choose, for how long along the payloads, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.advice.scores import best, by_container, describing
from bench.implementations.implementation import container_of, kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.advice.scores import Scores


@dataclass(frozen=True)
class Against:
    """A codec beside the chosen one."""

    codec: str
    time: float
    """Its seconds, divided by those of the choice."""
    bytes: float
    """Its body, divided by that of the choice."""


@dataclass(frozen=True)
class Choice:
    """One codec for some neighbouring payloads, and how it does on one of them."""

    codec: str
    level_with: tuple[str, ...]
    """About as quick on all these payloads: by no more than the noise, or 10 %."""
    columns: tuple[str, ...]
    """The payloads; of a series, without a gap."""
    at: str
    """The payload of the figures: the end that is further from where the choice changes."""
    seconds: float
    bytes: int
    bytes_per_value: float
    smallest: str
    """The codec of the smallest body, of all containers,"""
    times_smallest: float
    """and how many times its bytes the choice has."""
    next: Against | None
    """The quickest of the others that are slower; None: there is none."""
    raw: Against | None
    """One that is quicker, but carries neither shape nor dtype."""
    objects: float | None
    """The seconds of the usual way through Python objects, divided by those of the choice."""
    others: tuple[Against, ...] = ()
    """Of the best of all: what is best in the containers that are slower, quickest first."""


def choose(scores: Scores, names: Sequence[str]) -> list[Choice]:
    """Return the choice among these codecs, for all columns that were measured.

    In a series the same choice is kept as long as nothing is quicker by more than the noise.
    """
    known = [column for column in scores.columns if best(scores, column, names)]
    found: list[Choice] = []
    start = 0
    while start < len(known):
        kept = best(scores, known[start], names)
        stop = start + 1
        while scores.series and stop < len(known):
            both = [name for name in best(scores, known[stop], names) if name in kept]
            if not both:
                break
            kept, stop = both, stop + 1
        first = start == 0 and stop < len(known)
        at = known[start] if first else known[stop - 1]
        ordered = [name for name in best(scores, at, names) if name in kept]
        found.append(_choice(scores, names, ordered, tuple(known[start:stop]), at))
        start = stop
    return found


def against(scores: Scores, column: str, name: str, other: str) -> Against:
    """Compare a codec with the chosen one."""
    return Against(
        other,
        scores.seconds[column, other] / scores.seconds[column, name],
        scores.sizes[column, other] / max(1, scores.sizes[column, name]),
    )


def _choice(
    scores: Scores, names: Sequence[str], kept: Sequence[str], columns: tuple[str, ...], at: str
) -> Choice:
    name, *others = kept
    seconds, size = scores.seconds[at, name], scores.sizes[at, name]
    smallest = min(
        (each for each in describing(scores.codecs) if (at, each) in scores.sizes),
        key=lambda each: scores.sizes[at, each],
    )
    usual = scores.objects.get((at, name))
    return Choice(
        codec=name,
        level_with=tuple(others),
        columns=columns,
        at=at,
        seconds=seconds,
        bytes=size,
        bytes_per_value=size / max(1, scores.elements.get(at, 1)),
        smallest=smallest,
        times_smallest=size / max(1, scores.sizes[at, smallest]),
        next=_next(scores, [each for each in names if each not in others], at, name),
        raw=_raw(scores, names, at, name),
        objects=None if usual is None else usual / seconds,
    )


def _next(scores: Scores, names: Sequence[str], at: str, chosen: str) -> Against | None:
    seconds = scores.seconds[at, chosen]
    slower = {
        name: taken
        for name in names
        if (taken := scores.seconds.get((at, name), 0.0)) > seconds
        and not scores.about(at, name, chosen)
    }
    return against(scores, at, chosen, min(slower, key=lambda n: slower[n])) if slower else None


def _raw(scores: Scores, names: Sequence[str], at: str, chosen: str) -> Against | None:
    seconds = scores.seconds[at, chosen]
    containers = by_container(names)
    quicker = {
        name: taken
        for name in scores.codecs
        if kind_of(name) == "raw"
        and container_of(name) in containers
        and (taken := scores.seconds.get((at, name), seconds)) < seconds
        and not scores.about(at, name, chosen)
    }
    return against(scores, at, chosen, min(quicker, key=lambda n: quicker[n])) if quicker else None
