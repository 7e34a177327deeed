"""What is shown of a run: times and sizes, one table each, the containers as groups."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.implementations.implementation import (
    MEMCPY,
    TITLES,
    codec_of,
    container_of,
    is_codec,
    kind_of,
    label_of,
)
from bench.measure.results import level
from bench import figures
from bench.screen.table import BEST, NEITHER, TIE, Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.measure.check import Facts
    from bench.measure.results import Results

LEGEND = (
    f"{BEST} quickest of its container that tells its own shape (raw does not),"
    f" {TIE} level with it inside the noise, - not measured."
)
OTHER_SIZE = 1.1
"""A baseline's bytes are listed if they differ from its codec's by more than this factor."""


def sections(results: Results) -> dict[str, list[int]]:
    """Return the cases under each heading."""
    found: dict[str, list[int]] = {}
    for number, case in enumerate(results.cases):
        found.setdefault(case.section, []).append(number)
    return found


def described(results: Results, chosen: Sequence[int]) -> str:
    """Say what each payload of a section is, unless the section's name does."""
    if results.cases[chosen[0]].series:
        return ""
    cases = [results.cases[n] for n in chosen]
    return "; ".join(f"{case.label}: {case.what}" for case in cases)


def groups(ways: Sequence[str]) -> dict[str, list[str]]:
    """Return the ways of each container, codecs first; the memcpy is in none."""
    found: dict[str, list[str]] = {}
    for name in sorted(ways, key=lambda name: not is_codec(name)):
        if name != MEMCPY:
            found.setdefault(container_of(name), []).append(name)
    return found


def grouped(ways: Sequence[str], row: Callable[[str, str], Row]) -> list[Row]:
    """Make a row of each way, by its name and label, under its container; the memcpy is last."""
    rows = []
    for container, names in groups(ways).items():
        rows += [Row(container, style="group"), *(row(name, label_of(name)) for name in names)]
    if MEMCPY in ways:
        rows += [Row("memory", style="group"), row(MEMCPY, "one memcpy")]
    return rows


def style_of(name: str) -> str:
    """How a way's row is drawn."""
    return "codec" if is_codec(name) else "baseline"


def times(results: Results, operation: str, section: str, chosen: Sequence[int]) -> Table:
    """Medians by payload, and how many copies of the memory the last one would pay for."""
    last = chosen[-1]
    labels = [results.cases[n].label for n in chosen]
    series = results.cases[last].series
    title = f"{TITLES.get(operation, operation)}: {section}"
    table = Table(title, (*labels, "x memcpy"), fixed=1, repeated=series)
    if operation == results.operations[0]:
        table.note = described(results, chosen)
    floor = results.seconds(last, MEMCPY, operation)

    def row(name: str, label: str) -> Row:
        cells = [
            figures.duration(results.seconds(n, name, operation))
            + mark(results, n, name, operation)
            for n in chosen
        ]
        taken = results.seconds(last, name, operation)
        cells.append(figures.ratio(taken / floor if taken and floor else None))
        return Row(label, tuple(cells), style_of(name))

    table.rows = grouped(results.ways, row)
    return table


def mark(results: Results, case: int, name: str, operation: str) -> str:
    """Mark the quickest codec of a container, or all those level with it; ``raw`` is no rival."""
    if not is_codec(name) or kind_of(name) == "raw":
        return NEITHER
    rivals = {
        other: taken
        for other in groups(results.ways)[container_of(name)]
        if is_codec(other)
        and kind_of(other) != "raw"
        and (taken := results.seconds(case, other, operation))
    }
    if name not in rivals or len(rivals) == 1:
        return NEITHER
    least, noise = min(rivals.values()), results.noise(case)
    tied = [other for other, taken in rivals.items() if level(taken, least, noise)]
    return NEITHER if name not in tied else BEST if len(tied) == 1 else TIE


def sizes(results: Results, section: str, chosen: Sequence[int]) -> Table:
    """Bytes on the wire, bytes per element, and whether decode copies.

    A baseline is listed only if its body is another size than its codec's.
    """
    labels = [results.cases[n].label for n in chosen]
    series = results.cases[chosen[-1]].series
    table = Table(f"bytes: {section}", (*labels, "B/elem", "decode"), fixed=2, repeated=series)
    elements = max(1, results.cases[chosen[-1]].size)

    def facts(name: str) -> list[Facts | None]:
        found = [results.facts.get((n, name)) for n in chosen]
        return [each if each and each.cannot is None else None for each in found]

    for container, names in groups(results.ways).items():
        table.rows.append(Row(container, style="group"))
        for name in names:
            known = facts(name)
            if not is_codec(name) and _as_large(known[-1], facts(codec_of(name))[-1]):
                continue
            cells = [figures.size(f.size) if f else "-" for f in known]
            end = known[-1]
            cells.append(figures.three_digits(end.size / elements) if end else "-")
            views = {f.view for f in known if f}
            cells.append(_VIEWS[frozenset(views)])
            table.rows.append(Row(label_of(name), tuple(cells), style_of(name)))
    return table


_VIEWS = {
    frozenset(): "-",
    frozenset({True}): "view",
    frozenset({False}): "copy",
    frozenset({True, False}): "mixed",
}


def _as_large(first: Facts | None, second: Facts | None) -> bool:
    if not (first and second and first.size and second.size):
        return True
    return 1 / OTHER_SIZE <= first.size / second.size <= OTHER_SIZE
