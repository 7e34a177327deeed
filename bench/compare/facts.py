"""What is exact, in both files: bytes, views, refusals, and what a call allocates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.measure.run import Cell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.compare.changes import Comparison
    from bench.measure.results import Results
    from bench.payloads.case import Case

BYTES, DECODE, COPIES, ALLOCATIONS = "bytes", "decode", "copies", "allocations"
PYTHON = "python"
WHAT = {
    BYTES: "bytes on the wire",
    DECODE: "decode is a",
    COPIES: "copies",
    ALLOCATIONS: "allocations",
    PYTHON: "peak bytes of Python",
}
"""What is known of a cell, and how it is called. The process's own peak comes in pages, and more or
fewer of them each time: it is in a run's tables, and no fact to compare."""


@dataclass(frozen=True)
class Fact:
    """One number that both files, or one of them, have of a cell."""

    case: Case
    way: str
    operation: str
    """Empty where it is the same for both."""
    what: str
    old: int | None
    """Of a decode: 0 is a view, 1 a copy."""
    new: int | None

    @property
    def name(self) -> str:
        """Say of which cell it is."""
        return " ".join(part for part in (self.way, self.operation, self.case.label) if part)

    @property
    def changed(self) -> bool:
        """Whether it is another, where both know it; Python's peak by a kilobyte."""
        if self.old is None or self.new is None:
            return False
        return abs(self.new - self.old) >= (1000 if self.what == PYTHON else 1)

    @property
    def grew(self) -> bool:
        """Whether there is more of it, where both know it."""
        return self.old is not None and self.new is not None and self.new > self.old

    @property
    def fell(self) -> bool:
        """Whether there is less of it, where both know it."""
        return self.old is not None and self.new is not None and self.new < self.old


def facts(comparison: Comparison) -> list[Fact]:
    """Return every fact of what both files have measured, equal ones too."""
    old, new = comparison.old.results, comparison.new.results
    found = []
    for number, other in comparison.pairs.items():
        case = new.cases[number]
        for way in dict.fromkeys([*old.ways, *new.ways]):
            known = old.facts.get((other, way)), new.facts.get((number, way))
            if any(each is None or each.cannot is not None for each in known):
                continue  # that it is refused, or not measured, is told elsewhere
            before, after = _all(old, other, way), _all(new, number, way)
            found += [
                Fact(case, way, *key, before.get(key), after.get(key))
                for key in dict.fromkeys([*before, *after])
            ]
    return found


def _all(results: Results, case: int, way: str) -> dict[tuple[str, str], int]:
    told: dict[tuple[str, str], int] = {}
    known = results.facts.get((case, way))
    if known is not None:
        told["", BYTES] = known.size
        told["", DECODE] = int(not known.view)
    for operation in results.operations:
        memory: Any = results.memory.get(Cell(case, way, operation))
        for what in WHAT:
            value = getattr(memory, what, None)
            if value is not None:
                told[operation, what] = value
    return told


def refusals(comparison: Comparison) -> Iterator[tuple[str, str, bool]]:
    """Yield each cell that was refused in one file only, the reason, and whether it came."""
    old, new = comparison.old.results, comparison.new.results
    for number, other in comparison.pairs.items():
        for way in dict.fromkeys([*old.ways, *new.ways]):
            before, after = old.facts.get((other, way)), new.facts.get((number, way))
            if before and after and (before.cannot is None) != (after.cannot is None):
                name = f"{way} {new.cases[number].label}"
                yield name, after.cannot or before.cannot or "", after.cannot is not None
