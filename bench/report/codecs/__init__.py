"""The page of a run of ``python -m bench.codecs``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from math import exp, log, prod
from typing import TYPE_CHECKING, Any

from bench import figures, tables
from bench.advice import wording
from bench.advice.advice import advise, crossovers
from bench.advice.scores import scores_of
from bench.advice.wording import at, in_rows
from bench.implementations.implementation import (
    MEASURED,
    MEMCPY,
    TITLES,
    container_of,
    is_codec,
    kind_of,
    label_of,
)
from bench.measure.results import NOISY, Cell
from bench.measure.runfile import read
from bench.payloads.case import dtype_of
from bench.report import charts
from bench.report.charts import Axis, Bar, Dot, LineStyle, Part, Point, Row, Series
from bench.report.page import (
    Column,
    Drawing,
    Page,
    Panel,
    Section,
    Switch,
    Table,
    class_of,
    machine,
    numeric,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.advice.advice import Crossover
    from bench.measure.results import Results
    from bench.measure.runfile import Run
    from bench.report.charts import Chart

KINDS = ("ndarray", "tensor", "tftensor", "raw")
BASELINES = "baselines"
"""The class of what people do without tensorwire, and of the box that shows it."""
MEMORY = "one memcpy"
BOTH = "both"
UNKNOWN = "-"
LEAST_GAIN = 1.1
"""A codec that is ahead by less at the end is not worth an annotation."""
MOST_ANNOTATIONS = 3
MOST_PANELS = 3
"""Beside one another in the picture."""
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
        _growing_section(results, name, chosen, next(numbers))
        for name, chosen in growing(results).items()
    ]
    single = alone(results)
    if single:
        heading = "Other payloads" if sections else "Time and size of each payload"
        sections.append(_single_section(results, heading, single, next(numbers)))
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


# What a page shows in turn


@dataclass(frozen=True)
class View:
    """A run, seen as if it had only these operations."""

    name: str
    label: str
    results: Results

    def seconds(self, case: int, way: str) -> float | None:
        """Return the time of all its operations; None if one is not known."""
        return self.results.there_and_back(case, way)

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
    return f"{codec} {_beside(name)}" if style else codec


def _beside(name: str) -> str:
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


def _legend(results: Results) -> list[tuple[str, str]]:
    kinds = {
        kind_of(name): style_of(name, results) for name in results.implementations if is_codec(name)
    }
    entries = [(charts.swatch(style), kind) for kind, style in kinds.items()]
    if any(":" in name for name in results.implementations):
        entries.append((charts.swatch(LineStyle("k4", hollow=True)), "without tensorwire"))
    return entries


def _switches(results: Results, number: int, containers: Sequence[str]) -> list[Switch]:
    found, shown = views(results), [(class_of("c", each), each) for each in containers]
    if any(not is_codec(name) and name != MEMCPY for name in results.implementations):
        shown.append((BASELINES, "without tensorwire"))
    options = [(view.shown_by, view.label) for view in found]
    first = [Switch("Time of", options, f"view-{number}")] if len(found) > 1 else []
    return first + ([Switch("Show", shown)] if shown else [])


# A section that grows: time against batch size, a panel for each container


def _growing_section(results: Results, name: str, chosen: Sequence[int], number: int) -> Section:
    grown = Growth(results, chosen)
    panels = [
        Panel(
            container,
            [*(grown.times(view, container) for view in views(results)), *grown.sizes(container)],
            shown_by=class_of("c", container),
        )
        for container in tables.groups(results.implementations)
    ]
    switches = _switches(results, number, list(tables.groups(results.implementations)))
    return Section(f"Time and size: {name}", SERIES, _legend(results), switches, panels)


class Growth:
    """A section, and the axes that all of its charts share."""

    def __init__(self, results: Results, chosen: Sequence[int]) -> None:
        self.results, self.chosen, self.last = results, chosen, chosen[-1]
        rows = [results.cases[number].shape[0] for number in chosen]
        edge = (rows[-1] / rows[0]) ** 0.04
        title = "rows in the batch"
        self.x = Axis(rows[0] / edge, rows[-1] * edge, rows, charts.SHORT, title)
        known = (
            view.seconds(number, way)
            for view in views(results)
            for way in results.implementations
            for number in chosen
        )
        self.y = Axis.logarithmic([each for each in known if each], charts.TIME)

    def times(self, view: View, container: str, *, annotated: bool = True) -> Drawing:
        """Return one container's lines, and where they cross."""
        names = tables.groups(self.results.implementations)[container]
        found = self.crossings(view, container) if annotated else []
        chart = charts.lines(
            f"{container}: time of one call, {view.label}, against rows in the batch",
            self.lines(view, names),
            self.x,
            self.y,
            limit=next(iter(self.lines(view, [MEMCPY])), None),
            background=self.lines(
                view, [name for name in self.results.implementations if is_codec(name)]
            ),
            annotations=[(x, y) for x, y, _ in found],
        )
        return Drawing([chart], view.shown_by, annotations=[text for _, _, text in found])

    def lines(self, view: View, names: Sequence[str]) -> list[Series]:
        """Return a line for each way that has any time."""
        found = []
        for name in names:
            points = []
            for number in self.chosen:
                seconds, floor = view.seconds(number, name), view.seconds(number, MEMCPY)
                if seconds:
                    case = self.results.cases[number]
                    text = f"{figures.counted(case.shape[0], 'row')}: {figures.duration(seconds)}"
                    if floor and name != MEMCPY:
                        text += f", {figures.ratio(seconds / floor)} memcpy"
                    noise = self.results.noise(number)
                    points.append(Point(case.shape[0], seconds, text, noise))
            if name == MEMCPY and points:
                found.append(Series(MEMORY, "memcpy", points, charts.LIMIT))
            elif points:
                style = style_of(name, self.results)
                found.append(Series(title_of(name), label_of(name), points, style))
        return found

    def crossings(self, view: View, container: str) -> list[tuple[float, float, str]]:
        """Return where two lines cross, and what that means; one for all that a codec passes."""
        cases = {self.results.cases[number].label: number for number in self.chosen}
        together: dict[tuple[str, str], list[Crossover]] = {}
        section = self.results.cases[self.last].section
        for each in crossovers(scores_of(view.results, section)):
            inside = container_of(each.winner) == container_of(each.loser) == container
            if inside and each.factor >= LEAST_GAIN:
                together.setdefault((each.winner, each.column), []).append(each)
        last = self.results.cases[self.last].shape[0]
        found: list[tuple[float, float, str]] = []
        for (winner, column), passed in list(together.items())[:MOST_ANNOTATIONS]:
            losers = " and ".join(kind_of(each.loser) for each in passed)
            factors = " and ".join(figures.ratio(each.factor) for each in passed)
            start = self.results.cases[cases[column]].shape[0]
            since = f"from {start:,} rows on, {factors} at {last:,}"
            if start == last:
                since = f"at {last:,} rows, {factors}"
            x, y = self.meeting(view, passed[0], cases[column])
            # What would cover another is moved a little to the right.
            while any(abs(log(x / a)) < 0.5 and abs(log(y / b)) < 0.5 for a, b, _ in found):
                x *= 1.7
            found.append((x, y, f"{kind_of(winner)} is ahead of {losers} {since}"))
        return found

    def meeting(self, view: View, crossing: Crossover, number: int) -> tuple[float, float]:
        """Return where two lines meet: between two payloads, if the order changed there."""
        place = self.chosen.index(number)
        around = []
        for case in self.chosen[max(0, place - 1) : place + 1]:
            fast, slow = (view.seconds(case, way) for way in (crossing.winner, crossing.loser))
            if fast and slow:
                around.append((self.results.cases[case].shape[0], fast, slow))
        (left, *before), (right, *after) = around[0], around[-1]
        if left == right or before[0] <= before[1] or after[0] >= after[1]:
            return right, after[0]
        ahead, behind = log(before[0] / before[1]), log(after[1] / after[0])
        share = ahead / (ahead + behind)
        x, y = (
            exp(log(low) + share * log(high / low))
            for low, high in ((left, right), (before[0], after[0]))
        )
        return x, y

    def sizes(self, container: str) -> list[Drawing]:
        """Return the bytes of a value in the largest payload, a bar for each codec."""
        case = self.results.cases[self.last]
        elements, item = max(1, case.size), dtype_of(case.dtype).itemsize
        sizes = {
            name: facts.size / elements
            for name in self.results.implementations
            if is_codec(name)
            and (facts := self.results.facts.get((self.last, name)))
            and facts.cannot is None
        }
        rows = []
        for name in tables.groups(self.results.implementations)[container]:
            if name in sizes:
                each = f"{figures.three_digits(sizes[name])} B"
                text = f"{each} a value, {figures.size(sizes[name] * elements)} in all"
                part = Part(sizes[name], text, style_of(name, self.results).colour)
                rows.append(Bar(label_of(name), [part], each))
        if not rows:
            return []
        high, limit = max([item, *sizes.values()]), (item, f"{item} B in memory")
        title = f"{container}: bytes on the wire for each value"
        chart = charts.bars(title, rows, high, limit=limit)
        return [Drawing([chart], caption=f"Bytes per value, {case.shape[0]:,} rows")]


# Payloads by themselves: a row for each codec, a dot for each time


def _single_section(results: Results, heading: str, chosen: Sequence[int], number: int) -> Section:
    panels = []
    for case in chosen:
        described = results.cases[case]
        size = figures.size(described.nbytes)
        note = f"{list(described.shape)} {described.dtype}, {size} in memory"
        drawings = [Drawing([single_chart(view, case)], view.shown_by) for view in views(results)]
        panels.append(Panel(payload_of(results, case), drawings, note))
    return Section(heading, DOTS, _legend(results), _switches(results, number, ()), panels)


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
            text = f"{figures.duration(times[name])} {_beside(name)}"
            text += f", {figures.ratio(times[name] / times[codec])}"
            dots.append(Dot(times[name], text, style_of(name, results)))
    values = figures.duration(times[codec]), figures.size(results.facts[case, codec].size)
    return Row(label_of(codec), dots, values, name=codec)


# The picture for a README


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


# Text and figures


def _answers(results: Results) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Return what to choose, and all else by section."""
    headline: list[str] = []
    answers = []
    named = tables.sections(results)
    for name in named:
        lines = wording.lines(results, name)
        if not lines:
            continue
        advice = advise(results, name)
        for where, avoided in wording.avoid_by_column(advice.avoid).items():
            lines += [f"Avoid ({at(advice, where)}): {line}." for line in avoided]
        if not headline:
            first = max(1, len(advice.best))
            headline, lines = lines[:first], lines[first:]
        answers.append((name if len(named) > 1 else "", lines))
    return headline, answers


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
    worst = max((results.noise(number) for number in range(len(results.cases))), default=0.0)
    if worst > NOISY:
        found.append(
            f"The machine was noisy: equal cells differed by up to {figures.percent(worst)}."
            " Do not choose by less."
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
    noises = [
        f"{payload_of(results, number)}: {figures.percent(results.noise(number))}"
        for number in range(len(results.cases))
        if results.pairs(number)
    ]
    if noises:
        yield (
            "Noise is how far equal cells, measured twice in this run, differed at most. "
            + "; ".join(noises)
            + ". In the charts a whisker shows it where it is longer than the mark."
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
    beside = [view for view in found[1:] if view.label in TITLES.values()]
    ordered = [*(view for view in found[1:] if view not in beside), found[0], *beside]
    operations = {cell.operation for cell in results.memory}
    weighed = [view.name for view in found if view.name in operations]
    rows: list[list[str]] = []
    faded = set()
    for number in range(len(results.cases)):
        for way in results.implementations:
            facts = results.facts.get((number, way))
            times = [view.seconds(number, way) for view in ordered]
            if facts is None or facts.cannot is not None or not any(times):
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


PEAKS = {"python": "Python's memory", "process": "process's"}


def _peak(results: Results, cell: Cell, of: str) -> str:
    found = results.memory.get(cell)
    peak = getattr(found, of) if found else None
    return UNKNOWN if peak is None else figures.size(peak)
