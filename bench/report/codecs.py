"""The page of a run of ``python -m bench.codecs``."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from bench.codecs import answer, avoid, tables
from bench.codecs.advice import advise
from bench.codecs.places import at
from bench.implementations.ways import is_codec
from bench.measure.runfile import read
from bench.report import codecs_dots, codecs_facts, codecs_figure
from bench.report.codecs_chart import chart
from bench.report.codecs_table import figures_of
from bench.report.codecs_views import alone, growing, look
from bench.report.looks import Look, legend
from bench.report.machine import machine
from bench.report.markup import Markup, element, join
from bench.report.page import Page, facts, section

if TYPE_CHECKING:
    from bench.measure.results import Results
    from bench.measure.runfile import Run

SERIES = (
    "Time of one call against rows in the batch; both axes are logarithmic. Grey behind the lines:"
    " the codecs of the other containers, on the same axes. Hollow marks: the same job without"
    " tensorwire, through Python objects or with the bare library. Below the grey area's edge lies"
    " what is quicker than one copy of the array's memory: only what does not touch it gets there."
)
DOTS = (
    "Time of one call, logarithmic; the figures are the codec's, a filled mark: time, and bytes"
    " on the wire. Hollow marks: the same job without tensorwire. The upright line is one copy of"
    " the array's memory."
)


def build(path: str) -> Page:
    """Read a run and say all of it.

    Raises
    ------
    RunFileError
        The file cannot be read, or is no run of ``bench.codecs``.
    """
    return page_of(read(path))


def page_of(run: Run) -> Page:
    """Say all of a run."""
    results, metadata = run.results, run.metadata
    lead = [
        element("p", *(element("span", e) for e in codecs_facts.byline(metadata)), class_="from"),
        *(
            element("p", text, class_="warning")
            for text in codecs_facts.warnings(results, metadata)
        ),
        _answer(results),
    ]
    numbers = count(1)
    parts = [
        section(
            f"Time and size: {name}",
            _legend(results),
            codecs_figure.figure(results, chosen, next(numbers)),
            note=SERIES,
        )
        for name, chosen in growing(results).items()
    ]
    single = alone(results)
    if single:
        heading = "Other payloads" if parts else "Time and size of each payload"
        figure = codecs_dots.figure(results, single, next(numbers))
        parts.append(section(heading, _legend(results), figure, note=DOTS))
    parts.append(section("Every figure", figures_of(results)))
    refused = codecs_facts.refusals(results)
    if refused:
        parts.append(section("What could not be measured", refused))
    parts.append(
        section(
            "How it was measured",
            codecs_facts.measured(results, metadata),
            facts(list(machine(metadata).items())),
        )
    )
    return Page("Which format for this payload?", lead, parts, chart(results, metadata))


def _answer(results: Results) -> Markup:
    """Say what to choose in large letters, then all else, a column for each section."""
    choices: list[str] = []
    columns = []
    named = tables.sections(results)
    for name in named:
        lines = answer.lines(results, name)
        if not lines:
            continue
        advice = advise(results, name)
        for where, avoided in avoid.by_column(advice.avoid).items():
            lines += [f"Avoid ({at(advice, where)}): {line}." for line in avoided]
        if not choices:
            first = max(1, len(advice.best))
            choices, lines = lines[:first], lines[first:]
        items = [
            element("li", line.strip(), class_="more" if line.startswith("  ") else None)
            for line in lines
        ]
        head = [element("h2", name)] if len(named) > 1 else []
        columns.append(element("div", *head, element("ul", *items)))
    if not choices:
        return Markup()
    said = [element("p", choice, class_="choice") for choice in choices]
    return join([*said, element("div", *columns, class_="columns")])


def _legend(results: Results) -> Markup:
    kinds: dict[str, Look] = {}
    for name in results.ways:
        if is_codec(name):
            kinds.setdefault(name.partition("/")[2], look(name, results))
    entries = [(look, kind) for kind, look in kinds.items()]
    if any(":" in name for name in results.ways):
        entries.append((Look("k4", "circle", hollow=True), "without tensorwire"))
    return legend(entries)
