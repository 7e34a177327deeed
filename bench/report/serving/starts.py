"""Mode ``load``: servers or models, started one after another."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from ... import figures
from ...serving.cells import OURS
from .. import charts
from ..charts import Bar, Part
from ..page import Column, Drawing, Panel, Section, Table, numeric
from .sides import NAMES, SHORT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...serving.records import Started

STARTS = (
    "ready: from the start of the process (or model) until it listens. first answer: until it has"
    " answered over every transport. memory: its own alone (USS), of all its processes. The usual"
    " way needs two servers, one for each transport."
)


def starts_section(starts: Sequence[Started], what: str) -> Section:
    """Return times to ready and memory."""
    title = f"{what.capitalize()}, one after another"
    waits, sizes = [], []
    for one in starts:
        colour, faded = ("k1" if one.side == OURS else "k0"), one.side != OURS
        label, rest = f"{SHORT[one.side]} {one.number}", one.answers - one.ready
        ready = f"ready after {figures.duration(one.ready)}"
        parts = [
            Part(one.ready, ready, colour, "ready"),
            Part(rest, f"first answer {figures.duration(rest)} later", "k4"),
        ]
        waits.append(Bar(label, parts, figures.duration(one.answers), faded))
        memory = Part(max(0, one.memory), _bytes(one.memory), colour)
        sizes.append(Bar(label, [memory], figures.size(max(0, one.memory)), faded))
    longest, largest = (max(getattr(one, name) for one in starts) for name in ("answers", "memory"))
    panels = [
        Panel(
            "Until it is ready, and until its first answer",
            [Drawing([charts.bars("Time to ready", waits, longest)])],
        ),
        Panel("Memory", [Drawing([charts.bars("Memory", sizes, largest)])]),
        Panel("Medians", items=list(_starts_medians(starts))),
    ]
    rows = [
        [
            NAMES[one.side],
            f"{one.number}",
            figures.duration(one.ready),
            figures.duration(one.answers),
            _bytes(one.memory),
        ]
        for one in starts
    ]
    columns = [Column("side"), *numeric("number", "ready", "first answer", "memory")]
    return Section(title, STARTS, panels=panels, table=Table(title, columns, rows))


def _medians(starts: Sequence[Started]) -> dict[str, tuple[str, str, str]]:
    """Return ready, first answer and memory by side."""
    found = {}
    for side in dict.fromkeys(one.side for one in starts):
        members = [one for one in starts if one.side == side]
        found[side] = (
            figures.duration(median(one.ready for one in members)),
            figures.duration(median(one.answers for one in members)),
            _bytes(median(one.memory for one in members)),
        )
    return found


def _starts_medians(starts: Sequence[Started]) -> Iterator[str]:
    for side, (ready, answers, memory) in _medians(starts).items():
        yield (f"{NAMES[side]}: ready in {ready}, first answer after {answers}, {memory} of memory")


def starts_answer(starts: Sequence[Started]) -> str:
    """Return the medians of both sides."""
    found = _medians(starts)
    both = zip(*found.values(), strict=True)
    ready, answers, memory = (" ".join([one, *(f"({o})" for o in others)]) for one, *others in both)
    other = " (in brackets: the usual way)" if len(found) > 1 else ""
    return (
        f"{NAMES[next(iter(found))]}{other}: ready in {ready}, first answer after {answers},"
        f" {memory} of memory."
    )


def _bytes(count: float) -> str:
    """Write bytes; a model may give some back."""
    return figures.size(count) if count >= 0 else f"-{figures.size(-count)}"
