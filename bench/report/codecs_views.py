"""What a page shows in turn: there and back, encode, decode, decode with a first use."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from bench.codecs.places import in_rows
from bench.codecs.tables import groups, sections
from bench.implementations.ways import MEASURED, MEMCPY, TITLES, is_codec, kind_of
from bench.report.looks import Look, look_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure.results import Results

KINDS = ("ndarray", "tensor", "tftensor", "raw")
BASELINES = "baselines"
"""The box that shows them."""
MEMORY = "one memcpy"
BOTH = "both"


@dataclass(frozen=True)
class View:
    """A run, seen as if it had only these operations."""

    name: str
    label: str
    results: Results

    def seconds(self, case: int, way: str) -> float | None:
        """Return the time of all its operations; None if one is not known."""
        return self.results.there_and_back(case, way)


def views(results: Results) -> list[View]:
    """Return the views of a run, the one to begin with first."""
    # A file has them in the order of its cells.
    ordered = sorted(results.operations, key=MEASURED.index)
    single = [
        View(each.replace("+", "-"), TITLES.get(each, each), replace(results, operations=(each,)))
        for each in ordered
    ]
    if len(results.summed) < 2:
        return single
    return [View(BOTH, "there and back", results), *single]


def is_series(results: Results, chosen: Sequence[int]) -> bool:
    """Whether a section is worth lines: it grows from payload to payload."""
    return len(chosen) > 1 and len(set(rows_of(results, chosen))) == len(chosen)


def rows_of(results: Results, chosen: Sequence[int]) -> list[int]:
    """Return where the payloads of a section stand on the axis; zeros if they have no place."""
    cases = [results.cases[number] for number in chosen]
    if not all(case.series and prod(case.shape[:1]) > 0 and case.shape for case in cases):
        return [0] * len(cases)
    return [case.shape[0] for case in cases]


def growing(results: Results) -> dict[str, list[int]]:
    """Return the sections that are drawn as lines."""
    return {name: each for name, each in sections(results).items() if is_series(results, each)}


def alone(results: Results) -> list[int]:
    """Return the payloads that are drawn by themselves."""
    drawn = {number for each in growing(results).values() for number in each}
    return [number for number in range(len(results.cases)) if number not in drawn]


def containers(results: Results) -> dict[str, list[str]]:
    """Return the ways of each container, codecs first."""
    return groups(results.ways)


def look(name: str, results: Results) -> Look:
    """Return how a way is drawn: by its kind; what people do without us is hollow."""
    kinds = [*KINDS, *(kind_of(way) for way in results.ways if way != MEMCPY)]
    found = look_of(kind_of(name), list(dict.fromkeys(kinds)))
    return found if is_codec(name) else found.as_baseline(alone=not name.endswith(":objects"))


def title_of(name: str) -> str:
    """Return what a way is called where nothing is around it."""
    if name == MEMCPY:
        return MEMORY
    codec, _, style = name.partition(":")
    return f"{codec} {beside(name)}" if style else codec


def beside(name: str) -> str:
    """Return what a baseline is called beside its codec."""
    style = name.partition(":")[2]
    return "through Python objects" if style == "objects" else f"by {style} alone"


def payload_of(results: Results, number: int) -> str:
    """Return what a payload is called where no heading says more."""
    case = results.cases[number]
    sharing = [other.label for other in results.cases].count(case.label)
    if case.label == "payload":
        return case.section
    if sharing > 1:
        return case.title
    return in_rows(case.label) if case.series else case.label
