"""Times and sizes of one section of a run: all that advice on it is made from."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from ..implementations.implementation import OBJECTS, is_codec, kind_of
from ..measure.results import Cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..measure.results import Results

NEAR = 0.10
"""Nobody should choose by less than this,"""
AGREED = 0.75
"""and only if so many of the processes found it;"""
CLEAR, MOSTLY = 2.0, 0.5
"""half of them are enough for so large a factor."""


@dataclass(frozen=True)
class Scores:
    """The codecs on one section's payloads; a cell is a column and a codec."""

    columns: tuple[str, ...]
    codecs: tuple[str, ...]
    seconds: Mapping[tuple[str, str], float]
    """Encode plus decode, or the one operation that was asked for."""
    processes: Mapping[tuple[str, str], Sequence[float]]
    """The same seconds, as each process measured them."""
    sizes: Mapping[tuple[str, str], int]
    series: bool = True
    """The columns grow, so neighbours are put together."""
    elements: Mapping[str, int] = field(default_factory=dict)
    objects: Mapping[tuple[str, str], Sequence[float]] = field(default_factory=dict)
    """The seconds of the same job done through Python objects, by process."""
    casts: frozenset[tuple[str, str]] = frozenset()
    """Where the payload comes back as another dtype."""

    def is_slower(self, column: str, name: str, than: str) -> bool:
        """Whether it is slower beyond the noise.

        Both are compared within each process, whose speed they share, so that one process that
        was disturbed, or a machine that slows down, decides nothing.
        """
        ratios = sorted(self.ratios(column, name, than))
        return any(
            len(ratios) - bisect_right(ratios, factor) >= share * len(ratios) > 0
            for factor, share in ((1 + NEAR, AGREED), (CLEAR, MOSTLY))
        )

    def ratios(self, column: str, name: str, than: str) -> list[float]:
        """Return how many times as long as another it took, in each process."""
        return divided(self.processes[column, name], self.processes[column, than])

    def best(self, column: str, names: Iterable[str]) -> list[str]:
        """Return the quickest of these codecs, and all that are not slower beyond the noise.

        First those that keep the dtype, and of them the smallest body.
        """
        known = {n: self.seconds[column, n] for n in names if (column, n) in self.seconds}
        if not known:
            return []
        quickest = min(known, key=lambda n: known[n])
        most = max(known[n] for n in known if not self.is_slower(column, n, quickest))
        return sorted(
            (n for n in known if known[n] <= most),  # none that is named is slower than another
            key=lambda n: ((column, n) in self.casts, self.sizes.get((column, n), 0), known[n]),
        )

    @property
    def describing(self) -> list[str]:
        """The codecs whose payload has its own shape and dtype: all but ``raw``."""
        return describing(self.codecs)


def divided(slow: Sequence[float], fast: Sequence[float]) -> list[float]:
    """Return the ratio of each process; an interrupted run has fewer of one than of the other."""
    return [first / second for first, second in zip(slow, fast, strict=False)]


def scores_of(results: Results, section: str, casts: Iterable[tuple[str, str]] = ()) -> Scores:
    """Gather one section of a run."""
    chosen = {n: case for n, case in enumerate(results.cases) if case.section == section}
    codecs = tuple(name for name in results.implementations if is_codec(name))
    seconds, processes, sizes, objects = {}, {}, {}, {}
    for n, case in chosen.items():
        for name in codecs:
            cell = case.label, name
            parts = _by_process(results, n, name)
            if all(parts):
                seconds[cell] = sum(map(median, parts))
                sizes[cell] = results.facts[n, name].size
                processes[cell] = _together(parts)
                if usual := _together(_by_process(results, n, name + OBJECTS)):
                    objects[cell] = usual
    return Scores(
        tuple(case.label for case in chosen.values()),
        codecs,
        seconds,
        processes,
        sizes,
        series=next(iter(chosen.values())).series,
        elements={case.label: case.size for case in chosen.values()},
        objects=objects,
        casts=frozenset(casts),
    )


def _by_process(results: Results, case: int, name: str) -> list[list[float]]:
    """Return the seconds of each operation that counts, by process."""
    return [results.by_process(Cell(case, name, each)) for each in results.summed]


def _together(parts: Iterable[Sequence[float]]) -> list[float]:
    return [sum(each) for each in zip(*parts, strict=False)]


def describing(codecs: Iterable[str]) -> list[str]:
    """Return the codecs whose payload has its own shape and dtype: all but ``raw``."""
    return [name for name in codecs if kind_of(name) != "raw"]
