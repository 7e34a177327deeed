"""Tables of a run: times, sizes and memory, the containers as groups of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import figures
from .advice.advice import recommend
from .advice.scores import by_container
from .implementations.implementation import (
    FIRST_USE,
    MEMCPY,
    TITLES,
    codec_of,
    container_of,
    is_codec,
    kind_of,
    label_of,
)
from .measure.results import Cell, Memory, level
from .screen import BEST, NEITHER, TIE, Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .advice.scores import Scores
    from .measure.check import Facts
    from .measure.results import Results

LEGEND = (
    f"{BEST} quickest of its container that tells its own shape (raw does not),"
    f" {TIE} level with it inside the noise, - not measured."
)
OTHER_SIZE = 1.1
"""A baseline's bytes are listed if they differ from its codec's by more than this factor."""
MEMORY_COLUMNS = ("body", "Python", "x array", "process", "x array", "allocs", "copies")
SEEN = (
    "Memory of one warm call beside its argument, its result included. Python: peak that"
    " tracemalloc sees, what Python and numpy ask for; not upb's arenas, not simdjson's buffers."
    " process: peak of all the pages it touches, whoever asks, in steps of 4 kB. What lives on"
    " between calls is in neither."
)
COUNTED = (
    "x array: times the array's own size. allocs: how often memory is asked for; copies: how often"
    " as much as the array has, or more."
)
NO_PAGES = "process needs Linux and glibc: it is not known here."
NO_COUNTS = "allocs and copies need memray (Linux, macOS): pip install 'tensorwire[profile]'"


def sections(results: Results) -> dict[str, list[int]]:
    """Return the cases under each heading."""
    found: dict[str, list[int]] = {}
    for number, case in enumerate(results.cases):
        found.setdefault(case.section, []).append(number)
    return found


def groups(names: Sequence[str]) -> dict[str, list[str]]:
    """Return the implementations of each container, codecs first; the memcpy is in none."""
    found: dict[str, list[str]] = {}
    for name in sorted(names, key=lambda name: not is_codec(name)):
        if name != MEMCPY:
            found.setdefault(container_of(name), []).append(name)
    return found


def grouped(names: Sequence[str], row: Callable[[str, str], Row]) -> list[Row]:
    """Return a row of each name and its label, under its container; the memcpy is last."""
    rows = []
    for container, members in groups(names).items():
        rows += [Row(container, style="group"), *(row(name, label_of(name)) for name in members)]
    if MEMCPY in names:
        rows += [Row("memory", style="group"), row(MEMCPY, "one memcpy")]
    return rows


def row_style(name: str) -> str:
    """Return how the row of an implementation is drawn."""
    return "codec" if is_codec(name) else "baseline"


def times(results: Results, operation: str, section: str, chosen: Sequence[int]) -> Table:
    """Return medians by payload, and how many copies of the memory the last one would pay for."""
    cases = [results.cases[n] for n in chosen]
    last, series = chosen[-1], cases[-1].series
    title = f"{TITLES.get(operation, operation)}: {section}"
    labels = [case.label for case in cases]
    table = Table(title, (*labels, "x memcpy"), fixed=1, repeated=series)
    if operation == results.operations[0] and not cases[0].series:
        table.note = "; ".join(f"{case.label}: {case.what}" for case in cases)
    floor = results.seconds(last, MEMCPY, operation)

    def row(name: str, label: str) -> Row:
        cells = [
            figures.duration(results.seconds(n, name, operation))
            + mark(results, n, name, operation)
            for n in chosen
        ]
        taken = results.seconds(last, name, operation)
        cells.append(figures.ratio(taken / floor if taken and floor else None))
        return Row(label, tuple(cells), row_style(name))

    table.rows = grouped(results.implementations, row)
    return table


def mark(results: Results, case: int, name: str, operation: str) -> str:
    """Mark the quickest codec of a container, or all those level with it; ``raw`` is no rival."""
    rivals = {
        other: taken
        for other in groups(results.implementations).get(container_of(name), ())
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
    """Return bytes on the wire, bytes per element, and whether decode copies.

    A baseline is listed only if its body is another size than its codec's.
    """
    cases = [results.cases[n] for n in chosen]
    columns = (*(case.label for case in cases), "B/elem", "decode")
    table = Table(f"bytes: {section}", columns, fixed=2, repeated=cases[-1].series)
    elements = max(1, cases[-1].size)

    def facts(name: str) -> list[Facts | None]:
        found = [results.facts.get((n, name)) for n in chosen]
        return [each if each and each.cannot is None else None for each in found]

    for container, names in groups(results.implementations).items():
        table.rows.append(Row(container, style="group"))
        for name in names:
            known = facts(name)
            if not is_codec(name) and _same_size(known[-1], facts(codec_of(name))[-1]):
                continue
            cells = [figures.size(each.size) if each else "-" for each in known]
            end = known[-1]
            cells.append(figures.three_digits(end.size / elements) if end else "-")
            views = {each.view for each in known if each}
            single = "view" if True in views else "copy" if views else "-"
            cells.append("mixed" if len(views) > 1 else single)
            table.rows.append(Row(label_of(name), tuple(cells), row_style(name)))
    return table


def _same_size(first: Facts | None, second: Facts | None) -> bool:
    if not (first and second and first.size and second.size):
        return True
    return 1 / OTHER_SIZE <= first.size / second.size <= OTHER_SIZE


def answer(scores: Scores, section: str, what: str) -> Table:
    """Return the kind to choose, by container and payload, and its time there and back."""
    drawn = Table(f"Which format? {section}, {what}", scores.columns)
    for container, names in by_container(scores.describing).items():
        chosen = {
            column: each.codec for each in recommend(scores, names) for column in each.columns
        }
        kinds, times = [], []
        for column in scores.columns:
            name = chosen.get(column)
            tied = len(scores.best(column, names)) > 1
            kinds.append(kind_of(name) + (TIE if tied else NEITHER) if name else "-")
            times.append(figures.duration(scores.seconds[column, name]) + NEITHER if name else "-")
        drawn.rows.append(Row(container, tuple(kinds), "answer"))
        drawn.rows.append(Row("", tuple(times), "baseline"))
    return drawn


def memory(results: Results) -> Iterator[Table]:
    """Yield the memory of a run: of the largest payload of each section, a table per operation."""
    weighed = {cell.case for cell in results.memory}
    for section, chosen in sections(results).items():
        able = [number for number in chosen if number in weighed]
        if not able:
            continue
        largest = max(able, key=lambda number: results.cases[number].nbytes)
        where = f"{section}: {results.cases[largest].label}" if len(chosen) > 1 else section
        timed = [each for each in results.operations if each != FIRST_USE]
        for operation in timed:
            table = _memory(results, operation, where, largest)
            if len(able) > 1 and operation == timed[0]:
                table.note = "The largest payload; -o and --csv have them all."
            yield table


def _memory(results: Results, operation: str, where: str, number: int) -> Table:
    size = results.cases[number].nbytes

    def row(name: str, label: str) -> Row:
        facts = results.facts.get((number, name))
        memory = results.memory.get(Cell(number, name, operation), Memory())
        cells = [figures.size(facts.size) if facts and facts.cannot is None else "-"]
        for peak in (memory.python, memory.process):
            cells.append("-" if peak is None else figures.size(peak))
            cells.append("-" if peak is None or not size else figures.ratio(peak / size))
        counts = (memory.allocations, memory.copies)
        cells += ["-" if count is None else f"{count:,}" for count in counts]
        return Row(label, tuple(cells), row_style(name))

    title = f"memory, {operation}: {where} (array of {figures.size(size)})"
    return Table(title, MEMORY_COLUMNS, grouped(results.implementations, row))


def memory_legend(results: Results) -> list[str]:
    """Return what each figure is, and how to get those that are missing."""
    memories = results.memory.values()
    lines = [SEEN, COUNTED]
    if all(memory.process is None for memory in memories):
        lines.append(NO_PAGES)
    if all(memory.allocations is None for memory in memories):
        lines.append(NO_COUNTS)
    return lines
