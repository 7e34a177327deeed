"""A section that grows: time against batch size, a panel for each container."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log
from statistics import median
from typing import TYPE_CHECKING

from ... import figures, tables
from ...advice.advice import recommend
from ...advice.scores import NEAR, scores_of
from ...implementations.implementation import MEMCPY, container_of, is_codec, kind_of, label_of
from ...payloads.case import dtype_of
from .. import charts
from ..charts import Axis, Bar, Part, Point, Series
from ..page import Drawing, Panel, Section, class_of
from .views import MEMORY, legend, style_of, switches, title_of, views

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...measure.results import Results
    from .views import View

SERIES = (
    "Time of one call against rows in the batch; both axes are logarithmic. Grey behind the lines:"
    " the codecs of the other containers, on the same axes. Hollow marks: the same job without"
    " tensorwire, through Python objects or with the bare library. Below the grey area's edge lies"
    " what is quicker than one copy of the array's memory: only what does not touch it gets there."
)


def growing_section(results: Results, name: str, chosen: Sequence[int], number: int) -> Section:
    """Return a panel for each container: lines, where they cross, and sizes."""
    grown = Growth(results, chosen)
    panels = [
        Panel(
            container,
            [*(grown.times(view, container) for view in views(results)), *grown.sizes(container)],
            shown_by=class_of("c", container),
        )
        for container in tables.groups(results.implementations)
    ]
    shown = switches(results, number, list(tables.groups(results.implementations)))
    return Section(f"Time and size: {name}", SERIES, legend(results), shown, panels)


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
                    off = view.off(number, name)
                    points.append(Point(case.shape[0], seconds, text, off))
            if name == MEMCPY and points:
                found.append(Series(MEMORY, "memcpy", points, charts.LIMIT))
            elif points:
                style = style_of(name, self.results)
                found.append(Series(title_of(name), label_of(name), points, style))
        return found

    def crossings(self, view: View, container: str) -> list[tuple[float, float, str]]:
        """Return where the choice within a container changes, and what that means."""
        cases = {self.results.cases[number].label: number for number in self.chosen}
        scores = scores_of(view.results, self.results.cases[self.last].section)
        names = [name for name in scores.describing if container_of(name) == container]
        last = self.results.cases[self.last]
        found: list[tuple[float, float, str]] = []
        for before, after in pairwise(recommend(scores, names)):
            if (after.columns[0], before.codec) not in scores.seconds:
                continue  # it cannot carry what follows
            start = self.results.cases[cases[after.columns[0]]].shape[0]
            x, y = self.meeting(view, (after.codec, before.codec), cases[after.columns[0]])
            # What would cover another is moved a little to the right.
            while any(abs(log(x / a)) < 0.5 and abs(log(y / b)) < 0.5 for a, b, _ in found):
                x *= 1.7
            text = f"{kind_of(after.codec)} is ahead of {kind_of(before.codec)} from {start:,} rows"
            if (last.label, before.codec) in scores.seconds:
                ratio = median(scores.ratios(last.label, before.codec, after.codec))
                if ratio > 1 + NEAR:
                    text += f" on, {figures.times(ratio)} as fast at {last.shape[0]:,}"
            found.append((x, y, text))
        return found

    def meeting(self, view: View, names: tuple[str, str], number: int) -> tuple[float, float]:
        """Return where two lines meet: between two payloads, if the order changed there."""
        place = self.chosen.index(number)
        around = []
        for case in self.chosen[max(0, place - 1) : place + 1]:
            fast, slow = (view.seconds(case, way) for way in names)
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
            if is_codec(name) and (facts := self.results.done(self.last, name))
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
