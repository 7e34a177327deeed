"""What is shown of the memory of a run: one payload of each section, a table per operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.tables import grouped, sections, style_of
from bench.implementations.implementation import FIRST_USE
from bench.measure.results import Memory
from bench.measure.run import Cell
from bench import figures
from bench.screen.table import Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure.results import Results
    from bench.screen.render import Screen

COLUMNS = ("body", "Python", "x array", "process", "x array", "allocs", "copies")
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


def tables(results: Results, section: str, chosen: Sequence[int]) -> list[Table]:
    """Return the tables of the largest of these payloads; none if nothing was weighed."""
    weighed = {cell.case for cell in results.memory}
    able = [number for number in chosen if number in weighed]
    if not able:
        return []
    largest = max(able, key=lambda number: results.cases[number].nbytes)
    where = f"{section}: {results.cases[largest].label}" if len(chosen) > 1 else section
    timed = [each for each in results.operations if each != FIRST_USE]
    made = [_table(results, operation, where, largest) for operation in timed]
    if len(able) > 1:
        made[0].note = "The largest payload; -o and --csv have them all."
    return made


def _table(results: Results, operation: str, where: str, number: int) -> Table:
    size = results.cases[number].nbytes
    title = f"memory, {operation}: {where} (array of {figures.size(size)})"
    table = Table(title, COLUMNS)

    def row(name: str, label: str) -> Row:
        facts = results.facts.get((number, name))
        memory = results.memory.get(Cell(number, name, operation))
        body = figures.size(facts.size) if facts and facts.cannot is None else "-"
        return Row(label, (body, *_cells(memory or Memory(), size)), style_of(name))

    table.rows = grouped(results.ways, row)
    return table


def _cells(memory: Memory, size: int) -> tuple[str, ...]:
    cells = []
    for peak in (memory.python, memory.process):
        cells.append("-" if peak is None else figures.size(peak))
        cells.append("-" if peak is None or not size else figures.ratio(peak / size))
    counts = (memory.allocations, memory.copies)
    return (*cells, *("-" if count is None else f"{count:,}" for count in counts))


def legend(results: Results) -> list[str]:
    """Say what each figure is, and how to get those that are missing."""
    memories = results.memory.values()
    lines = [SEEN, COUNTED]
    if all(memory.process is None for memory in memories):
        lines.append(NO_PAGES)
    if all(memory.allocations is None for memory in memories):
        lines.append(NO_COUNTS)
    return lines


def draw(results: Results, screen: Screen) -> None:
    """Draw the tables of every section, and what they say; nothing if nothing was weighed."""
    if not results.memory:
        return
    for section, chosen in sections(results).items():
        for table in tables(results, section, chosen):
            screen.table(table)
    screen.line()
    for line in legend(results):
        screen.line(line, "note")
