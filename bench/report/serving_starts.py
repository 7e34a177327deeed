"""Mode ``load``: servers or models, started one after another."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.report.bars import LEFT, RIGHT, Bar, Part, bars
from bench.report.markup import Markup, element
from bench.report.page import section
from bench.report.scales import Linear
from bench.report.serving_words import NAMES, SHORT, panel, panels
from bench.report.table import Column, table
from bench.screen import figures
from bench.serving.cells import OURS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.serving.starts import Started

NOTE = (
    "ready: from the start of the process (or model) until it listens. first answer: until it has"
    " answered over every transport. memory: its own alone (USS), of all its processes. The usual"
    " way needs two servers, one for each transport."
)
COLUMNS = (
    Column("side"),
    Column("number", numeric=True),
    Column("ready", numeric=True),
    Column("first answer", numeric=True),
    Column("memory", numeric=True),
)


def starts_section(starts: Sequence[Started], what: str) -> Markup:
    """Return the part of the page."""
    longest = max(one.answers for one in starts)
    largest = max(one.memory for one in starts)
    waits = [_bar(one, _waited(one), figures.duration(one.answers)) for one in starts]
    sizes = [_bar(one, [_size(one)], figures.size(one.memory)) for one in starts]
    lines = [
        [
            NAMES[one.side],
            f"{one.number}",
            figures.duration(one.ready),
            figures.duration(one.answers),
            _bytes(one.memory),
        ]
        for one in starts
    ]
    return section(
        f"{what.capitalize()}, one after another",
        panels(
            (
                panel(
                    "Until it is ready, and until its first answer",
                    bars("Time to ready", waits, Linear(longest, LEFT, RIGHT)),
                ),
                panel("Memory", bars("Memory", sizes, Linear(largest, LEFT, RIGHT))),
                panel("Medians", element("ul", *map(_item, medians(starts)), class_="reasons")),
            )
        ),
        table(f"{what.capitalize()}, one after another", COLUMNS, lines),
        note=NOTE,
    )


def medians(starts: Sequence[Started]) -> list[str]:
    """Say what a server of each side takes."""
    found = []
    for side in dict.fromkeys(one.side for one in starts):
        members = [one for one in starts if one.side == side]
        found.append(
            f"{NAMES[side]}: ready in {figures.duration(median(one.ready for one in members))},"
            f" first answer after {figures.duration(median(one.answers for one in members))},"
            f" {_bytes(median(one.memory for one in members))} of memory"
        )
    return found


def summary(starts: Sequence[Started]) -> str:
    """Say the same in a line, the other side in brackets."""
    found = []
    for name, written in (
        ("ready", figures.duration),
        ("answers", figures.duration),
        ("memory", _bytes),
    ):
        sides = [
            written(median(getattr(one, name) for one in starts if one.side == side))
            for side in dict.fromkeys(one.side for one in starts)
        ]
        found.append(sides[0] + (f" ({sides[1]})" if sides[1:] else ""))
    first = NAMES[starts[0].side]
    other = " (in brackets: the usual way)" if len({one.side for one in starts}) > 1 else ""
    return (
        f"{first}{other}: ready in {found[0]}, first answer after {found[1]}, {found[2]} of memory."
    )


def _item(line: str) -> Markup:
    return element("li", line)


def _bar(one: Started, parts: Sequence[Part], written: str) -> Bar:
    class_ = "" if one.side == OURS else "baseline"
    return Bar(f"{SHORT[one.side]} {one.number}", parts, written, class_)


def _waited(one: Started) -> list[Part]:
    colour = "k1" if one.side == OURS else "k0"
    rest = one.answers - one.ready
    return [
        Part(one.ready, f"ready after {figures.duration(one.ready)}", colour, "ready"),
        Part(rest, f"first answer {figures.duration(rest)} later", "k4"),
    ]


def _size(one: Started) -> Part:
    return Part(max(0, one.memory), f"{_bytes(one.memory)}", "k1" if one.side == OURS else "k0")


def _bytes(count: float) -> str:
    """Write bytes; a model may give some back."""
    return figures.size(count) if count >= 0 else f"-{figures.size(-count)}"
