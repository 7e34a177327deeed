"""What a page for serving runs says first: the answer of each of its files."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.report import serving_hop, serving_scale
from bench.report.markup import Markup, element
from bench.report.serving_facts import origin
from bench.report.serving_starts import summary
from bench.screen import figures
from bench.serving.cells import OBJECTS, OURS
from bench.serving.targets import advice, missed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.serving.recorded import Matrix, ServingRun


HEADINGS: Mapping[str, str] = {
    "latency": "One client",
    "throughput": "Many clients",
    "concurrent": "From one client up",
    "load": "Starting",
    "scale": "Workers that come and go",
    "hop": "One service in front",
}


def lead(runs: Sequence[ServingRun], warnings: Sequence[str]) -> list[Markup]:
    """Return the answers, the first of them large, and what makes them doubtful."""
    first = True
    parts = []
    for run in runs:
        items = []
        for line in answers(run):
            items.append(element("li", line, class_="first" if first else None))
            first = False
        heading = [element("h2", HEADINGS[run.mode])] if len(runs) > 1 else []
        parts += [*heading, element("ul", *items)]
    told = [element("p", line, class_="warning") for line in warnings]
    measured = element("p", origin(runs), class_="from")
    return [measured, element("div", *parts, class_="answer"), *told]


def answers(run: ServingRun) -> Iterator[str]:
    """Say what a file shows, a line each."""
    if run.mode == "latency":
        yield from _latency(run.matrix)
    elif run.mode in ("throughput", "concurrent"):
        yield from _loads(run)
    elif run.mode == "load":
        yield summary(run.starts)
    elif run.mode == "scale":
        yield serving_scale.summary(run.phases)
    else:
        for hop in ("pass", "nginx", "recode"):
            found = serving_hop.summary(run.hops, hop)
            if found:
                name = {"pass": "Our server, which passes bytes on", "recode": "One that recodes"}
                yield f"{name.get(hop, hop)}: {found}."


def _latency(matrix: Matrix) -> Iterator[str]:
    ours = [cell for cell in matrix.cells if cell.side == OURS]
    for values in sorted({cell.values for cell in ours}, reverse=True):
        for method in dict.fromkeys(cell.method for cell in ours):
            found = {
                cell: ratio[0]
                for cell in ours
                if (cell.values, cell.method) == (values, method)
                and (ratio := matrix.ratio(cell._replace(side=OBJECTS), cell))
            }
            if found:
                least, most = min(found, key=found.__getitem__), max(found, key=found.__getitem__)
                yield (
                    f"{method}, {figures.counted(values, 'value')}: {figures.ratio(found[least])}"
                    f" ({least.transport} {least.kind}) to {figures.ratio(found[most])}"
                    f" ({most.transport} {most.kind}) as fast as the usual way."
                )
    cells = list(matrix.cells)
    for line in advice(matrix, cells):
        yield line.replace("object way", "usual way")
    for line in missed(matrix, cells):
        yield f"Short of what was promised: {line}.".replace("object way", "usual way")


def _loads(run: ServingRun) -> Iterator[str]:
    most = max(count for _, count in run.loads)
    gains = []
    for (cell, count), load in run.loads.items():
        other = run.loads.get((cell._replace(side=OBJECTS), count))
        if cell.side == OURS and count == most and other and other.latencies and load.latencies:
            gains.append(load.rate / other.rate)
    if gains:
        yield (
            f"With {figures.counted(most, 'client')}: {figures.ratio(min(gains))} to"
            f" {figures.ratio(max(gains))} the requests/s of the usual way,"
            f" {figures.ratio(median(gains))} in the middle."
        )
    doubts = sum(1 for load in run.loads.values() if load.doubt())
    if doubts:
        yield f"The client, not the server, was the limit in {doubts} of {len(run.loads)} runs."
