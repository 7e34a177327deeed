"""The advice in words: first what to choose, then why, in a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.codecs import sentences_carries, sentences_matters
from bench.codecs.places import at, at_end, span
from bench.implementations.implementation import kind_of
from bench import figures

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.advice.advice import Advice
    from bench.codecs.choices import Choice

NAMED = 2
"""Codecs that the first sentence compares with: what a reader has in mind, and no list."""
WORTH = 1.1
"""A factor below this is no reason."""


def of(advice: Advice, *, general: bool = True) -> list[str]:
    """Say all of it; one line each, without an end of line.

    Parameters
    ----------
    general
        Also what is true whatever the payload.
    """
    if not advice.best:
        return [_nothing(advice), *sentences_carries.refused(advice)]
    lines = [_best(advice, choice) for choice in advice.best]
    lines += [*_raw(advice), *_first_use(advice), *sentences_matters.of(advice)]
    if advice.series:
        lines += [*_containers(advice), _bytes(advice)]
        lines.append(sentences_matters.wire(advice))
    if general:
        lines += sentences_matters.plain(advice)
    lines += sentences_carries.of(advice)
    return lines + sentences_carries.hard(advice) * general


def _nothing(advice: Advice) -> str:
    able = [name for name in advice.carries if kind_of(name) != "raw"]
    if advice.carries and not able:
        return "No advice: raw carries neither shape nor dtype, and nothing else was asked for."
    if able and set(able) <= {each.codec for each in advice.refused}:
        return "No advice: none of these codecs carries it."
    return "No advice: too little was measured here."


def _best(advice: Advice, choice: Choice) -> str:
    """Say what to take of all."""
    where = span(advice, choice.columns)
    if advice.series:
        text = f"Choose {choice.codec}{' ' + where if where else ''}: {_figures(advice, choice)}"
    else:
        text = f"{choice.at}: {choice.codec}, {_figures(advice, choice)}"
    shown = choice.others[:NAMED] or [each for each in [choice.next] if each]
    reasons = [f"{figures.ratio(each.time)} as fast as {each.codec}" for each in shown]
    if len(advice.containers) == 1:
        reasons += _objects(choice)
    text = f"{', '.join([text, *reasons])}."
    if choice.level_with:
        text += f" As good: {', '.join(choice.level_with)}."
    return text


def _objects(choice: Choice) -> list[str]:
    if not choice.objects or choice.objects <= WORTH:
        return []
    return [f"{figures.ratio(choice.objects)} as fast as Python objects"]


def _figures(advice: Advice, choice: Choice) -> str:
    what = "" if len(advice.operations) > 1 else f" to {advice.operations[0]}"
    where = at_end(advice, choice.at, choice.columns)
    return f"{figures.duration(choice.seconds)}{what} and {figures.size(choice.bytes)}{where}"


def _containers(advice: Advice) -> Iterator[str]:
    """Say what to take in each container, unless the first lines have said it."""
    for container, choices in advice.containers.items():
        parts = [_part(advice, choice) for choice in choices]
        if len(advice.containers) > 1 and any(", " in part for part in parts):
            yield f"{container}: {'; '.join(parts)}."


def _part(advice: Advice, choice: Choice) -> str:
    where = span(advice, choice.columns)
    text = f"{where + ' ' if where else ''}{kind_of(choice.codec)}"
    if choice.level_with:
        text += f" or {', '.join(kind_of(name) for name in choice.level_with)}"
    reasons = []
    if choice.next:
        reason = f"{figures.ratio(choice.next.time)} as fast as {kind_of(choice.next.codec)}"
        if choice.next.bytes > WORTH:
            reason += f" in {figures.percent(1 / choice.next.bytes)} of the bytes"
        reasons.append(reason)
    reasons += _objects(choice)
    end = at_end(advice, choice.at, choice.columns) if reasons else ""
    return ", ".join([text, *reasons]) + end


def _raw(advice: Advice) -> list[str]:
    found = [choice for choice in advice.best if choice.raw]
    if found and not advice.series:
        parts = [
            f"{choice.raw.codec} {figures.percent(choice.raw.time)} of the time for {choice.at}"
            for choice in found
            if choice.raw
        ]
        return [f"Quicker, but both sides must know shape and dtype: {', '.join(parts)}."]
    return [
        f"  {choice.raw.codec} takes {figures.percent(choice.raw.time)} of that time"
        f"{at_end(advice, choice.at, choice.columns)}, but both sides must know shape and dtype."
        for choice in found[-1:]
        if choice.raw
    ]


def _first_use(advice: Advice) -> list[str]:
    """Say what the array that is chosen takes to be made, and to be read for the first time."""
    parts = [
        f"{each.codec} is decoded in {figures.duration(each.decode)}, decoded and read once in"
        f" {figures.duration(each.decode_and_use)}"
        + (f" at {at(advice, each.column)}" if advice.series else f" for {each.column}")
        for each in advice.first_use
    ]
    return [f"First use: {'; '.join(parts)}."] if parts else []


def _bytes(advice: Advice) -> str:
    """Say what each container's choice costs in bytes, on the largest payload."""
    last = [choices[-1] for choices in advice.containers.values()]
    column = max((each.at for each in last), key=advice.columns.index)
    shown = sorted((each for each in last if each.at == column), key=lambda each: each.bytes)
    parts = [
        f"{each.codec} {figures.three_digits(each.bytes_per_value)}"
        + (f" ({figures.ratio(each.times_smallest)})" if each.times_smallest > 1.01 else "")
        for each in shown
    ]
    first = shown[0]
    if first.times_smallest > 1.01:  # the smallest of all is none of these
        least = figures.three_digits(first.bytes_per_value / first.times_smallest)
        parts.insert(0, f"{first.smallest} {least}")
    return f"Bytes a value{at_end(advice, column, advice.columns)}: {', '.join(parts)}."
