"""What a run has measured: samples, medians, and the noise of its A/A controls."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from ..implementations.implementation import OPERATIONS, by_container, is_codec, kind_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..payloads.case import Case
    from .check import Facts
    from .transfers import Links


NOISY = 0.10
"""Equal cells that differ by more show that the machine was busy with something else."""
LEAST_NOISE = 0.01
"""Two medians nearer than this are always level, however quiet the run was."""
CONTROLS = 3
DISAGREE = 1.25
"""A cell whose processes are so many times apart is measured again, and marked."""
APART = 5
"""The quickest and the slowest of so many processes may be accidents, and are left out."""


class Cell(NamedTuple):
    """One thing to time."""

    case: int
    implementation: str
    operation: str
    control: bool = False
    """The second of two equal cells: an A/A control, which shows how far equal things differ."""

    def name(self, case: Case) -> str:
        """Return what it is called in files, with its payload in full."""
        again = " (again)" if self.control else ""
        return f"{self.implementation} {self.operation} {case.title}{again}"


@dataclass
class Samples:
    """What was measured so far; it is kept when a run is interrupted."""

    seconds: dict[Cell, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    """Seconds per call, one list per worker."""
    loops: dict[Cell, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Calls per sample, one number per worker."""
    runs: dict[Cell, list[Any]] = field(default_factory=dict)
    """Of a rigorous run: each ``pyperf.Run``, with its warm-ups, calibration and dates."""
    waited: list[float] = field(default_factory=list)
    """Of each worker, the share of its time in which it waited for a processor."""

    def add(self, cell: Cell, runs: Sequence[Any], *, keep: bool = False) -> None:
        """Add the values of ``pyperf.Run``s; keep the runs themselves, too."""
        if keep:
            self.runs.setdefault(cell, []).extend(runs)
        for run in runs:
            if run.values:
                self.seconds[cell].append(list(run.values))
                self.loops[cell].append(run.get_loops())


def choose_controls(codecs: Sequence[str]) -> list[str]:
    """Choose the codecs that are measured twice: one of each container, up to three."""
    # Kinds differ between containers, so that quick and slow cells are among the controls.
    wanted = ("ndarray", "tensor", "tftensor")
    chosen = []
    for position, names in enumerate(by_container(codecs).values()):
        kind = wanted[position % len(wanted)]
        chosen.append(next((name for name in names if kind_of(name) == kind), names[0]))
    return chosen[:CONTROLS]


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
    implementations: Sequence[str]
    operations: Sequence[str]
    facts: Mapping[tuple[int, str], Facts]
    samples: Samples
    memory: Mapping[Cell, Memory] = field(default_factory=dict)
    digests: Mapping[int, int] = field(default_factory=dict)
    """Of each case: one number by which two runs know that they had the same array."""
    http_round_trips: Mapping[int, float] = field(default_factory=dict)
    """Seconds of a plain HTTP request over 127.0.0.1, by the bytes it sends (`transport`)."""

    links: Links | None = None
    """Ways to send some of the payloads over links of several speeds, where that was asked for."""

    @property
    def summed(self) -> tuple[str, ...]:
        """The operations of which the times are added up: a first use is not, beside its decode."""
        directions = tuple(each for each in OPERATIONS if each in self.operations)
        return directions or tuple(self.operations)

    @property
    def codec_cells(self) -> list[Cell]:
        """What was timed of codecs, each once: no baselines, no controls."""
        return [c for c in self.samples.seconds if is_codec(c.implementation) and not c.control]

    def done(self, case: int, implementation: str) -> Facts | None:
        """Return what is known of an implementation on a payload; None if it cannot carry that."""
        facts = self.facts.get((case, implementation))
        return facts if facts is not None and facts.cannot is None else None

    def count(self, cell: Cell) -> int:
        """How often the cell was timed."""
        return sum(len(each) for each in self.samples.seconds.get(cell, []))

    def seconds(
        self, case: int, implementation: str, operation: str, *, control: bool = False
    ) -> float | None:
        """Return the median of the processes' medians, None if there are none.

        So one process that was disturbed changes nothing, however many samples it has.
        """
        found = self.by_process(Cell(case, implementation, operation, control))
        return median(found) if found else None

    def by_process(self, cell: Cell) -> list[float]:
        """Return the median of each process that timed the cell."""
        return [median(each) for each in self.samples.seconds.get(cell, []) if each]

    def spread(self, cell: Cell) -> float:
        """Return the ratio of the slowest process to the fastest."""
        return spread(self.by_process(cell))

    def disagrees(self, case: int, implementation: str, *operations: str) -> bool:
        """Whether the processes disagree on one of these times."""
        return any(self.spread(Cell(case, implementation, op)) > DISAGREE for op in operations)

    def there_and_back(self, case: int, implementation: str) -> float | None:
        """Encode plus decode, or the one operation that was asked for."""
        parts = [self.seconds(case, implementation, operation) for operation in self.summed]
        known = [part for part in parts if part is not None]
        return sum(known) if len(known) == len(parts) else None

    def refusals(self) -> dict[tuple[str, str], list[int]]:
        """Return the cases that were refused, by implementation and reason."""
        found: dict[tuple[str, str], list[int]] = {}
        for (case, name), facts in self.facts.items():
            if facts.cannot is not None:
                found.setdefault((name, facts.cannot), []).append(case)
        return found

    def pairs(self, case: int) -> list[float]:
        """How far each pair of equal cells differs: 0.02 is two per cent."""
        found = []
        for cell in self.samples.seconds:
            if cell.control and cell.case == case:
                first = self.seconds(*cell[:3])
                second = self.seconds(*cell[:3], control=True)
                if first and second:
                    found.append(exp(abs(log(first / second))) - 1)
        return found

    def noise(self, case: int) -> float:
        """Return the largest difference of two equal cells on this payload."""
        return max([LEAST_NOISE, *self.pairs(case)])


def spread(found: Sequence[float]) -> float:
    """Return the largest of what each process found, divided by the smallest.

    Of five processes or more one at either end is left out, of ten two, and so on.
    """
    ordered = sorted(found)
    aside = len(ordered) // APART
    return ordered[-1 - aside] / ordered[aside] if ordered else 1.0


def level(first: float, second: float, noise: float) -> bool:
    """Whether two times differ by no more than the noise: a tie."""
    return abs(log(first / second)) <= log(1 + noise)
