"""The advice in sentences: first what to choose, then why, in a line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import figures
from ..command import command
from ..implementations.implementation import OBJECTS, kind_of
from .advice import advise
from .scores import describing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ..measure.results import Results
    from .advice import Advice, Avoid, Crossover, Recommendation, TransportShare

NAMED = 2
"""Codecs that the first sentence compares with: what a reader has in mind, and no list."""
WORTH = 1.1
"""A factor below this is no reason."""
CROSSINGS = 4
READABLE = "json/ndarray"


def lines(results: Results, section: str) -> list[str]:
    """Return the advice on one section, for a terminal or a page; general advice with the first."""
    return sentences(advise(results, section), general=results.cases[0].section == section)


def sentences(advice: Advice, *, general: bool = True) -> list[str]:
    """Return all of it; one line each, without an end of line.

    Parameters
    ----------
    general
        Also what is true whatever the payload.
    """
    if not advice.best:
        return [_nothing(advice), *_refused(advice)]
    found = [_best(advice, each) for each in advice.best]
    found += [*_raw(advice), *_first_use(advice), *_transport(advice)]
    if advice.series:
        found += [*_containers(advice), _bytes(advice), _wire(advice)]
    if general and any(each.request is not None for each in advice.transport):
        found.append(
            "A plain HTTP request is Python's own client and server over 127.0.0.1, in this run;"
            f" {command('serving')} measures real ones."
        )
    found += [*_refused(advice), *_casts(advice)]
    return found + _capabilities(advice) * general


def _nothing(advice: Advice) -> str:
    able = describing(list(advice.capabilities))
    if advice.capabilities and not able:
        return "No advice: raw carries neither shape nor dtype, and nothing else was asked for."
    if able and set(able) <= {each.codec for each in advice.refused}:
        return "No advice: none of these codecs carries it."
    return "No advice: too little was measured here."


def _best(advice: Advice, best: Recommendation) -> str:
    """Return what to choose of all."""
    where = span(advice, best.columns)
    what = "" if len(advice.operations) > 1 else f" to {advice.operations[0]}"
    numbers = f"{figures.duration(best.seconds)}{what} and {figures.size(best.bytes)}"
    numbers += at_end(advice, best.at, best.columns)
    if advice.series:
        text = f"Choose {best.codec}{' ' + where if where else ''}: {numbers}"
    else:
        text = f"{best.at}: {best.codec}, {numbers}"
    shown = best.others[:NAMED] or [each for each in [best.next] if each]
    reasons = [f"{figures.ratio(each.time)} as fast as {each.codec}" for each in shown]
    if len(advice.containers) == 1:
        reasons += _objects(best)
    text = f"{', '.join([text, *reasons])}."
    return text + (f" As good: {', '.join(best.level_with)}." if best.level_with else "")


def _objects(best: Recommendation) -> list[str]:
    if not best.objects or best.objects <= WORTH:
        return []
    return [f"{figures.ratio(best.objects)} as fast as Python objects"]


def _raw(advice: Advice) -> list[str]:
    found = [(best, best.raw) for best in advice.best if best.raw]
    if found and not advice.series:
        parts = [
            f"{raw.codec} {figures.percent(raw.time)} of the time for {best.at}"
            for best, raw in found
        ]
        return [f"Quicker, but both sides must know shape and dtype: {', '.join(parts)}."]
    return [
        f"  {raw.codec} takes {figures.percent(raw.time)} of that time"
        f"{at_end(advice, best.at, best.columns)}, but both sides must know shape and dtype."
        for best, raw in found[-1:]
    ]


def _first_use(advice: Advice) -> list[str]:
    """Return what the array that is chosen takes to be made, and to be read for the first time."""
    parts = [
        f"{each.codec} is decoded in {figures.duration(each.decode)}, decoded and read once in"
        f" {figures.duration(each.decode_and_use)}"
        + (f" at {at(advice, each.column)}" if advice.series else f" for {each.column}")
        for each in advice.first_use
    ]
    return [f"First use: {'; '.join(parts)}."] if parts else []


def _containers(advice: Advice) -> Iterator[str]:
    """Yield what to choose in each container, unless the first lines have it."""
    for container, recommended in advice.containers.items():
        parts = [_part(advice, each) for each in recommended]
        if len(advice.containers) > 1 and any(", " in part for part in parts):
            yield f"{container}: {'; '.join(parts)}."


def _part(advice: Advice, best: Recommendation) -> str:
    where = span(advice, best.columns)
    text = f"{where + ' ' if where else ''}{kind_of(best.codec)}"
    if best.level_with:
        text += f" or {', '.join(kind_of(name) for name in best.level_with)}"
    reasons = []
    if best.next:
        reason = f"{figures.ratio(best.next.time)} as fast as {kind_of(best.next.codec)}"
        if best.next.bytes > WORTH:
            reason += f" in {figures.percent(1 / best.next.bytes)} of the bytes"
        reasons.append(reason)
    reasons += _objects(best)
    end = at_end(advice, best.at, best.columns) if reasons else ""
    return ", ".join([text, *reasons]) + end


def _bytes(advice: Advice) -> str:
    """Return what each container's choice costs in bytes, on the largest payload."""
    last = [recommended[-1] for recommended in advice.containers.values()]
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


# Whether the choice matters beside the rest of a request.


def _transport(advice: Advice) -> Iterator[str]:
    known = [each for each in advice.transport if each.request is not None]
    if advice.series:
        runs: list[list[TransportShare]] = []
        for each in known:  # neighbours of which the same is true
            if runs and runs[-1][-1].verdict == each.verdict:
                runs[-1].append(each)
            else:
                runs.append([each])
        yield from (_together(advice, run) for run in runs)
        return
    little = [
        f"{each.column} (any{' but ' if each.slow else ''}{listed(each.slow)} will do)"
        for each in known
        if each.verdict != "matters"
    ]
    much = [
        f"{each.column} ({each.worst} adds {figures.duration(each.worst_adds)} to"
        f" {figures.duration(each.request)})"
        for each in known
        if each.verdict == "matters"
    ]
    if little:
        yield f"Beside a plain HTTP request it hardly matters for {listed(little)}."
    if much:
        yield f"Beside a plain HTTP request it matters for {listed(much)}."


def _together(advice: Advice, run: Sequence[TransportShare]) -> str:
    shown, columns = run[-1], [each.column for each in run]
    verdict = "it matters: " if shown.verdict == "matters" else "it hardly matters: "
    alone = len(shown.will_do) + len(shown.slow) == 1
    where = at_end(advice, shown.column, columns).lstrip()
    text = "" if alone else f"{span(advice, columns)} {verdict}".lstrip()
    text += f"{where}{', ' if where else ''}beside a plain HTTP request of"
    text += f" {figures.duration(shown.request)}, {shown.codec} takes"
    text += f" {figures.duration(shown.seconds)} ({figures.percent(shown.share or 0)})"
    if shown.worst != shown.codec:
        # The worst may have the larger body, which makes the request longer as well.
        text += f"; with {shown.worst} both take {figures.duration(shown.worst_adds)} more"
    if shown.verdict != "matters" and len(shown.will_do) > 1:
        slow = dict.fromkeys(name for each in run for name in each.slow)
        text += f". Any{' but ' if slow else ''}{listed(list(slow))} will do"
        if READABLE in shown.will_do:
            text += f"; people can read {READABLE}"
    return f"{text[:1].upper()}{text[1:]}."


def _wire(advice: Advice) -> str:
    last = advice.transport[-1]
    return (
        f"On a wire the {figures.size(last.bytes)} of {last.codec} take"
        f" {figures.duration(last.wire_1_gbit)} at 1 Gbit/s,"
        f" {figures.duration(last.wire_10_gbit)} at 10 Gbit/s (arithmetic)."
    )


# What a codec cannot represent, of the payload and of arrays in general.


def _refused(advice: Advice) -> list[str]:
    """Return which codecs refuse these very payloads, and why."""
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for each in advice.refused:
        # Where, and what else could represent it, follows: that is for the advice to tell.
        reason = each.reason.removeprefix("EncodeError: ").partition(" - at $")[0].partition(";")[0]
        groups.setdefault((each.columns, reason), []).append(each.codec)
    found = []
    for (columns, reason), names in groups.items():
        which = "this payload" if len(advice.columns) == 1 else listed(columns)
        found.append(f"{named(names, advice.capabilities)} cannot carry {which}: {reason}.")
    return found


def _casts(advice: Advice) -> list[str]:
    """Return which of these very payloads come back in another dtype."""
    groups: dict[str, dict[str, list[str]]] = {}
    for each in advice.casts:
        groups.setdefault(each.dtype, {}).setdefault(each.comes_back_as, []).append(each.codec)
    found = []
    for was, casts in groups.items():
        dtypes = dict.fromkeys(dtype for now in casts for dtype in now.split(" or "))
        codecs = dict.fromkeys(codec for each in casts.values() for codec in each)
        found.append(
            f"{was} comes back as {' or '.join(dtypes)} from {named(codecs, advice.capabilities)}."
        )
    return found


def _capabilities(advice: Advice) -> list[str]:
    """Return what else these codecs refuse or change: the same for many in one sentence."""
    able = {name: advice.capabilities[name] for name in describing(list(advice.capabilities))}
    groups: dict[tuple[str, ...], list[str]] = {}
    for what in dict.fromkeys(what for each in able.values() for what in each.refuses):
        names = tuple(name for name, each in able.items() if what in each.refuses)
        groups.setdefault(names, []).append(what)
    found = []
    if groups:
        parts = [f"{listed(whats)} by {named(names, able)}" for names, whats in groups.items()]
        free = [name for name, each in able.items() if not each.refuses]
        nothing = f"; nothing by {named(free, able)}" if free else ""
        found.append(f"Refused, never rounded: {'; '.join(parts)}{nothing}.")
    narrow = [name for name, each in able.items() if "float32" in each.casts]
    if narrow and "float32" not in {each.dtype for each in advice.casts}:
        found.append(f"float32 would come back as float64 from {named(narrow, able)}.")
    return found


# Crossovers, and what to avoid.


def crossing_lines(crossovers: Sequence[Crossover], last: str) -> list[str]:
    """Return from which payload on the order of two codecs changes; the last one has the factor."""
    found = [
        f"{each.winner} beats {each.loser} from {each.column} on,"
        f" {figures.ratio(each.factor)} at {last};"
        f" {'it loses' if each.before else 'they are level'} below"
        for each in crossovers[:CROSSINGS]
    ]
    if len(crossovers) > CROSSINGS:
        found.append(f"and {len(crossovers) - CROSSINGS} more, smaller")
    return found


def avoid_by_column(avoid: Sequence[Avoid]) -> dict[str, list[str]]:
    """Return for each payload what to avoid."""
    columns = dict.fromkeys(each.column for each in avoid)
    return {
        column: avoid_lines([each for each in avoid if each.column == column]) for column in columns
    }


def avoid_lines(avoid: Sequence[Avoid]) -> list[str]:
    """Return each sort of what to avoid for one payload in one line."""
    found = []
    worst: dict[str, float] = {}
    for each in avoid:
        if each.implementation.endswith(OBJECTS):
            name = each.implementation.removesuffix(OBJECTS)
            worst[name] = max(each.factor, worst.get(name, 0.0))
    if worst:
        parts = ", ".join(f"{name} {figures.ratio(factor)}" for name, factor in worst.items())
        found.append(f"Python objects instead of the codec: {parts} the time")
    for what in ("time", "bytes"):
        sort = [each for each in avoid if each.what == what]
        if sort:
            parts = ", ".join(
                f"{each.implementation} {figures.ratio(each.factor)}" for each in sort
            )
            found.append(f"{parts} the {what} of {sort[0].against}")
    return found


# How a sentence names payloads and codecs.


def at(advice: Advice, column: str) -> str:
    """Name a payload: of a series, by its rows."""
    return in_rows(column) if advice.series else column


def in_rows(label: str) -> str:
    """Name a payload of a series; a single file has a name of its own."""
    return f"{label} row{'s' * (label != '1')}" if label.replace(",", "").isdecimal() else label


def at_end(advice: Advice, column: str, columns: Sequence[str]) -> str:
    """Name the payload of a figure, where the sentence is about several."""
    return f" at {at(advice, column)}" if advice.series and len(columns) > 1 else ""


def span(advice: Advice, columns: Sequence[str]) -> str:
    """Name neighbouring payloads, as in ``up to 10 rows``; nothing if they are all there are."""
    first, last = columns[0] == advice.columns[0], columns[-1] == advice.columns[-1]
    if first and last:
        return ""
    if columns[0] == columns[-1]:
        return f"at {at(advice, columns[0])}"
    if first:
        return f"up to {at(advice, columns[-1])}"
    if last:
        return f"from {at(advice, columns[0])} on"
    return f"from {at(advice, columns[0])} to {at(advice, columns[-1])}"


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


def listed(names: Sequence[str]) -> str:
    """Join names: ``a, b and c``."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)
