"""The advice in words: some lines with a label each, and the one sentence that counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from .. import figures
from ..implementations.implementation import kind_of
from .scores import NEAR, describing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .advice import Advice, Alternative, TransportShare

SHOWN = 3
"""Payloads that are no series and are named one by one."""


class Entry(NamedTuple):
    """A line of the answer: what it is about, and a sentence or two."""

    label: str
    text: str


@dataclass(frozen=True)
class Answer:
    """The advice on one section."""

    title: str
    entries: tuple[Entry, ...]
    verdict: str
    """What to take: the last line, of which all others are the reasons."""


def answer(advice: Advice, also: Iterable[Entry] = ()) -> Answer:
    """Put the advice into words.

    Parameters
    ----------
    also
        More lines, of what else was measured; they come before the verdict.
    """
    title = f"Which format? {advice.section}, {' + '.join(advice.operations)}"
    found: list[Entry] = []
    if advice.best:
        found += [*_containers(advice), *_first_use(advice)]
    refused = list(_refused(advice))
    limits = [] if refused else _limits(advice)
    found += [*refused, *_casts(advice), *limits, *_request(advice), *also]
    return Answer(title, tuple(found), _verdict(advice) if advice.best else _nothing(advice))


def _nothing(advice: Advice) -> str:
    able = describing(advice.capabilities)
    if advice.capabilities and not able:
        return "No advice: raw carries neither shape nor dtype, and nothing else was asked for."
    if able and set(able) <= {each.codec for each in advice.refused}:
        return "No advice: none of these codecs can carry it."
    return "No advice: too little was measured."


def _verdict(advice: Advice) -> str:
    parts = []
    for best in advice.best:
        where = span(advice, best.columns)
        tied = " (equally fast)" if best.level_with else ""
        parts.append(f"{either(best.codecs)}{tied}{' ' + where if where else ''}")
    last = advice.best[-1]
    text = f"Take {'; '.join(parts)}: {figures.duration(last.seconds)}, {figures.size(last.bytes)}"
    text += at_end(advice, last.at)
    if last.others or last.next:
        other = last.others[0] if last.others else last.next
        text += f", {_faster(other)}" if other else ""
    return f"{text}."


def _faster(other: Alternative, *, short: bool = False) -> str:
    name = kind_of(other.codec) if short else other.codec
    if other.time is None:
        return f"faster than {name}"
    return f"{'' if other.sure else 'about '}{figures.times(other.time)} as fast as {name}"


def _containers(advice: Advice) -> Iterator[Entry]:
    """Yield what to choose in each container that has several codecs."""
    for container, recommended in advice.containers.items():
        last = recommended[-1]
        if last.next is None and len(recommended) == 1 and not last.level_with:
            continue
        parts = []
        for best in recommended:
            where = span(advice, best.columns)
            kinds = either([kind_of(name) for name in best.codecs])
            parts.append(f"{kinds}{' ' + where if where else ''}")
        reasons = [_faster(last.next, short=True)] if last.next else []
        if last.objects and last.objects > 1 + NEAR:
            reasons.append(f"{figures.times(last.objects)} as fast as through Python objects")
        text = "; ".join(parts)
        if reasons:
            text += f": {' and '.join(reasons)}{at_end(advice, last.at)}"
        yield Entry(container, f"{text}.")


def _first_use(advice: Advice) -> Iterator[Entry]:
    """Yield what is still to come where the decoded array is a view."""
    for each in advice.first_use[-1:]:
        if each.view:
            taken = figures.duration(each.decode_and_use)
            where = at_end(advice, each.column)
            text = f"Decode and one pass over the values take {taken} with {each.codec}{where}."
            yield Entry("first use", text)


# Whether the choice counts beside the rest of a request.


def _request(advice: Advice) -> Iterator[Entry]:
    known = [each for each in advice.transport if each.total and len(each.will_do + each.slow) > 1]
    free = [each.column for each in known if not each.slow]
    shown = [each for each in known if each.slow][-1 if advice.series else 0 :][:SHOWN]
    text = "; ".join(_totals(advice, each) for each in shown)
    text = f"An HTTP request {text}." * bool(text)
    if free:
        where = f"{span(advice, free)} any format will do".lstrip()
        slowest = f"an HTTP request takes at most {figures.percent(NEAR)} longer with the slowest"
        text += f" {where[:1].upper()}{where[1:]}{f': {slowest}' * (not shown)}."
    if text:
        yield Entry("request", text.strip())


def _totals(advice: Advice, each: TransportShare) -> str:
    what = f"of {in_rows(each.column) if advice.series else each.column} "
    return (
        f"{what * (len(advice.columns) > 1)}takes {figures.duration(each.total)} with"
        f" {each.codec}, {figures.duration(each.worst_total)} with {each.worst}"
    )


# What a codec cannot represent, of the payload and of arrays in general.


def _refused(advice: Advice) -> Iterator[Entry]:
    """Yield which codecs refuse these very payloads, and why."""
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for each in advice.refused:
        # Where, and what else could represent it, follows: that is for the advice to tell.
        reason = each.reason.removeprefix("EncodeError: ").partition(" - at $")[0].partition(";")[0]
        groups.setdefault((each.columns, reason), []).append(each.codec)
    for (columns, reason), names in groups.items():
        which = "this payload" if len(advice.columns) == 1 else listed(columns)
        text = f"{named(names, advice.capabilities)} cannot carry {which}: {reason}."
        yield Entry("refused", text)


def _casts(advice: Advice) -> Iterator[Entry]:
    """Yield which of these very payloads come back in another dtype."""
    groups: dict[str, dict[str, list[str]]] = {}
    for each in advice.casts:
        groups.setdefault(each.dtype, {}).setdefault(each.comes_back_as, []).append(each.codec)
    for was, casts in groups.items():
        dtypes = dict.fromkeys(dtype for now in casts for dtype in now.split(" or "))
        codecs = dict.fromkeys(codec for each in casts.values() for codec in each)
        text = f"{was} comes back as {' or '.join(dtypes)} from "
        yield Entry("dtype", f"{text}{named(codecs, advice.capabilities)}.")


def _limits(advice: Advice) -> Iterator[Entry]:
    """Yield what the recommended codecs cannot represent, whatever this payload is."""
    chosen = dict.fromkeys(
        name for each in advice.containers.values() for best in each for name in best.codecs
    )
    able = {name: advice.capabilities[name] for name in chosen if name in advice.capabilities}
    lost = {name: list(each.refuses) for name, each in able.items()}
    if "float32" not in {each.dtype for each in advice.casts}:
        for name, each in able.items():
            lost[name] += ["float32 (comes back as float64)"] * ("float32" in each.casts)
    groups: dict[tuple[str, ...], list[str]] = {}
    for what in dict.fromkeys(what for each in lost.values() for what in each):
        names = tuple(name for name, each in lost.items() if what in each)
        groups.setdefault(names, []).append(what)
    parts = [f"no {either(whats)} in {named(names, able)}" for names, whats in groups.items()]
    free = [name for name, each in lost.items() if not each]
    if parts:
        parts += [f"{named(free, able)} takes all"] if free else []
        yield Entry("limits", f"{'; '.join(parts)}.".replace("empty arrays or 0-d", "empty or 0-d"))


# How a sentence names payloads and codecs.


def in_rows(label: str) -> str:
    """Name a payload of a series; a single file has a name of its own."""
    return f"{label} row{'s' * (label != '1')}" if label.replace(",", "").isdecimal() else label


def at_end(advice: Advice, column: str) -> str:
    """Name the payload of a figure, where there are several."""
    if len(advice.columns) < 2:
        return ""
    return f" at {in_rows(column)}" if advice.series else f" for {column}"


def span(advice: Advice, columns: Sequence[str]) -> str:
    """Name neighbouring payloads, as in ``up to 10 rows``; nothing if they are all there are."""
    if len(columns) == len(advice.columns):
        return ""
    if not advice.series:
        return f"for {listed(columns)}"
    if len(columns) == 1 and columns[0] != advice.columns[-1]:
        return f"for {in_rows(columns[0])}"
    if columns[0] == advice.columns[0]:
        return f"up to {in_rows(columns[-1])}"
    if columns[-1] == advice.columns[-1]:
        return f"from {in_rows(columns[0])} on"
    return f"from {columns[0]} to {in_rows(columns[-1])}"


def named(names: Iterable[str], measured: Iterable[str]) -> str:
    """Name codecs: by the kind alone, where all that were measured of the kind are meant."""
    kinds: dict[str, list[str]] = {}
    for name in measured:
        kinds.setdefault(kind_of(name), []).append(name)
    meant = list(names)
    found: dict[str, None] = {}
    for name in meant:
        same_kind = kinds.get(kind_of(name), [])
        whole = len(same_kind) > 1 and set(same_kind) <= set(meant)
        found[kind_of(name) if whole else name] = None
    return listed(list(found))


def listed(names: Sequence[str], word: str = "and") -> str:
    """Join names: ``a, b and c``."""
    return f" {word} ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def either(names: Sequence[str]) -> str:
    """Join names: ``a, b or c``."""
    return listed(names, "or")
