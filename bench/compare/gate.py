"""What is exact in both files: bytes, views, refusals, allocations; and what is a regression.

A regression is any growth of these with ``--exact``, and much slower codecs with ``--fail-over``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import figures
from ..command import command
from ..measure.results import Cell
from .changes import CANNOT_TELL, SLOWER, counting_differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..measure.results import Results
    from ..payloads.case import Case
    from .changes import Change, Comparison

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
GATED = (BYTES, DECODE, COPIES, ALLOCATIONS)


@dataclass(frozen=True)
class Fact:
    """One number that both files, or one of them, have of a cell."""

    case: Case
    implementation: str
    operation: str
    """Empty where it is the same for both."""
    what: str
    old: int | None
    """Of a decode: 0 is a view, 1 a copy."""
    new: int | None

    @property
    def name(self) -> str:
        """Of which cell it is."""
        return " ".join(
            part for part in (self.implementation, self.operation, self.case.label) if part
        )

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
    for number, other in comparison.payloads_in_both.items():
        case = new.cases[number]
        for name in dict.fromkeys([*old.implementations, *new.implementations]):
            if not (old.done(other, name) and new.done(number, name)):
                continue  # that it is refused, or not measured, is reported elsewhere
            before, after = _all(old, other, name), _all(new, number, name)
            found += [
                Fact(case, name, *key, before.get(key), after.get(key))
                for key in dict.fromkeys([*before, *after])
            ]
    return found


def _all(results: Results, case: int, name: str) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    known = results.facts.get((case, name))
    if known is not None:
        found["", BYTES] = known.size
        found["", DECODE] = int(not known.view)
    for operation in results.operations:
        memory: Any = results.memory.get(Cell(case, name, operation))
        for what in WHAT:
            value = getattr(memory, what, None)
            if value is not None:
                found[operation, what] = value
    return found


def refusals(comparison: Comparison) -> Iterator[tuple[str, str, bool]]:
    """Yield each cell that was refused in one file only, the reason, and whether it came."""
    old, new = comparison.old.results, comparison.new.results
    for number, other in comparison.payloads_in_both.items():
        for name in dict.fromkeys([*old.implementations, *new.implementations]):
            before, after = old.facts.get((other, name)), new.facts.get((number, name))
            if before and after and (before.cannot is None) != (after.cannot is None):
                label = f"{name} {new.cases[number].label}"
                yield label, after.cannot or before.cannot or "", after.cannot is not None


def amount(what: str, value: int | None, *, bare: bool = False) -> str:
    """Write a fact: exactly, for it is exact."""
    if value is None:
        return "-"
    if what == DECODE:
        return ("view", "copy")[value]
    unit = "bytes" if what == PYTHON else what
    return f"{value:,}" if bare else f"{value:,} {unit}"


@dataclass(frozen=True)
class Gate:
    """What a bound says of a comparison, and what can be told of it."""

    wrong: list[str]
    """Codecs that are slower, and bodies that are larger, by more than the bound."""
    unsure: list[Change]
    """Codecs of which nobody can tell: the slowest first."""


def over(comparison: Comparison, bound: float) -> Gate:
    """Judge codecs and bodies by a bound: 0.25 is 25 %."""
    ours = [change for change in comparison.changes if change.ours]
    slow = [change for change in ours if change.judged(bound) == SLOWER]
    unsure = [change for change in ours if change.judged(bound) == CANNOT_TELL]
    large = [
        fact
        for fact in facts(comparison)
        if fact.what == BYTES and fact.old and fact.new and fact.new / fact.old > 1 + bound
    ]
    limit = figures.ratio(1 + bound)
    wrong = [
        *(
            f"{each.name}: {figures.ratio(each.ratio)} the time, over {limit}"
            for each in sorted(slow, key=lambda change: -change.ratio)
        ),
        *(f"{describe(each)}, over {limit}" for each in large),
    ]
    return Gate(wrong, sorted(unsure, key=lambda change: -change.ratio))


def describe(fact: Fact) -> str:
    """Return what a fact was and is."""
    return f"{fact.name}: {amount(fact.what, fact.old)} -> {amount(fact.what, fact.new)}"


def exact(comparison: Comparison) -> tuple[list[str], list[str]]:
    """Compare what is exact: regressions, and what else a person must know.

    What the old file knows the new one must know too: a check that is silently left out is none.
    """
    other = counting_differences(comparison.old.metadata, comparison.new.metadata)
    wrong = [f"{name} is refused: {reason}" for name, reason, came in refusals(comparison) if came]
    wrong += [f"not measured: {name}" for name in comparison.gone]
    notes, unread, fallen, counted = [], dict.fromkeys(GATED, 0), 0, 0
    for fact in facts(comparison):
        if fact.what not in GATED or fact.old is None:
            continue
        if fact.what == ALLOCATIONS and other:
            counted += fact.old != fact.new
        elif fact.new is None:
            unread[fact.what] += 1
        elif fact.grew:
            wrong.append(describe(fact))
        else:
            fallen += fact.fell
    for what, times in unread.items():
        if what in (COPIES, ALLOCATIONS) and times:
            wrong.append(
                f"{what} of {times} cells are not known: measure with --memory, memray installed"
            )
    if other:
        notes.append(
            f"Allocations do not gate ({counted} of them differ): they depend on versions, and"
            f" these are others: {'; '.join(other)}. {_anew()}."
        )
    if fallen:
        notes.append(f"{fallen} facts are better than the old file says. {_anew()}.")
    return wrong, notes


def _anew() -> str:
    return f"{command('record')} NEW makes the file of exact facts anew"
