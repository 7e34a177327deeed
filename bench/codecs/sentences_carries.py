"""In words: what a codec cannot carry, of the payload and of arrays in general."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.codecs.places import listed, named
from bench.implementations.implementation import kind_of

if TYPE_CHECKING:
    from bench.advice.advice import Advice


def of(advice: Advice) -> list[str]:
    """Say what cannot be carried of these very payloads, or comes back changed."""
    groups: dict[str, dict[str, list[str]]] = {}
    for each in advice.casts:
        groups.setdefault(each.dtype, {}).setdefault(each.comes_back_as, []).append(each.codec)
    lines = refused(advice)
    for was, found in groups.items():
        names = dict.fromkeys(name for each in found.values() for name in each)
        dtypes = dict.fromkeys(dtype for each in found for dtype in each.split(" or "))
        lines.append(
            f"{was} comes back as {' or '.join(dtypes)} from {named(names, advice.carries)}."
        )
    return lines


def refused(advice: Advice) -> list[str]:
    """Say which codecs refuse these very payloads, and why."""
    groups: dict[tuple[tuple[str, ...], str], list[str]] = {}
    for each in advice.refused:
        # What else could carry it follows, which is the advice's to say.
        reason = each.reason.removeprefix("EncodeError: ").partition(";")[0]
        groups.setdefault((each.columns, reason), []).append(each.codec)
    lines = []
    for (columns, reason), names in groups.items():
        which = "this payload" if len(advice.columns) == 1 else listed(columns)
        lines.append(f"{named(names, advice.carries)} cannot carry {which}: {reason}.")
    return lines


def hard(advice: Advice) -> list[str]:
    """Say what else these codecs refuse or change: the same for many in one breath."""
    able = {name: each for name, each in advice.carries.items() if kind_of(name) != "raw"}
    whats: dict[tuple[str, ...], list[str]] = {}
    for what in dict.fromkeys(what for each in able.values() for what in each.refuses):
        names = tuple(name for name, each in able.items() if what in each.refuses)
        whats.setdefault(names, []).append(what)
    lines = []
    if whats:
        parts = [f"{listed(found)} by {named(names, able)}" for names, found in whats.items()]
        free = [name for name, each in able.items() if not each.refuses]
        nothing = f"; nothing by {named(free, able)}" if free else ""
        lines.append(f"Refused, never rounded: {'; '.join(parts)}{nothing}.")
    narrow = {name: each.casts["float32"] for name, each in able.items() if "float32" in each.casts}
    if narrow and "float32" not in {each.dtype for each in advice.casts}:
        lines.append(f"float32 would come back as float64 from {named(narrow, able)}.")
    return lines
