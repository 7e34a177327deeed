"""How a run was measured: where, when, how often, how exactly, and what was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.measure.results import NOISY
from bench.report.codecs_views import payload_of
from bench.report.machine import machine
from bench.report.markup import Markup, element, join
from bench.screen import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.measure.results import Results


def byline(metadata: Mapping[str, Any]) -> list[str]:
    """Say in a few words where and when."""
    told = machine(metadata)
    return [told[name] for name in ("processor", "Python", "date") if name in told]


def warnings(results: Results, metadata: Mapping[str, Any]) -> list[str]:
    """Say what makes this run unlike others."""
    found = []
    if str(metadata.get("protobuf_version", "")).endswith("(python)"):
        found.append(
            "protobuf ran in pure Python here, without upb: whatever goes through its runtime is"
            " hundreds of times slower than elsewhere."
        )
    worst = max((results.noise(number) for number in range(len(results.cases))), default=0.0)
    if worst > NOISY:
        found.append(
            f"The machine was noisy: equal cells differed by up to {figures.percent(worst)}."
            " Do not choose by less."
        )
    return found


def measured(results: Results, metadata: Mapping[str, Any]) -> Markup:
    """Say how it was measured, and how far equal things differed."""
    counts = [results.count(cell) for cell in results.samples.seconds]
    workers = max((len(each) for each in results.samples.seconds.values()), default=0)
    way = (
        "in turn by pyperf's Runner, each time in a process of its own"
        if metadata.get("mode") == "rigorous"
        else f"in turn in {workers} process{'es' * (workers != 1)}, so that no cell has a better"
        " moment than another"
    )
    few, many = min(counts, default=0), max(counts, default=0)
    cells = sum(not cell.twin for cell in results.samples.seconds)
    said = [
        (
            f"{cells} cells, each checked before it was timed: the values come back bit for bit,"
            f" and each way reads what the other wrote. Timed {way};"
            f" {few:,}{f' to {many:,}' * (many > few)} samples each. A figure is"
            " the median."
        )
    ]
    if results.memory:
        said.append(
            "Memory is what one call takes beside its argument, at most, from a pass of its own:"
            " Python's as tracemalloc sees it, numpy's arrays included; the process's as the"
            " system does, in whole pages, C libraries included."
        )
    noises = [
        f"{payload_of(results, number)}: {figures.percent(results.noise(number))}"
        for number in range(len(results.cases))
        if results.pairs(number)
    ]
    if noises:
        said.append(
            "Noise is how far equal cells, measured twice in this run, differed at most. "
            + "; ".join(noises)
            + ". In the charts a whisker shows it where it is longer than the mark."
        )
    return join(element("p", text, class_="note") for text in said)


def refusals(results: Results) -> Markup:
    """Say what could not be measured, and why."""
    items = []
    for (way, reason), cases in results.refusals().items():
        names = ", ".join(payload_of(results, case) for case in cases)
        items.append(element("li", element("code", way), f" cannot carry {names}: {reason}"))
    return element("ul", *items, class_="reasons") if items else Markup()
