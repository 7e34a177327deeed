"""In words: whether the choice of a codec matters beside the rest of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.codecs.matters import verdict
from bench.codecs.places import at_end, capital, listed, span
from bench import figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.advice.advice import Advice
    from bench.codecs.matters import Matter

READABLE = "json/ndarray"


def of(advice: Advice) -> list[str]:
    """Say where any codec will do, and where not."""
    known = [each for each in advice.matters if each.request is not None]
    if not advice.series:
        return list(_apart(known))
    return [_together(advice, run) for run in _runs(known)]


def wire(advice: Advice) -> str:
    """Say what a network adds."""
    last = advice.matters[-1]
    return (
        f"On a wire the {figures.size(last.bytes)} of {last.codec} take"
        f" {figures.duration(last.wire_1_gbit)} at 1 Gbit/s,"
        f" {figures.duration(last.wire_10_gbit)} at 10 Gbit/s (arithmetic)."
    )


def plain(advice: Advice) -> list[str]:
    """Say what a plain request is."""
    if all(each.request is None for each in advice.matters):
        return []
    text = (
        "A plain HTTP request is Python's own client and server over 127.0.0.1, in this run;"
        " python -m bench.serving measures real ones."
    )
    return [text]


def _runs(known: Sequence[Matter]) -> Iterator[list[Matter]]:
    """Yield neighbours of which the same is true."""
    run: list[Matter] = []
    for each in known:
        if run and verdict(each) != verdict(run[-1]):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _together(advice: Advice, run: Sequence[Matter]) -> str:
    shown, columns = run[-1], [each.column for each in run]
    said = "it matters: " if verdict(shown) == "matters" else "it hardly matters: "
    alone = len(shown.will_do) + len(shown.slow) == 1
    where = at_end(advice, shown.column, columns).lstrip()
    text = "" if alone else f"{span(advice, columns)} {said}".lstrip()
    text += f"{where}{', ' if where else ''}beside a plain HTTP request of"
    text += f" {figures.duration(shown.request)}, {shown.codec} takes"
    text += f" {figures.duration(shown.seconds)} ({figures.percent(shown.share or 0)})"
    if shown.worst != shown.codec:
        # The worst may have the larger body, which makes the request longer as well.
        text += f"; with {shown.worst} both take {figures.duration(shown.worst_adds)} more"
    if verdict(shown) != "matters" and len(shown.will_do) > 1:
        slow = dict.fromkeys(name for each in run for name in each.slow)
        text += f". Any{' but ' if slow else ''}{listed(list(slow))} will do"
        if READABLE in shown.will_do:
            text += f"; people can read {READABLE}"
    return capital(text) + "."


def _apart(known: Sequence[Matter]) -> Iterator[str]:
    """Say it of payloads that are no series, in a line for those where it does and does not."""
    little = [
        f"{each.column} (any{' but ' if each.slow else ''}{listed(each.slow)} will do)"
        for each in known
        if verdict(each) != "matters"
    ]
    much = [
        f"{each.column} ({each.worst} adds {figures.duration(each.worst_adds)} to"
        f" {figures.duration(each.request)})"
        for each in known
        if verdict(each) == "matters"
    ]
    if little:
        yield f"Beside a plain HTTP request it hardly matters for {listed(little)}."
    if much:
        yield f"Beside a plain HTTP request it matters for {listed(much)}."
