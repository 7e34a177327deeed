"""Medians of what was measured, and how far equal things differed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING, ClassVar

from bench.implementations.implementation import OPERATIONS, container_of, kind_of
from bench.measure.run import Cell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.measure.check import Facts
    from bench.measure.run import Samples
    from bench.payloads.case import Case

NOISY = 0.10
"""Equal cells that differ by more say that the machine was busy with something else."""
LEAST_NOISE = 0.01
"""Two medians nearer than this are never told apart, however quiet the run was."""
TWINS = 3


def choose_twins(ways: Sequence[str]) -> list[str]:
    """Choose the codecs that are measured twice: one of each container, up to three."""
    by_container: dict[str, list[str]] = defaultdict(list)
    for name in ways:
        by_container[container_of(name)].append(name)
    # Kinds differ between containers, so that quick and slow cells are among the twins.
    wanted = ("ndarray", "tensor", "tftensor")
    chosen = []
    for position, names in enumerate(by_container.values()):
        kind = wanted[position % len(wanted)]
        chosen.append(next((name for name in names if kind_of(name) == kind), names[0]))
    return chosen[:TWINS]


@dataclass(frozen=True)
class Memory:
    """What one call takes beside its argument; None: not known here."""

    NAMES: ClassVar = ("python", "process", "allocations", "copies")

    python: int | None = None
    """Peak bytes that tracemalloc sees: Python's objects, and numpy's arrays."""
    process: int | None = None
    """Peak bytes by which the process grows: all of it, C arenas included, in whole pages."""
    allocations: int | None = None
    """How often memory is asked for."""
    copies: int | None = None
    """How often as much memory as the array has, or more."""


@dataclass(frozen=True)
class Results:
    """A run, complete or interrupted."""

    cases: Sequence[Case]
    ways: Sequence[str]
    operations: Sequence[str]
    facts: Mapping[tuple[int, str], Facts]
    samples: Samples
    memory: Mapping[Cell, Memory] = field(default_factory=dict)
    digests: Mapping[int, int] = field(default_factory=dict)
    """Of each case: one number by which two runs know that they had the same array."""
    trips: Mapping[int, float] = field(default_factory=dict)
    """Seconds of a plain HTTP request over 127.0.0.1, by the bytes it sends (`transport`)."""

    @property
    def summed(self) -> tuple[str, ...]:
        """The operations of which the times are added up: a first use is not, beside its decode."""
        directions = tuple(each for each in self.operations if each in OPERATIONS)
        return directions or tuple(self.operations)

    def count(self, cell: Cell) -> int:
        """How often the cell was timed."""
        return sum(len(each) for each in self.samples.seconds.get(cell, []))

    def seconds(self, case: int, way: str, operation: str, *, twin: bool = False) -> float | None:
        """Return the median of all processes' samples, None if there are none."""
        lists = self.samples.seconds.get(Cell(case, way, operation, twin), [])
        pooled = [seconds for each in lists for seconds in each]
        return median(pooled) if pooled else None

    def there_and_back(self, case: int, way: str) -> float | None:
        """Encode plus decode, or the one operation that was asked for."""
        parts = [self.seconds(case, way, operation) for operation in self.summed]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    def refusals(self) -> dict[tuple[str, str], list[int]]:
        """Return the cases that a way cannot carry, by the way and the reason."""
        found: dict[tuple[str, str], list[int]] = {}
        for (case, way), facts in self.facts.items():
            if facts.cannot is not None:
                found.setdefault((way, facts.cannot), []).append(case)
        return found

    def pairs(self, case: int) -> list[float]:
        """How far each pair of equal cells differs: 0.02 is two per cent."""
        found = []
        for cell in self.samples.seconds:
            if cell.twin and cell.case == case:
                first = self.seconds(cell.case, cell.way, cell.operation)
                second = self.seconds(*cell[:3], twin=True)
                if first and second:
                    found.append(exp(abs(log(first / second))) - 1)
        return found

    def noise(self, case: int) -> float:
        """Return the largest difference of two equal cells on this payload."""
        return max([LEAST_NOISE, *self.pairs(case)])


def level(first: float, second: float, noise: float) -> bool:
    """Whether two times differ by no more than the noise: a tie."""
    return abs(log(first / second)) <= log(1 + noise)
