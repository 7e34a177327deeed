"""Times and sizes of one section of a run: all that advice on it is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from ..implementations.implementation import OBJECTS, container_of, is_codec, kind_of
from ..measure.results import Cell, level

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..measure.results import Results

NEAR = 0.10
"""Nobody should choose by less than this, however quiet the run was."""
AGREED = 0.9
"""The share of the processes that must find the same codec quicker: of three, all;"""
CLEAR, MOSTLY = 2.0, 0.5
"""but only half of them, where the medians are so many times apart."""


@dataclass(frozen=True)
class Scores:
    """The codecs on one section's payloads; a cell is a column and a codec."""

    columns: tuple[str, ...]
    codecs: tuple[str, ...]
    seconds: Mapping[tuple[str, str], float]
    """Encode plus decode, or the one operation that was asked for."""
    noise: Mapping[str, float]
    sizes: Mapping[tuple[str, str], int]
    series: bool = True
    """The columns grow, so crossovers have a meaning."""
    elements: Mapping[str, int] = field(default_factory=dict)
    objects: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """The seconds of the same job done through Python objects."""
    casts: frozenset[tuple[str, str]] = frozenset()
    """Where the payload comes back as another dtype."""
    processes: Mapping[tuple[str, str], Sequence[float]] = field(default_factory=dict)
    """The same seconds, as each process measured them."""

    def is_tie(self, column: str, first: str, second: str) -> bool:
        """Whether nobody should choose by the difference of two codecs' times.

        It counts only if it is larger than the noise, and if nearly all processes agree on it.
        """
        fast, slow = sorted((first, second), key=lambda name: self.seconds[column, name])
        least, most = self.seconds[column, fast], self.seconds[column, slow]
        if level(least, most, max(self.noise[column], NEAR)):
            return True
        pairs = list(
            zip(
                self.processes.get((column, fast), ()),
                self.processes.get((column, slow), ()),
                strict=False,  # an interrupted run has fewer of one than of the other
            )
        )
        needed = MOSTLY if most >= CLEAR * least else AGREED
        return sum(quick < slack for quick, slack in pairs) < needed * len(pairs)

    def best(self, column: str, names: Sequence[str]) -> list[str]:
        """Return the quickest of these codecs and those about as quick.

        First those that keep the dtype, and of them the smallest body.
        """
        known = {n: self.seconds[column, n] for n in names if (column, n) in self.seconds}
        if not known:
            return []
        least = min(known, key=lambda n: known[n])
        return sorted(
            (n for n in known if self.is_tie(column, n, least)),
            key=lambda n: ((column, n) in self.casts, self.sizes.get((column, n), 0), known[n]),
        )

    @property
    def describing(self) -> list[str]:
        """The codecs whose payload has its own shape and dtype: all but ``raw``."""
        return describing(self.codecs)


def scores_of(results: Results, section: str, casts: Iterable[tuple[str, str]] = ()) -> Scores:
    """Gather one section of a run."""
    chosen = [n for n, case in enumerate(results.cases) if case.section == section]
    codecs = tuple(name for name in results.implementations if is_codec(name))
    labels = {n: results.cases[n].label for n in chosen}
    seconds, sizes, objects, processes = {}, {}, {}, {}
    for n in chosen:
        for name in codecs:
            taken = results.there_and_back(n, name)
            if taken is not None:
                seconds[labels[n], name] = taken
                sizes[labels[n], name] = results.facts[n, name].size
                processes[labels[n], name] = _by_process(results, n, name)
            usual = results.there_and_back(n, name + OBJECTS)
            if usual is not None:
                objects[labels[n], name] = usual
    return Scores(
        tuple(labels.values()),
        codecs,
        seconds,
        {labels[n]: results.noise(n) for n in chosen},
        sizes,
        series=results.cases[chosen[0]].series,
        elements={labels[n]: results.cases[n].size for n in chosen},
        objects=objects,
        casts=frozenset(casts),
        processes=processes,
    )


def _by_process(results: Results, case: int, name: str) -> list[float]:
    """Return encode plus decode, as each process measured them."""
    found = [
        [median(each) for each in results.samples.seconds[Cell(case, name, operation)] if each]
        for operation in results.summed
    ]
    return [sum(parts) for parts in zip(*found, strict=False)]


def describing(codecs: Sequence[str]) -> list[str]:
    """Return the codecs whose payload has its own shape and dtype: all but ``raw``."""
    return [name for name in codecs if kind_of(name) != "raw"]


def by_container(codecs: Sequence[str]) -> dict[str, list[str]]:
    """Group codecs."""
    groups: dict[str, list[str]] = {}
    for name in codecs:
        groups.setdefault(container_of(name), []).append(name)
    return groups
