"""The page of a run of ``python -m bench.codecs``."""

from __future__ import annotations

from functools import partial
from itertools import count
from statistics import median
from typing import TYPE_CHECKING, Any

from ... import figures, tables
from ...advice import wording
from ...advice.advice import advise
from ...implementations.implementation import MEMCPY, TITLES, is_codec, label_of
from ...measure.results import DISAGREE, NOISY, Cell
from ...measure.runfile import read
from .. import charts
from ..charts import Axis, Dot, Row
from ..page import Column, Drawing, Page, Panel, Section, Table, machine, numeric
from . import links
from .growth import Growth, growing_section
from .views import (
    BOTH,
    alone,
    beside,
    growing,
    legend,
    payload_of,
    style_of,
    switches,
    title_of,
    views,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...measure.results import Results
    from ...measure.runfile import Run
    from ..charts import Chart
    from .views import View

UNKNOWN = "-"
MOST_PANELS = 3
"""Beside one another in the picture."""
DOTS = (
    "Time of one call, logarithmic; the figures are the codec's, a filled mark: time, and bytes"
    " on the wire. Hollow marks: the same job without tensorwire. The upright line is one copy of"
    " the array's memory."
)
MOST_NAMED = 8
"""Times that a sentence names."""
PEAKS = {"python": "Python's memory", "process": "process's"}


def build(path: str) -> Page:
    """Read a run and return its page.

    Raises
    ------
    RunFileError
        The file cannot be read, or is not a run of ``bench.codecs``.
    """
    return page_of(read(path))


def page_of(run: Run) -> Page:
    """Return the page of a run."""
    results, metadata = run.results, run.metadata
    headline, answers = _answers(results)
    numbers = count(1)
    sections = [
        growing_section(results, name, chosen, next(numbers))
        for name, chosen in growing(results).items()
    ]
    single = alone(results)
    if single:
        heading = "Other payloads" if sections else "Time and size of each payload"
        sections.append(_single_section(results, heading, single, next(numbers)))
    sections += links.sections(results)
    sections.append(Section("Every figure", table=_table(results)))
    refused = _refusals(results)
    if refused:
        sections.append(Section("What could not be measured", items=refused))
    known = list(machine(metadata).items())
    measured = list(_measured(results, metadata))
    sections.append(Section("How it was measured", paragraphs=measured, facts=known))
    tiles = picture_of(results)
    origin = _origin(metadata)
    draw = partial(charts.png, tiles[0], tiles[1] + ", ".join(origin), tiles[2]) if tiles else None
    warnings = _warnings(results, metadata)
    title = "Which format for this payload?"
    return Page(title, origin, warnings, headline, answers, sections, draw)


def _single_section(results: Results, heading: str, chosen: Sequence[int], number: int) -> Section:
    panels = []
    for case in chosen:
        described = results.cases[case]
        size = figures.size(described.nbytes)
        note = f"{list(described.shape)} {described.dtype}, {size} in memory"
        drawings = [Drawing([single_chart(view, case)], view.shown_by) for view in views(results)]
        panels.append(Panel(payload_of(results, case), drawings, note))
    return Section(heading, DOTS, legend(results), switches(results, number, ()), panels)


def single_chart(view: View, case: int) -> Chart:
    """Return one payload as one view sees it."""
    results = view.results
    times = {
        way: seconds for way in results.implementations if (seconds := view.seconds(case, way))
    }
    rows = []
    for container, names in tables.groups(results.implementations).items():
        known = [name for name in names if is_codec(name) and name in times]
        rows += [Row(container), *(_row(results, case, name, times) for name in known)] * bool(
            known
        )
    label = f"{results.cases[case].label}: time of one call, {view.label}"
    axis = Axis.logarithmic(times.values(), charts.TIME)
    return charts.dots(label, rows, axis, limit=times.get(MEMCPY))


def _row(results: Results, case: int, codec: str, times: Mapping[str, float]) -> Row:
    dots = [Dot(times[codec], figures.duration(times[codec]), style_of(codec, results))]
    for name in times:
        if name.startswith(f"{codec}:"):
            text = f"{figures.duration(times[name])} {beside(name)}"
            text += f", {figures.ratio(times[name] / times[codec])}"
            dots.append(Dot(times[name], text, style_of(name, results)))
    values = figures.duration(times[codec]), figures.size(results.facts[case, codec].size)
    return Row(label_of(codec), dots, values, name=codec)


def picture_of(
    results: Results,
) -> tuple[str, str, list[list[tuple[str, Chart]]]] | None:
    """Return a title, a note, and charts under their headings; None if nothing was timed.

    A row for each operation; in it each container or, without a section that grows, payload.
    """
    grown = growing(results)
    shown = [view for view in views(results) if view.name != BOTH]
    if grown:
        name, chosen = next(iter(grown.items()))
        growth = Growth(results, chosen)
        title = f"Time of one call against rows in the batch: {name}"
        limit = "Grey area: less than one copy of the memory."
        rows = [
            [
                (f"{each}, {view.label}", growth.times(view, each, annotated=False).charts[0])
                for each in list(tables.groups(results.implementations))[:MOST_PANELS]
            ]
            for view in shown
        ]
    else:
        title, limit = "Time of one call, and bytes on the wire", "Upright line: one copy."
        timed = [way for way in results.implementations if way != MEMCPY]
        cases = [
            number
            for number in alone(results)
            if any(results.there_and_back(number, way) for way in timed)
        ]
        rows = [
            [
                (f"{payload_of(results, case)}, {view.label}", single_chart(view, case))
                for case in cases[:MOST_PANELS]
            ]
            for view in shown
        ]
    return (title, f"Hollow: without tensorwire. {limit} ", rows) if any(rows) else None


def _answers(results: Results) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return what to choose, and the reasons by section."""
    found = [wording.answer(advise(results, name)) for name in tables.sections(results)]
    headline = [each.verdict for each in found]
    titles = [each.title if len(found) > 1 else "" for each in found]
    reasons = [[f"{label}: {text}" for label, text in each.entries] for each in found]
    return headline, list(zip(titles, reasons, strict=True))


def _origin(metadata: Mapping[str, Any]) -> list[str]:
    known = machine(metadata)
    return [known[name] for name in ("processor", "Python", "date") if name in known]


def _warnings(results: Results, metadata: Mapping[str, Any]) -> list[str]:
    found = []
    if str(metadata.get("protobuf_version", "")).endswith("(python)"):
        found.append(
            "protobuf ran in pure Python here, without upb: whatever goes through its runtime is"
            " hundreds of times slower than elsewhere."
        )
    spreads = [results.spread(cell) for cell in results.codec_cells]
    if spreads and median(spreads) - 1 > NOISY:
        found.append(
            "The machine was busy: the same time differed by"
            f" {figures.percent(median(spreads) - 1)} between processes. Do not choose by less."
        )
    return found


def _measured(results: Results, metadata: Mapping[str, Any]) -> Iterator[str]:
    counts = [results.count(cell) for cell in results.samples.seconds]
    workers = max((len(each) for each in results.samples.seconds.values()), default=0)
    how = (
        "in turn by pyperf's Runner, each time in a process of its own"
        if metadata.get("mode") == "rigorous"
        else f"in turn in {workers} process{'es' * (workers != 1)}, so that no cell has a better"
        " moment than another"
    )
    few, many = min(counts, default=0), max(counts, default=0)
    cells = sum(not cell.control for cell in results.samples.seconds)
    yield (
        f"{cells} cells, each checked before it was timed: the values come back bit for bit,"
        f" and each way reads what the other wrote. Timed {how};"
        f" {few:,}{f' to {many:,}' * (many > few)} samples each. A figure is the median."
    )
    if results.memory:
        yield (
            "Memory is what one call takes beside its argument, at most, from a pass of its own:"
            " Python's as tracemalloc sees it, numpy's arrays included; the process's as the"
            " system does, in whole pages, C libraries included."
        )
    apart = [cell for cell in results.codec_cells if results.disagrees(*cell[:3])]
    yield (
        "In the charts a whisker shows how far the processes differ where it is longer than the"
        f" mark. {figures.counted(len(apart), 'time')} of codecs differ by more than"
        f" {figures.percent(DISAGREE - 1)}"
        + (
            ": "
            + ", ".join(
                f"{cell.implementation} {TITLES.get(cell.operation, cell.operation)}"
                f" ({payload_of(results, cell.case)})"
                for cell in apart[:MOST_NAMED]
            )
            + (f" and {len(apart) - MOST_NAMED} more" if len(apart) > MOST_NAMED else "")
            if apart
            else ""
        )
        + "."
    )


def _refusals(results: Results) -> list[tuple[str, str]]:
    return [
        (
            way,
            f" cannot represent {', '.join(payload_of(results, case) for case in cases)}: {reason}",
        )
        for (way, reason), cases in results.refusals().items()
    ]


def _table(results: Results) -> Table:
    """Return every figure: a row for each payload and way."""
    found = views(results)
    others = [view for view in found[1:] if view.label in TITLES.values()]
    ordered = [*(view for view in found[1:] if view not in others), found[0], *others]
    operations = {cell.operation for cell in results.memory}
    weighed = [view.name for view in found if view.name in operations]
    rows: list[list[str]] = []
    faded = set()
    for number in range(len(results.cases)):
        for way in results.implementations:
            facts = results.done(number, way)
            times = [view.seconds(number, way) for view in ordered]
            if facts is None or not any(times):
                continue
            if not is_codec(way):
                faded.add(len(rows))
            whole, floor = (found[0].seconds(number, each) for each in (way, MEMCPY))
            size = facts.size if way != MEMCPY else 0
            each = size / max(1, results.cases[number].size)
            rows.append(
                [
                    payload_of(results, number),
                    title_of(way),
                    *(figures.duration(seconds) for seconds in times),
                    figures.ratio(whole / floor if whole and floor else None),
                    figures.size(size) if size else UNKNOWN,
                    figures.three_digits(each) if size else UNKNOWN,
                    UNKNOWN if way == MEMCPY else "view" if facts.view else "copy",
                    *(
                        _peak(results, Cell(number, way, each), of)
                        for each in weighed
                        for of in PEAKS
                    ),
                ]
            )
    columns = [Column("payload"), Column("codec"), *numeric(*(view.label for view in ordered))]
    columns += [*numeric("x memcpy", "bytes", "B/value"), Column("decode is")]
    columns += numeric(*(f"{each}, {title}" for each in weighed for title in PEAKS.values()))
    return Table("Every figure of this run", columns, rows, frozenset(faded))


def _peak(results: Results, cell: Cell, of: str) -> str:
    found = results.memory.get(cell)
    peak = getattr(found, of) if found else None
    return UNKNOWN if peak is None else figures.size(peak)
