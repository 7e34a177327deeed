"""Which format, and why: answers from the numbers of this run, never from memory.

`advise` returns all of it as plain data; the text (`wording`) and the JSON (`bench.export`) only
present it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING

from ..implementations.implementation import (
    FIRST_USE,
    OBJECTS,
    container_of,
    is_codec,
    kind_of,
    style_of,
)
from ..measure.transport import seconds_of
from ..payloads.case import dtype_of
from .capabilities import Capabilities, capabilities_of, comes_back_as, name_of
from .scores import NEAR, by_container, describing, scores_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..measure.results import Results
    from .scores import Scores

FEW = 2
"""So many slow codecs are exceptions, if more than so many will do."""
GIGABIT = 1e9 / 8
"""Bytes a second."""
TERRIBLE = 10
"""Times slower than the same job done well: worth a warning,"""
NOTICED = 1e-3
"""if it costs at least so many seconds more."""
WASTEFUL = 3
"""Times the bytes of the smallest body: worth a warning."""


@dataclass(frozen=True)
class Alternative:
    """A codec beside the recommended one."""

    codec: str
    time: float
    """Its seconds, divided by those of the recommendation."""
    bytes: float
    """Its body, divided by that of the recommendation."""


@dataclass(frozen=True)
class Recommendation:
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
    """and how many times its bytes this one has."""
    next: Alternative | None
    """The quickest of the others that are slower; None: there is none."""
    raw: Alternative | None
    """One that is quicker, but has neither shape nor dtype."""
    objects: float | None
    """The seconds of the usual way through Python objects, divided by those of this one."""
    others: tuple[Alternative, ...] = ()
    """Of the best of all: what is best in the containers that are slower, quickest first."""


@dataclass(frozen=True)
class Refusal:
    """A codec that cannot represent some of these very payloads."""

    codec: str
    columns: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Cast:
    """A codec from which these very payloads come back in another dtype."""

    codec: str
    columns: tuple[str, ...]
    dtype: str
    comes_back_as: str


@dataclass(frozen=True)
class FirstUse:
    """What a recommendation takes until its values were read once, beside its decode alone."""

    codec: str
    column: str
    decode: float
    """Seconds until there is an array."""
    decode_and_use: float
    """Seconds until all its values were added up, too."""


@dataclass(frozen=True)
class TransportShare:
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

    @property
    def verdict(self) -> str:
        """``any`` codec will do, any ``but`` one or two, or the choice ``matters``."""
        if not self.slow:
            return "any"
        return "but" if len(self.slow) <= FEW < len(self.will_do) else "matters"


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


@dataclass(frozen=True)
class Avoid:
    """An implementation that is far worse than another on one payload."""

    implementation: str
    column: str
    what: str
    """``encode`` or ``decode`` (through Python objects), ``time``, ``bytes``."""
    factor: float
    """How many times as much it takes."""
    against: str


@dataclass(frozen=True)
class Advice:
    """The advice on one section of a run."""

    section: str
    operations: tuple[str, ...]
    columns: tuple[str, ...]
    series: bool
    """The columns are one payload in growing batches."""
    noise: Mapping[str, float]
    best: tuple[Recommendation, ...]
    """Of all containers."""
    containers: Mapping[str, tuple[Recommendation, ...]]
    """Of each container, by its name."""
    first_use: tuple[FirstUse, ...]
    """Of each recommendation of `best`; none where it was not measured."""
    transport: tuple[TransportShare, ...]
    refused: tuple[Refusal, ...]
    casts: tuple[Cast, ...]
    capabilities: Mapping[str, Capabilities]
    crossovers: tuple[Crossover, ...]
    avoid: tuple[Avoid, ...]


def advise(results: Results, section: str) -> Advice:
    """Make the advice on one section of a run, or of a file that holds one."""
    casts, scores = _casts(results, section), scored(results, section)
    groups = by_container(scores.describing)
    containers = {name: tuple(recommend(scores, codecs)) for name, codecs in groups.items()}
    best = [
        replace(each, others=_others(scores, each, containers.values()))
        for each in recommend(scores, scores.describing)
    ]
    cases = [n for n, case in enumerate(results.cases) if case.section == section]
    judged = cases[-1:] if scores.series else cases  # of a growing payload, the largest
    asked = {name: capabilities_of(name) for name in scores.codecs}
    return Advice(
        section=section,
        operations=results.summed,
        columns=scores.columns,
        series=scores.series,
        noise=scores.noise,
        best=tuple(best),
        containers={name: found for name, found in containers.items() if found},
        first_use=tuple(_first_uses(results, section, best)),
        transport=tuple(transport_shares(scores, best, results.http_round_trips)),
        refused=tuple(_refused(results, section)),
        casts=tuple(casts),
        capabilities={name: found for name, found in asked.items() if found},
        crossovers=tuple(crossovers(scores)),
        avoid=tuple(each for n in judged for each in avoidable(results, n, scores)),
    )


def scored(results: Results, section: str) -> Scores:
    """Gather one section of a run, with what the library makes of its dtypes."""
    changed = [(column, each.codec) for each in _casts(results, section) for column in each.columns]
    return scores_of(results, section, changed)


def _casts(results: Results, section: str) -> list[Cast]:
    columns: dict[tuple[str, str, str], list[str]] = {}
    codecs = describing([name for name in results.implementations if is_codec(name)])
    for number, case in enumerate(results.cases):
        for name in codecs if case.section == section else ():
            facts = results.facts.get((number, name))
            if facts is None or facts.cannot is not None:
                continue
            back = comes_back_as(name, case.dtype)
            if back is not None:
                was = name_of(dtype_of(case.dtype))
                columns.setdefault((name, was, back), []).append(case.label)
    return [Cast(name, tuple(found), was, now) for (name, was, now), found in columns.items()]


def _refused(results: Results, section: str) -> Iterator[Refusal]:
    for (name, reason), numbers in results.refusals().items():
        cases = [results.cases[number] for number in numbers]
        columns = tuple(case.label for case in cases if case.section == section)
        if columns and is_codec(name):
            yield Refusal(name, columns, reason)


def _first_uses(
    results: Results, section: str, recommended: Iterable[Recommendation]
) -> Iterator[FirstUse]:
    cases = {case.label: n for n, case in enumerate(results.cases) if case.section == section}
    for each in recommended:
        decode, both = (
            results.seconds(cases[each.at], each.codec, operation)
            for operation in ("decode", FIRST_USE)
        )
        if decode is not None and both is not None:
            yield FirstUse(each.codec, each.at, decode, both)


# What to choose.


def recommend(scores: Scores, names: Sequence[str]) -> list[Recommendation]:
    """Return what to choose of these codecs, for all columns that were measured.

    In a series the same choice is kept as long as nothing is quicker by more than the noise.
    """
    known = [column for column in scores.columns if scores.best(column, names)]
    found: list[Recommendation] = []
    start = 0
    while start < len(known):
        kept = scores.best(known[start], names)
        stop = start + 1
        while scores.series and stop < len(known):
            both = [name for name in scores.best(known[stop], names) if name in kept]
            if not both:
                break
            kept, stop = both, stop + 1
        first = start == 0 and stop < len(known)
        at = known[start] if first else known[stop - 1]
        ordered = [name for name in scores.best(at, names) if name in kept]
        found.append(_recommendation(scores, names, ordered, tuple(known[start:stop]), at))
        start = stop
    return found


def _recommendation(
    scores: Scores, names: Sequence[str], kept: Sequence[str], columns: tuple[str, ...], at: str
) -> Recommendation:
    name, *level = kept
    seconds, size = scores.seconds[at, name], scores.sizes[at, name]
    smallest = min(
        (each for each in scores.describing if (at, each) in scores.sizes),
        key=lambda each: scores.sizes[at, each],
    )
    containers = by_container(names)
    raw = [each for each in scores.codecs if kind_of(each) == "raw"]
    unlike = {
        each: scores.seconds[at, each]
        for each in (*names, *(each for each in raw if container_of(each) in containers))
        if (at, each) in scores.seconds and not scores.is_tie(at, each, name)
    }
    slower = [each for each in names if unlike.get(each, 0) > seconds and each not in level]
    quicker = [each for each in raw if unlike.get(each, seconds) < seconds]
    usual = scores.objects.get((at, name))

    def quickest(codecs: Sequence[str]) -> Alternative | None:
        found = min(codecs, key=lambda each: unlike[each], default=None)
        return None if found is None else alternative(scores, at, name, found)

    return Recommendation(
        codec=name,
        level_with=tuple(level),
        columns=columns,
        at=at,
        seconds=seconds,
        bytes=size,
        bytes_per_value=size / max(1, scores.elements.get(at, 1)),
        smallest=smallest,
        times_smallest=size / max(1, scores.sizes[at, smallest]),
        next=quickest(slower),
        raw=quickest(quicker),
        objects=None if usual is None else usual / seconds,
    )


def alternative(scores: Scores, column: str, name: str, other: str) -> Alternative:
    """Compare a codec with the recommended one."""
    return Alternative(
        other,
        scores.seconds[column, other] / scores.seconds[column, name],
        scores.sizes[column, other] / max(1, scores.sizes[column, name]),
    )


def _others(
    scores: Scores, best: Recommendation, containers: Iterable[Sequence[Recommendation]]
) -> tuple[Alternative, ...]:
    found = [
        alternative(scores, best.at, best.codec, each.codec)
        for recommended in containers
        for each in recommended
        if best.at in each.columns
        and each.codec not in (best.codec, *best.level_with)
        and not scores.is_tie(best.at, each.codec, best.codec)
    ]
    return tuple(sorted(found, key=lambda each: each.time))


# Whether the choice matters at all, beside a request with nothing in it.


def transport_shares(
    scores: Scores, best: Sequence[Recommendation], http_round_trips: Mapping[int, float]
) -> Iterator[TransportShare]:
    """Yield, for each payload, what its best codec costs beside its transport."""
    chosen = {column: each.codec for each in best for column in each.columns}
    for column, name in chosen.items():
        size = scores.sizes[column, name]
        request = seconds_of(http_round_trips, size)
        known = [each for each in scores.describing if (column, each) in scores.seconds]
        # Without a request the codecs are all there is to add up.
        totals = {
            each: scores.seconds[column, each]
            + (seconds_of(http_round_trips, scores.sizes[column, each]) or 0.0)
            for each in known
        }
        least = totals[name]
        worst = max(known, key=lambda each: totals[each])
        will_do = tuple(each for each in known if totals[each] <= (1 + NEAR) * least)
        yield TransportShare(
            column=column,
            codec=name,
            seconds=scores.seconds[column, name],
            bytes=size,
            request=request,
            share=scores.seconds[column, name] / request if request else None,
            wire_1_gbit=size / GIGABIT,
            wire_10_gbit=size / (10 * GIGABIT),
            worst=worst,
            worst_adds=totals[worst] - least if request else None,
            will_do=will_do if request else (),
            slow=tuple(each for each in known if each not in will_do) if request else (),
        )


# From which payload on the order of two codecs changes.


def crossovers(scores: Scores) -> list[Crossover]:
    """Find where the order of two codecs changes: same container, or same kind."""
    if not scores.series:
        return []
    found = []
    for first, second in combinations(scores.describing, 2):
        if container_of(first) == container_of(second) or kind_of(first) == kind_of(second):
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
            tie = scores.is_tie(column, winner, loser)
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


# What cost far more in this run than it needed to.


def avoidable(results: Results, case: int, scores: Scores) -> list[Avoid]:
    """Name what to avoid for one payload, worst first within each sort."""
    label = results.cases[case].label
    sorts = (_objects(results, case), _slow(scores, label), _large(scores, label))
    return [each for found in sorts for each in sorted(found, key=lambda each: -each.factor)]


def _objects(results: Results, case: int) -> Iterator[Avoid]:
    for name in results.implementations:
        codec = name.removesuffix(OBJECTS)
        for operation in results.summed if style_of(name) == "objects" else ():
            slow = results.seconds(case, name, operation)
            fast = results.seconds(case, codec, operation)
            if slow and fast and slow / fast >= TERRIBLE and slow - fast > NOTICED:
                yield Avoid(name, results.cases[case].label, operation, slow / fast, codec)


def _slow(scores: Scores, label: str) -> Iterator[Avoid]:
    found = scores.best(label, scores.describing)
    for name in scores.describing if found else ():
        least = scores.seconds[label, found[0]]
        seconds = scores.seconds.get((label, name), least)
        if seconds / least >= TERRIBLE and seconds - least > NOTICED:
            yield Avoid(name, label, "time", seconds / least, found[0])


def _large(scores: Scores, label: str) -> Iterator[Avoid]:
    known = {
        name: max(1, scores.sizes[label, name])
        for name in scores.describing
        if (label, name) in scores.sizes
    }
    if known:
        small = min(known, key=lambda name: known[name])
        for name, size in known.items():
            if size >= WASTEFUL * known[small]:
                yield Avoid(name, label, "bytes", size / known[small], small)
