"""Which format, and why: answers from the numbers of this run, never from memory.

`advise` gives all of it as plain data; the text (`answer`) and the JSON (`json_out`) only say it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.codecs.avoid import Avoid, avoidable
from bench.advice.capabilities import Carries, carried_by, comes_back_as, name_of
from bench.codecs.choices import Against, Choice, against, choose
from bench.codecs.crossovers import Crossover, crossovers
from bench.codecs.matters import Matter, matters_of
from bench.advice.scores import by_container, describing, scores_of
from bench.implementations.implementation import FIRST_USE, is_codec, kind_of
from bench.payloads.case import dtype_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bench.advice.scores import Scores
    from bench.measure.results import Results


@dataclass(frozen=True)
class Refusal:
    """A codec that cannot carry some of these very payloads."""

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
    """What a choice takes until its values have been read once, beside its decode alone."""

    codec: str
    column: str
    decode: float
    """Seconds until there is an array."""
    decode_and_use: float
    """Seconds until all its values were added up, too."""


@dataclass(frozen=True)
class Advice:
    """The advice on one section of a run."""

    section: str
    operations: tuple[str, ...]
    columns: tuple[str, ...]
    series: bool
    """The columns are one payload in growing batches."""
    noise: Mapping[str, float]
    best: tuple[Choice, ...]
    """Of all containers."""
    containers: Mapping[str, tuple[Choice, ...]]
    """Of each container, by its name."""
    first_use: tuple[FirstUse, ...]
    """Of each choice of `best`; none where it was not measured."""
    matters: tuple[Matter, ...]
    refused: tuple[Refusal, ...]
    casts: tuple[Cast, ...]
    carries: Mapping[str, Carries]
    crossovers: tuple[Crossover, ...]
    avoid: tuple[Avoid, ...]


def advise(results: Results, section: str) -> Advice:
    """Make the advice on one section of a run, or of a file that holds one."""
    casts, scores = _casts(results, section), scored(results, section)
    groups = by_container(describing(scores.codecs))
    containers = {name: tuple(choose(scores, codecs)) for name, codecs in groups.items()}
    best = [
        replace(choice, others=_others(scores, choice, containers.values()))
        for choice in choose(scores, describing(scores.codecs))
    ]
    cases = [n for n, case in enumerate(results.cases) if case.section == section]
    judged = cases[-1:] if scores.series else cases  # of a growing payload, the largest
    asked = {name: carried_by(name) for name in scores.codecs}
    return Advice(
        section=section,
        operations=results.summed,
        columns=scores.columns,
        series=scores.series,
        noise=scores.noise,
        best=tuple(best),
        containers={name: found for name, found in containers.items() if found},
        first_use=tuple(_first_uses(results, section, best)),
        matters=tuple(matters_of(scores, best, results.trips)),
        refused=tuple(_refused(results, section)),
        casts=tuple(casts),
        carries={name: found for name, found in asked.items() if found},
        crossovers=tuple(crossovers(scores)),
        avoid=tuple(each for n in judged for each in avoidable(results, n, scores)),
    )


def scored(results: Results, section: str) -> Scores:
    """Gather one section of a run, with what the library says of its dtypes."""
    changed = [(column, each.codec) for each in _casts(results, section) for column in each.columns]
    return scores_of(results, section, changed)


def _first_uses(results: Results, section: str, choices: Iterable[Choice]) -> Iterator[FirstUse]:
    cases = {case.label: n for n, case in enumerate(results.cases) if case.section == section}
    for choice in choices:
        decode, both = (
            results.seconds(cases[choice.at], choice.codec, operation)
            for operation in ("decode", FIRST_USE)
        )
        if decode is not None and both is not None:
            yield FirstUse(choice.codec, choice.at, decode, both)


def _others(
    scores: Scores, best: Choice, containers: Iterable[Sequence[Choice]]
) -> tuple[Against, ...]:
    found = [
        against(scores, best.at, best.codec, choice.codec)
        for choices in containers
        for choice in choices
        if best.at in choice.columns and choice.codec != best.codec
    ]
    slower = [
        each
        for each in found
        if not scores.about(best.at, each.codec, best.codec) and each.codec not in best.level_with
    ]
    return tuple(sorted(slower, key=lambda each: each.time))


def _casts(results: Results, section: str) -> list[Cast]:
    columns: dict[tuple[str, str, str], list[str]] = {}
    codecs = [name for name in results.ways if is_codec(name)]
    for number, case in enumerate(results.cases):
        for name in codecs if case.section == section else ():
            facts = results.facts.get((number, name))
            if facts is None or facts.cannot is not None or kind_of(name) == "raw":
                continue
            back = comes_back_as(name, case.dtype)
            if back is not None:
                was = name_of(dtype_of(case.dtype))
                columns.setdefault((name, was, back), []).append(case.label)
    return [Cast(name, tuple(found), was, now) for (name, was, now), found in columns.items()]


def _refused(results: Results, section: str) -> list[Refusal]:
    found = []
    for (name, reason), numbers in results.refusals().items():
        cases = [results.cases[number] for number in numbers]
        columns = tuple(case.label for case in cases if case.section == section)
        if columns and is_codec(name):
            found.append(Refusal(name, columns, reason))
    return found
