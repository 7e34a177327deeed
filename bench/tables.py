"""Tables of a run: times, sizes and memory, the containers as groups of rows."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from . import figures
from .advice.scores import scores_of
from .implementations.implementation import (
    FIRST_USE,
    MEASURED,
    MEMCPY,
    OBJECTS,
    TITLES,
    by_container,
    codec_of,
    is_codec,
    kind_of,
    label_of,
)
from .measure.results import Cell, Memory
from .screen import BEST, NEITHER, TIE, Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from .measure.check import Facts
    from .measure.results import Results

UNSURE = "~"
LEGEND = (
    f"{BEST} quickest of its group, {TIE} one of several that are equally fast; raw is in neither:"
    " the bytes alone, without shape and dtype."
)
WIDE = "Columns on the right are of {}; 1st use: decode, and one pass over the values."
SHORT = {FIRST_USE: "1st use"}
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
    ordered = sorted(names, key=lambda name: not is_codec(name))
    return by_container(name for name in ordered if name != MEMCPY)


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

    marked = _marks(replace(results, operations=(operation,)), section)

    def row(name: str, label: str) -> Row:
        cells = [_time(results, n, name, (operation,), marked) for n in chosen]
        taken = results.seconds(last, name, operation)
        cells.append(figures.ratio(taken / floor if taken and floor else None))
        return Row(label, tuple(cells), row_style(name))

    table.rows = grouped(results.implementations, row)
    return table


def in_overview(name: str) -> bool:
    """Return whether the table of times there and back has a row for it."""
    through_objects = name.endswith(OBJECTS) and kind_of(name) != "raw"
    return is_codec(name) or name == MEMCPY or through_objects


def overview(results: Results, section: str, chosen: Sequence[int], width: int) -> Table:
    """Return the time there and back by payload, and more of the last one where there is room."""
    cases = [results.cases[n] for n in chosen]
    last, marked = chosen[-1], _marks(results, section)
    columns = [case.label for case in cases]
    more: dict[str, Callable[[str], str]] = {}
    if len(chosen) == 1 or cases[-1].series:
        timed = [each for each in MEASURED if each in results.operations]
        more["B/value"] = partial(_per_value, results, last)
        for each in timed if len(timed) > 1 else ():
            more[SHORT.get(each, each)] = partial(_one, results, last, each)
        more["bytes"] = partial(_size, results, last)
        more["decode is"] = partial(_decode_is, results, last)
    names = [name for name in results.implementations if in_overview(name)]
    by = ", by rows" * (cases[-1].series and len(chosen) > 1)
    title = f"{' + '.join(results.summed)}{by}: {section}"
    for extra in (len(more), min(1, len(more))):
        shown = list(more)[:extra]

        def row(name: str, label: str, shown: Sequence[str] = shown) -> Row:
            times = [_time(results, n, name, results.summed, marked) for n in chosen]
            return Row(label, (*times, *(more[each](name) for each in shown)), row_style(name))

        table = Table(title, (*columns, *shown), grouped(names, row), fixed=len(shown))
        if sum(table.widths()) <= width:
            break
    if not cases[-1].series and len(cases) > 1:
        table.note = "; ".join(f"{case.label}: {case.what}" for case in cases)
    return table


def _time(
    results: Results,
    case: int,
    name: str,
    operations: Sequence[str],
    marked: Mapping[tuple[str, str], str],
) -> str:
    parts = [results.seconds(case, name, each) for each in operations]
    known = [part for part in parts if part]
    if len(known) < len(parts):
        return f"-{NEITHER}"
    unsure = UNSURE * (is_codec(name) and results.disagrees(case, name, *operations))
    mark = marked.get((results.cases[case].label, name), NEITHER)
    return f"{unsure}{figures.duration(sum(known))}{mark}"


def _one(results: Results, case: int, operation: str, name: str) -> str:
    return figures.duration(results.seconds(case, name, operation))


def _marks(results: Results, section: str) -> dict[tuple[str, str], str]:
    """Mark the quickest codec of each container, or all that are as quick; ``raw`` is no rival."""
    scores = scores_of(results, section)
    found: dict[tuple[str, str], str] = {}
    for names in by_container(scores.describing).values():
        for column in scores.columns if len(names) > 1 else ():
            best = scores.best(column, names)
            found |= {(column, name): BEST if len(best) == 1 else TIE for name in best}
    return found


def _size(results: Results, case: int, name: str) -> str:
    facts = results.done(case, name)
    return figures.size(facts.size) if facts and facts.size and name != MEMCPY else "-"


def _per_value(results: Results, case: int, name: str) -> str:
    facts = results.done(case, name)
    if not (facts and facts.size) or name == MEMCPY:
        return "-"
    return figures.three_digits(facts.size / max(1, results.cases[case].size))


def _decode_is(results: Results, case: int, name: str) -> str:
    facts = results.done(case, name)
    return "-" if not facts else "view" if facts.view else "copy"


def sizes(results: Results, section: str, chosen: Sequence[int]) -> Table:
    """Return bytes on the wire, bytes per element, and whether decode copies.

    A baseline is listed only if its body is another size than its codec's.
    """
    cases = [results.cases[n] for n in chosen]
    columns = (*(case.label for case in cases), "B/elem", "decode")
    table = Table(f"bytes: {section}", columns, fixed=2, repeated=cases[-1].series)
    elements = max(1, cases[-1].size)

    def facts(name: str) -> list[Facts | None]:
        return [results.done(n, name) for n in chosen]

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
        facts = results.done(number, name)
        memory = results.memory.get(Cell(number, name, operation), Memory())
        cells = [figures.size(facts.size) if facts else "-"]
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
