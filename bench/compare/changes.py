"""One cell in both files, and what to think of the difference."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field, replace
from math import exp, inf, log
from statistics import median
from typing import TYPE_CHECKING

from bench.compare import alike, match
from bench.compare.files import NAMED
from bench.compare.interval import interval, pooled
from bench.implementations.implementation import FIRST_USE, TITLES, is_codec
from bench.measure.results import level

if TYPE_CHECKING:
    from bench.measure.run import Cell
    from bench.measure.runfile import Run
    from bench.payloads.case import Case

FASTER, SLOWER, TIE, UNKNOWN = "faster", "slower", "tie", "-"


@dataclass(frozen=True)
class Change:
    """The times of one cell, old and new."""

    case: Case
    way: str
    operation: str
    old: float
    new: float
    low: float
    """Of the 95 % confidence interval of the ratio."""
    high: float
    noise: float
    """How far equal cells differed in either file, and the median baseline: 0.02 is 2 %."""

    @property
    def ratio(self) -> float:
        """New by old: above 1 is slower."""
        return self.new / self.old

    @property
    def ours(self) -> bool:
        """Whether it is a codec's; what people do without one is measured beside it."""
        return self.case == NAMED or is_codec(self.way)

    @property
    def name(self) -> str:
        """Say which cell it is."""
        return " ".join(part for part in (self.way, self.operation, self.case.label) if part)

    @property
    def verdict(self) -> str:
        """Faster, slower, or a tie: the interval has 1 in it, or the noise is as large.

        Unknown, where a file has one sample only.
        """
        if self.high == inf:
            return UNKNOWN
        if self.low <= 1 <= self.high or level(self.new, self.old, self.noise):
            return TIE
        return SLOWER if self.ratio > 1 else FASTER


@dataclass(frozen=True)
class Comparison:
    """All that both files have, and what only one has."""

    old: Run
    new: Run
    pairs: dict[int, int]
    """The old number of each new payload that both have."""
    changes: list[Change]
    machine: list[str]
    """In which way the machines differ."""
    payloads: list[str]
    """In which way the payloads differ."""
    gone: list[str] = field(default_factory=list)
    """Cells that only the old file has."""
    come: list[str] = field(default_factory=list)
    drift: float = 1.0
    """The ratio of the median baseline, which is not our code: the machine's, or a library's."""


def compare(old: Run, new: Run) -> Comparison:
    """Match the cells of two files and judge each."""
    pairs, payloads = match.payloads(old.results, new.results)
    matched = match.cells(old.results, new.results, pairs)
    changes = [_change(old, new, cell, other) for cell, other in matched.items()]
    others = [change.ratio for change in changes if not change.ours]
    drift = median(others) if others else 1.0
    moved = exp(abs(log(drift)))
    changes = [replace(each, noise=moved * (1 + each.noise) - 1) for each in changes]
    return Comparison(
        old,
        new,
        pairs,
        changes,
        alike.other_machine(old.metadata, new.metadata),
        payloads,
        _only(old, new, set(matched.values()), _refused(new, {o: n for n, o in pairs.items()})),
        _only(new, old, set(matched), _refused(old, pairs)),
        drift,
    )


def _change(old: Run, new: Run, cell: Cell, other: Cell) -> Change:
    before, after = old.results.samples.seconds[other], new.results.samples.seconds[cell]
    case = new.results.cases[cell.case]
    # The seed is the cell's own: what else is compared does not change its interval.
    low, high = interval(before, after, zlib.crc32(f"{cell[1:]} {case.title}".encode()))
    noise = max(old.results.noise(other.case), new.results.noise(cell.case))
    times = pooled(before), pooled(after)
    return Change(case, cell.way, cell.operation, *times, low, high, noise)


def _refused(other: Run, pairs: dict[int, int]) -> dict[int, set[str]]:
    """Return, for each payload that both files have, the ways that the other one refuses."""
    facts = other.results.facts
    return {
        number: {way for (case, way), known in facts.items() if case == there and known.cannot}
        for number, there in pairs.items()
    }


def _only(run: Run, other: Run, both: set[Cell], payloads: dict[int, set[str]]) -> list[str]:
    """Name the cells that the other file has not: operations, whole payloads, the rest by way.

    A refusal is told as such.
    """
    results = run.results
    unknown = [each for each in results.operations if each not in other.results.operations]
    alone = [FIRST_USE] if FIRST_USE in unknown else []  # earlier versions did not measure it
    missing: dict[tuple[str, str], list[str]] = {}
    for cell in results.samples.seconds:
        if cell.case not in payloads or cell.twin or cell in both or cell.operation in alone:
            continue
        if cell.way not in payloads[cell.case]:
            missing.setdefault((cell.way, results.cases[cell.case].label), []).append(
                cell.operation
            )
    whole = [n for n in dict.fromkeys(c.case for c in results.samples.seconds) if n not in payloads]
    labels: dict[tuple[str, ...], list[str]] = {}
    for (way, label), operations in missing.items():
        labels.setdefault((way, " and ".join(operations)), []).append(label)
    return [
        *(f"{TITLES[each]} of all payloads" for each in alone),
        *(f"payload {results.cases[n].label}: {results.cases[n].title}" for n in whole),
        *(" ".join([*key, ", ".join(found)]).strip() for key, found in labels.items()),
    ]
