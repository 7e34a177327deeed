"""Which format, and why: answers from the numbers of this run, never from memory.

For each payload the best codec is the quickest, with all that are not slower than it beyond the
noise (`Scores.is_slower`: by 10 % in three of four processes). Neighbouring payloads share a
choice as long as they have one of the best in common; where they no longer have, the order
crosses over. The same is done for each container alone.

`advise` returns all of it as plain data; the text (`wording`) and the JSON (`bench.export`) only
present it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING

from ..implementations.implementation import FIRST_USE, by_container, is_codec
from ..measure.results import DISAGREE, spread
from ..measure.transport import seconds_of
from ..payloads.case import dtype_of
from .capabilities import Capabilities, capabilities_of, comes_back_as, name_of
from .scores import NEAR, describing, divided, scores_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..measure.results import Results
    from .scores import Scores


ENOUGH = 3
"""Processes of which nobody can say that one of them was an accident are fewer."""


@dataclass(frozen=True)
class Alternative:
    """A codec beside the recommended one."""

    codec: str
    time: float | None
    """Its seconds, divided by those of the recommendation in the same process: the median.

    None where the medians of both say otherwise, or fewer than three processes say anything.
    """
    bytes: float
    """Its body, divided by that of the recommendation."""
    sure: bool
    """Whether the processes agree on the time."""


@dataclass(frozen=True)
class Recommendation:
    """One codec for some neighbouring payloads, and how it does on one of them."""

    codec: str
    level_with: tuple[str, ...]
    """As quick on all these payloads, within the noise."""
    columns: tuple[str, ...]
    """The payloads; of a series, without a gap."""
    at: str
    """The payload of the figures: the end that is further from where the choice changes."""
    seconds: float
    bytes: int
    bytes_per_value: float
    next: Alternative | None
    """The quickest of the others; None: there is none."""
    objects: float | None
    """The seconds of the usual way through Python objects, divided by those of this one.

    None where it was not measured, or the processes disagree.
    """
    others: tuple[Alternative, ...] = ()
    """Of the best of all: what is best in the containers that are slower, quickest first."""

    @property
    def codecs(self) -> tuple[str, ...]:
        """All that are as quick."""
        return (self.codec, *self.level_with)


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
    view: bool
    """Whether the array is the body's own memory, so that nothing was read before."""


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
    total: float | None
    """The request and the codec."""
    worst: str
    """The codec with which a request takes longest, its bytes included,"""
    worst_total: float | None
    """and the seconds of both."""
    will_do: tuple[str, ...]
    """All that make it longer by no more than 10 %."""
    slow: tuple[str, ...]
    """All others; both are empty where no request was measured."""


@dataclass(frozen=True)
class Advice:
    """The advice on one section of a run."""

    section: str
    operations: tuple[str, ...]
    columns: tuple[str, ...]
    series: bool
    """The columns are one payload in growing batches."""
    disputed: Mapping[str, tuple[str, ...]]
    """The codecs whose processes disagree on the time, by column."""
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


def advise(results: Results, section: str) -> Advice:
    """Make the advice on one section of a run, or of a file that holds one."""
    casts = _casts(results, section)
    changed = [(column, each.codec) for each in casts for column in each.columns]
    scores = scores_of(results, section, changed)
    groups = by_container(scores.describing)
    containers = {name: tuple(recommend(scores, codecs)) for name, codecs in groups.items()}
    best = [
        replace(each, others=_others(scores, each, containers.values()))
        for each in recommend(scores, scores.describing)
    ]
    asked = {name: capabilities_of(name) for name in scores.codecs}
    cases = {case.label: n for n, case in enumerate(results.cases) if case.section == section}
    disputed = {
        column: tuple(
            name for name in scores.codecs if results.disagrees(number, name, *results.summed)
        )
        for column, number in cases.items()
    }
    return Advice(
        section=section,
        operations=results.summed,
        columns=scores.columns,
        series=scores.series,
        disputed=disputed,
        best=tuple(best),
        containers={name: found for name, found in containers.items() if found},
        first_use=tuple(_first_uses(results, section, best)),
        transport=tuple(transport_shares(scores, best, results.http_round_trips)),
        refused=tuple(_refused(results, section)),
        casts=tuple(casts),
        capabilities={name: found for name, found in asked.items() if found},
    )


def _casts(results: Results, section: str) -> list[Cast]:
    columns: dict[tuple[str, str, str], list[str]] = {}
    codecs = describing([name for name in results.implementations if is_codec(name)])
    for number, case in enumerate(results.cases):
        for name in codecs if case.section == section else ():
            if not results.done(number, name):
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
            view = results.facts[cases[each.at], each.codec].view
            yield FirstUse(each.codec, each.at, decode, both, view)


# What to choose.


def recommend(scores: Scores, names: Sequence[str]) -> list[Recommendation]:
    """Return what to choose of these codecs, for all columns that were measured."""
    spans: list[tuple[list[str], list[str]]] = []  # columns, and what is best on all of them
    for column in scores.columns:
        best = scores.best(column, names)
        near = spans[-1:] if scores.series else [s for s in spans if set(s[1]) == set(best)]
        if near and (shared := [name for name in best if name in near[0][1]]):
            near[0][0].append(column)
            near[0][1][:] = shared
        elif best:
            spans.append(([column], best))
    last = len(spans) - 1
    return [
        _recommendation(scores, names, best, tuple(columns), columns[0 if n < last else -1])
        for n, (columns, best) in enumerate(spans)
    ]


def _recommendation(
    scores: Scores, names: Sequence[str], best: Sequence[str], columns: tuple[str, ...], at: str
) -> Recommendation:
    quick = scores.best(at, names)
    name, *level = (each for each in quick if each in best)
    others = [
        _alternative(scores, at, name, each)
        for each in names
        if (at, each) in scores.seconds and each not in quick
    ]
    size = scores.sizes[at, name]
    usual = divided(scores.objects.get((at, name), ()), scores.processes[at, name])
    return Recommendation(
        codec=name,
        level_with=tuple(level),
        columns=columns,
        at=at,
        seconds=scores.seconds[at, name],
        bytes=size,
        bytes_per_value=size / max(1, scores.elements.get(at, 1)),
        next=next(iter(_quickest_first(scores, at, others)), None),
        objects=median(usual) if len(usual) >= ENOUGH and spread(usual) <= DISAGREE**2 else None,
    )


def _alternative(scores: Scores, column: str, name: str, other: str) -> Alternative:
    ratios = scores.ratios(column, other, name)
    shown = scores.seconds[column, other] / scores.seconds[column, name]
    return Alternative(
        other,
        _agreed(ratios, shown),
        scores.sizes[column, other] / max(1, scores.sizes[column, name]),
        sure=spread(ratios) <= DISAGREE**2,
    )


def _agreed(ratios: Sequence[float], shown: float) -> float | None:
    """Return the median, unless the ratio of the figures that are shown is another."""
    if len(ratios) < ENOUGH or spread([median(ratios), shown]) > DISAGREE:
        return None
    return median(ratios)


def _others(
    scores: Scores, best: Recommendation, containers: Iterable[Sequence[Recommendation]]
) -> tuple[Alternative, ...]:
    quick = scores.best(best.at, scores.describing)
    found = [
        _alternative(scores, best.at, best.codec, each.codec)
        for recommended in containers
        for each in recommended
        if best.at in each.columns and each.codec not in quick
    ]
    return tuple(_quickest_first(scores, best.at, found))


def _quickest_first(scores: Scores, column: str, found: Iterable[Alternative]) -> list[Alternative]:
    return sorted(found, key=lambda each: scores.seconds[column, each.codec])


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
        worst = max(known, key=lambda each: totals[each])
        will_do = tuple(each for each in known if totals[each] <= (1 + NEAR) * totals[name])
        yield TransportShare(
            column=column,
            codec=name,
            seconds=scores.seconds[column, name],
            bytes=size,
            request=request,
            share=scores.seconds[column, name] / request if request else None,
            total=totals[name] if request else None,
            worst=worst,
            worst_total=totals[worst] if request else None,
            will_do=will_do if request else (),
            slow=tuple(each for each in known if each not in will_do) if request else (),
        )
