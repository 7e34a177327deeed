"""What a page shows in turn, the names of what it shows, and how each is drawn."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

from ... import tables
from ...advice.wording import in_rows
from ...implementations.implementation import MEASURED, MEMCPY, TITLES, is_codec, kind_of
from ...measure.results import Cell
from .. import charts
from ..charts import LineStyle
from ..page import Switch, class_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...measure.results import Results

KINDS = ("ndarray", "tensor", "tftensor", "raw")
BASELINES = "baselines"
"""The class of what people do without tensorwire, and of the box that shows it."""
MEMORY = "one memcpy"
BOTH = "both"
UNKNOWN = "-"


@dataclass(frozen=True)
class View:
    """A run, seen as if it had only these operations."""

    name: str
    label: str
    results: Results

    def seconds(self, case: int, way: str) -> float | None:
        """Return the time of all its operations; None if one is not known."""
        return self.results.there_and_back(case, way)

    def off(self, case: int, way: str) -> float:
        """Return how far the processes are from the time, to either side: 0.02 is 2 %."""
        cells = (Cell(case, way, each) for each in self.results.summed)
        return float(max(self.results.spread(cell) for cell in cells) ** 0.5 - 1)

    @property
    def shown_by(self) -> str:
        """The class of its switch."""
        return class_of("v", self.name)


def views(results: Results) -> list[View]:
    """Return the views of a run, the one to begin with first."""
    ordered = sorted(results.operations, key=MEASURED.index)
    single = [
        View(each.replace("+", "-"), TITLES.get(each, each), replace(results, operations=(each,)))
        for each in ordered
    ]
    if len(results.summed) < 2:
        return single
    return [View(BOTH, "there and back", results), *single]


def growing(results: Results) -> dict[str, list[int]]:
    """Return the sections that are drawn as lines: each payload has more rows than the last."""
    found = {}
    for name, chosen in tables.sections(results).items():
        cases = [results.cases[number] for number in chosen]
        known = all(case.series and case.shape and prod(case.shape[:1]) > 0 for case in cases)
        if known and 1 < len({case.shape[0] for case in cases}) == len(cases):
            found[name] = sorted(chosen, key=lambda number: results.cases[number].shape[0])
    return found


def alone(results: Results) -> list[int]:
    """Return the payloads that are drawn by themselves."""
    drawn = {number for each in growing(results).values() for number in each}
    return [number for number in range(len(results.cases)) if number not in drawn]


def style_of(name: str, results: Results) -> LineStyle:
    """Return how a way is drawn: by its kind; what people do without tensorwire is hollow."""
    kinds = [*KINDS, *(kind_of(way) for way in results.implementations if way != MEMCPY)]
    found = charts.style_of(kind_of(name), kinds)
    return found if is_codec(name) else found.as_baseline(dotted=not name.endswith(":objects"))


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
    if case.label == "payload":
        return case.section
    if [other.label for other in results.cases].count(case.label) > 1:
        return case.title
    return in_rows(case.label) if case.series else case.label


def legend(results: Results) -> list[tuple[str, str]]:
    """Return the line styles of kinds, and that of baselines."""
    kinds = {
        kind_of(name): style_of(name, results) for name in results.implementations if is_codec(name)
    }
    entries = [(charts.swatch(style), kind) for kind, style in kinds.items()]
    if any(":" in name for name in results.implementations):
        entries.append((charts.swatch(LineStyle("k4", hollow=True)), "without tensorwire"))
    return entries


def switches(results: Results, number: int, containers: Sequence[str]) -> list[Switch]:
    """Return the switches of a section, of which this is the number on the page."""
    found, shown = views(results), [(class_of("c", each), each) for each in containers]
    if any(not is_codec(name) and name != MEMCPY for name in results.implementations):
        shown.append((BASELINES, "without tensorwire"))
    options = [(view.shown_by, view.label) for view in found]
    first = [Switch("Time of", options, f"view-{number}")] if len(found) > 1 else []
    return first + ([Switch("Show", shown)] if shown else [])
