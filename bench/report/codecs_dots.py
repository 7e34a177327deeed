"""Payloads that stand alone: a row for each codec, a dot for each time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.implementations.ways import MEMCPY, is_codec, label_of
from bench.report.codecs_views import (
    BASELINES,
    beside,
    containers,
    look,
    payload_of,
    views,
)
from bench.report.dots import LEFT, RIGHT, Dot, Row, dots
from bench.report.markup import Markup, element
from bench.report.scales import Log, tick_time
from bench.report.switches import boxes, class_of, radios
from bench.screen import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure.results import Results
    from bench.report.codecs_views import View


def figure(results: Results, chosen: Sequence[int], number: int) -> Markup:
    """Draw a panel for each of some payloads, with switches for all of them."""
    seen = views(results)
    switches = []
    if len(seen) > 1:
        switches.append(radios(f"view-{number}", [(v.name, v.label) for v in seen], "Time of"))
    if any(not is_codec(name) and name != MEMCPY for name in results.ways):
        switches.append(boxes([(BASELINES, "without tensorwire")], "Show"))
    panels = []
    for case in chosen:
        told = results.cases[case]
        drawn = [
            element("div", case_panel(view, case), class_=class_of("v", view.name)) for view in seen
        ]
        named = payload_of(results, case)
        note = f"{list(told.shape)} {told.dtype}, {figures.size(told.nbytes)} in memory"
        head = element("h3", named), element("p", note, class_="note")
        panels.append(element("div", *head, *drawn, class_="panel"))
    return element(
        "figure",
        *([element("div", *switches, class_="switches")] if switches else []),
        element("div", *panels, class_="panels"),
        class_="switched",
    )


def case_panel(view: View, case: int) -> Markup:
    """Draw one payload as one view sees it."""
    results = view.results
    times = {way: taken for way in results.ways if (taken := view.seconds(case, way))}
    scale = Log.around(times.values(), LEFT, RIGHT)
    rows = []
    for container, names in containers(results).items():
        known = [name for name in names if is_codec(name) and name in times]
        rows += [Row(container), *(_row(view, case, name, times) for name in known)] * bool(known)
    label = f"{results.cases[case].label}: time of one call, {view.label}"
    return dots(label, rows, scale, tick_time, limit=times.get(MEMCPY))


def _row(view: View, case: int, codec: str, times: dict[str, float]) -> Row:
    same = [name for name in times if name == codec or name.startswith(f"{codec}:")]
    found = []
    for name in sorted(same, key=lambda name: name != codec):
        text = figures.duration(times[name])
        if name != codec:
            text += f" {beside(name)}, {figures.ratio(times[name] / times[codec])}"
        box = "" if name == codec else class_of("c", BASELINES)
        found.append(Dot(times[name], text, look(name, view.results), box))
    size = figures.size(view.results.facts[case, codec].size)
    return Row(label_of(codec), found, figures.duration(times[codec]), size, title=codec)
