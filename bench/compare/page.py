"""The history of a machine's runs as a page: a line a codec, allocations and bytes beside times."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import figures
from ..implementations.implementation import is_codec, kind_of, label_of
from ..measure.results import Cell, level
from ..report import charts
from ..report.charts import Axis, Point, Series
from ..report.page import Column, Drawing, Page, Panel, Section, Switch, Table, class_of, numeric
from ..report.page import machine as described
from ..tables import groups
from .history import commit_of, date_of, numpy_of, points, python_of, ratio, sections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..measure.runfile import Run
    from ..payloads.case import Case
    from ..report.charts import Chart

RATIO = "format(datum.value, '~g') + 'x'"
"""Labels a tick: ``2x``."""
NOTE = (
    "A line is a codec, a mark a run; the table below has the dates and commits. Time: of the first"
    " run, geometric mean over the payloads that both have; a whisker is how far equal cells of a"
    " run differed. Allocations and bytes are exact, of one call on the largest payload."
)
MOST_TICKS = 8
FEW = 3


class History:
    """Runs of one machine, seen through the payloads of one section."""

    def __init__(self, runs: Sequence[Run], section: str, cases: Mapping[str, Case]) -> None:
        self.runs, self.section, self.cases = runs, section, cases
        measured = [name for run in runs for name in run.results.implementations]
        self.names = [name for name in dict.fromkeys(measured) if is_codec(name)]
        self.operations = [
            op
            for op in ("encode", "decode")
            if any(points(runs, list(cases), [name], op) for name in self.names)
        ]
        self.largest = max(cases.values(), key=lambda case: case.nbytes)

    def times(self, name: str, operation: str) -> list[Point]:
        """Return the time of each run by that of the first."""
        found = points(self.runs, list(self.cases), [name], operation)
        marks = []
        for each in found:
            value = ratio(each, found[0])
            if value:
                text = f"{self._run(each.run)}: {figures.ratio(value)} the first"
                marks.append(Point(self._place(each.run), value, text, each.noise))
        return marks

    def allocations(self, name: str, operation: str) -> list[Point]:
        """Return how often memory is asked for, where a run has counted it."""
        marks = []
        for run, number in self._with_largest():
            memory = run.results.memory.get(Cell(number, name, operation))
            if memory and memory.allocations is not None:
                text = f"{self._run(run)}: {figures.counted(memory.allocations, 'allocation')}"
                marks.append(Point(self._place(run), memory.allocations, text))
        return marks

    def sizes(self, name: str) -> list[Point]:
        """Return the bytes of a body."""
        marks = []
        for run, number in self._with_largest():
            if facts := run.results.done(number, name):
                text = f"{self._run(run)}: {facts.size:,} bytes"
                marks.append(Point(self._place(run), facts.size, text))
        return marks

    def _with_largest(self) -> list[tuple[Run, int]]:
        return [
            (run, number)
            for run in self.runs
            for number, case in enumerate(run.results.cases)
            if case.title == self.largest.title
        ]

    def _place(self, run: Run) -> int:
        return self.runs.index(run) + 1

    def _run(self, run: Run) -> str:
        return f"{date_of(run)}, {commit_of(run)}"

    def panel(self, container: str, names: Sequence[str]) -> Panel:
        """Return the charts of one container: times, allocations and bytes below one another."""
        largest = f"payload {self.largest.label}"
        drawings = []
        for operation in self.operations:
            times = {name: self.times(name, operation) for name in names}
            counts = {name: self.allocations(name, operation) for name in names}
            caption = f"Time of {operation}, by the first run"
            found = [self._chart(f"{container}: {caption}", times, RATIO)]
            if any(counts.values()):
                title = f"allocations of a call, {largest}"
                found.append(self._chart(f"{container} {operation}: {title}", counts, charts.COUNT))
                caption += f"; below it {title}"
            drawings.append(Drawing(found, class_of("v", operation), caption))
        title = f"Bytes, {largest}"
        sizes = {name: self.sizes(name) for name in names}
        if any(sizes.values()):
            chart = self._chart(f"{container}: {title}", sizes, charts.SHORT)
            drawings.append(Drawing([chart], caption=title))
        return Panel(container, drawings)

    def _chart(self, title: str, lines: Mapping[str, Sequence[Point]], label: str) -> Chart:
        kinds = [kind_of(name) for name in self.names]
        series = [
            Series(name, label_of(name), marks, charts.style_of(kind_of(name), kinds))
            for name, marks in lines.items()
            if marks
        ]
        values = [mark.y for each in series for mark in each.points]
        counted = label == charts.COUNT
        y = Axis.from_zero(max(values) * 1.1) if counted else Axis.logarithmic(values, label)
        count = len(self.runs)
        ticks = range(1, count + 1, -(-count // MOST_TICKS))
        x = Axis(0.7, count + 0.3, ticks, charts.COUNT, "run", log=False)
        return charts.lines(title, series, x, y)

    def table(self) -> Table:
        """Return the first and the last figures of each codec."""
        rows = []
        for name in self.names:
            for operation in self.operations:
                found = points(self.runs, list(self.cases), [name], operation)
                if not found:
                    continue
                title = self.largest.title
                ends = [figures.duration(each.seconds.get(title)) for each in (found[0], found[-1])]
                counted, sizes = self.allocations(name, operation), self.sizes(name)
                rows.append(
                    [
                        name,
                        operation,
                        *ends,
                        figures.ratio(ratio(found[-1], found[0])),
                        *(
                            f"{int(m[n].y):,}" if m else "-"
                            for m in (counted, sizes)
                            for n in (0, -1)
                        ),
                    ]
                )
        columns = [
            *(Column("codec"), Column("operation"), *numeric("first", "last", "x first")),
            *numeric("allocations, first", "last", "bytes, first", "last"),
        ]
        return Table(f"First and last run: {self.section}, {self.largest.label}", columns, rows)

    def changes(self) -> list[str]:
        """Return what is slower, faster, larger or allocates more in the last run, in sentences."""
        ratios, grew = {}, []
        for name in self.names:
            for operation in self.operations:
                marks = self.times(name, operation)
                noise = max((marks[0].noise, marks[-1].noise)) if marks else 0.0
                if len(marks) > 1 and not level(marks[-1].y, 1, noise):
                    ratios[f"{name} {operation}"] = marks[-1].y
                counted = self.allocations(name, operation)
                if counted and counted[-1].y > counted[0].y:
                    what = f"{int(counted[0].y):,} to {int(counted[-1].y):,} allocations"
                    grew.append(f"{name} {operation} ({what})")
            sizes = self.sizes(name)
            if sizes and sizes[-1].y > sizes[0].y:
                grew.append(f"{name} ({int(sizes[0].y):,} to {int(sizes[-1].y):,} bytes)")
        slower = sorted((item for item in ratios.items() if item[1] > 1), key=lambda i: -i[1])
        faster = sorted((item for item in ratios.items() if item[1] < 1), key=lambda i: i[1])
        told = [
            (word, [f"{name} ({figures.ratio(value)})" for name, value in found])
            for word, found in (("Slower", slower), ("Faster", faster))
        ]
        return [
            f"{word} than in the first run: {', '.join(found[:FEW])}"
            f"{f' and {len(found) - FEW} more' if found[FEW:] else ''}."
            for word, found in (*told, ("More", grew))
            if found
        ]


def page_of(runs: Sequence[Run], others: int) -> Page:
    """Return the page of the runs of one machine, in the order of their dates."""
    shown, answers = [], []
    named = sections(runs, None)
    for number, (section, cases) in enumerate(named.items(), 1):
        history = History(runs, section, cases)
        if not history.operations:
            continue
        panels = [history.panel(*each) for each in groups(history.names).items()]
        options = [(class_of("v", each), each) for each in history.operations]
        switches = [Switch("Time of", options, f"view-{number}")] if len(options) > 1 else []
        kinds = [kind_of(name) for name in history.names]
        legend = [(charts.swatch(charts.style_of(k, kinds)), k) for k in dict.fromkeys(kinds)]
        drawn = Section(section, NOTE, legend, switches, panels, table=history.table())
        shown.append(drawn)
        told = history.changes() or ["Nothing is slower than in the first run, beyond the noise."]
        answers.append((section, told))
    rows = [
        [f"{n}", date_of(run), commit_of(run), python_of(run), numpy_of(run)]
        for n, run in enumerate(runs, 1)
    ]
    columns = [Column("run"), *(Column(each) for each in ("date", "commit", "Python", "numpy"))]
    known = described(runs[-1].metadata)
    shown.append(Section("The runs", table=Table("The runs", columns, rows)))
    origin = [known[name] for name in ("processor", "Python") if name in known]
    origin.append(f"{figures.counted(len(runs), 'run')}, {date_of(runs[0])} to {date_of(runs[-1])}")
    warnings = [f"{figures.counted(others, 'run')} of other machines: not shown."] if others else []
    return Page("What became of the codecs?", origin, warnings, [], answers, shown)
