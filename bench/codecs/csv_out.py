"""One line per cell, for a spreadsheet or a script."""

from __future__ import annotations

import csv
from dataclasses import astuple
from typing import TYPE_CHECKING, TextIO

from bench.implementations.implementation import MEMCPY, container_of, kind_of
from bench.measure.results import Memory
from bench.measure.run import Cell

if TYPE_CHECKING:
    from bench.measure.results import Results

COLUMNS = (
    "payload",
    "label",
    "way",
    "container",
    "kind",
    "baseline",
    "operation",
    "median_s",
    "samples",
    "noise",
    "memcpy_ratio",
    "bytes",
    "bytes_per_element",
    "decode",
    "cannot",
)


def write(results: Results, stream: TextIO) -> None:
    """Write every cell; times in seconds, ratios as plain numbers, nothing where unknown."""
    writer = csv.writer(stream, lineterminator="\n")
    weighed = [f"memory_{name}" for name in Memory.NAMES] if results.memory else []
    writer.writerow((*COLUMNS, *weighed))
    for number, case in enumerate(results.cases):
        noise = results.noise(number)
        for name in results.ways:
            facts = results.facts.get((number, name))
            if facts is None:
                continue
            for operation in results.operations:
                seconds = results.seconds(number, name, operation)
                floor = results.seconds(number, MEMCPY, operation)
                done = facts.cannot is None
                writer.writerow(
                    (
                        case.title,
                        case.label,
                        name,
                        container_of(name) if name != MEMCPY else "",
                        kind_of(name),
                        name.partition(":")[2] if name != MEMCPY else MEMCPY,
                        operation,
                        "" if seconds is None else f"{seconds:.4g}",
                        results.count(Cell(number, name, operation)),
                        f"{noise:.4f}",
                        "" if not (seconds and floor) else f"{seconds / floor:.4g}",
                        facts.size if done else "",
                        f"{facts.size / max(1, case.size):.4g}" if done else "",
                        ("view" if facts.view else "copy") if done else "",
                        facts.cannot or "",
                        *_memory(results, Cell(number, name, operation)),
                    )
                )


def _memory(results: Results, cell: Cell) -> tuple[int | str, ...]:
    """Return the columns of a run that was weighed; nothing where unknown."""
    if not results.memory:
        return ()
    figures = astuple(results.memory.get(cell, Memory()))
    return tuple("" if figure is None else figure for figure in figures)
