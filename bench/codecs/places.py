"""How a sentence names payloads, and codecs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.implementations.implementation import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bench.advice.advice import Advice


def at(advice: Advice, column: str) -> str:
    """Name a payload: of a series, by its rows."""
    return in_rows(column) if advice.series else column


def in_rows(label: str) -> str:
    """Name a payload of a series; it may be one file alone, which has a name of its own."""
    return f"{label} row{'s' * (label != '1')}" if label.replace(",", "").isdecimal() else label


def at_end(advice: Advice, column: str, columns: Sequence[str]) -> str:
    """Name the payload of a figure, where it is one of several that were just spoken of."""
    return f" at {at(advice, column)}" if advice.series and len(columns) > 1 else ""


def span(advice: Advice, columns: Sequence[str]) -> str:
    """Name neighbouring payloads, as in ``up to 10 rows``; nothing if they are all there are."""
    first, last = advice.columns.index(columns[0]), advice.columns.index(columns[-1])
    if first == 0 and last == len(advice.columns) - 1:
        return ""
    if first == last:
        return f"at {at(advice, columns[0])}"
    if first == 0:
        return f"up to {at(advice, columns[-1])}"
    if last == len(advice.columns) - 1:
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
        alike = kinds.get(kind_of(name), [])
        whole = len(alike) > 1 and set(alike) <= set(meant)
        found[kind_of(name) if whole else name] = None
    return listed(list(found))


def listed(names: Sequence[str]) -> str:
    """Join names: ``a, b and c``."""
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def capital(text: str) -> str:
    """Begin a sentence."""
    return text[:1].upper() + text[1:]
