"""A section that grows, with its switches: times above sizes, a column for each container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.implementations.ways import is_codec
from bench.report.codecs_series import ghosts_of, growth, time_panel
from bench.report.codecs_sizes import size_panel
from bench.report.codecs_views import BASELINES, containers, views
from bench.report.markup import Markup, element
from bench.report.svg import picture
from bench.report.switches import boxes, class_of, radios

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure.results import Results


def figure(results: Results, chosen: Sequence[int], number: int) -> Markup:
    """Draw a section, with its switches."""
    grown = growth(results, chosen)
    seen, named = views(results), containers(results)
    switches = []
    if len(seen) > 1:
        switches.append(radios(f"view-{number}", [(v.name, v.label) for v in seen], "Time of"))
    shown = [(name, name) for name in named]
    if any(not is_codec(name) for names in named.values() for name in names):
        shown.append((BASELINES, "without tensorwire"))
    switches.append(boxes(shown, "Show"))
    behind = [ghosts_of(grown, view, f"ghosts-{number}-{view.name}") for view in seen]
    panels = []
    for container in named:
        times = (
            (view, time_panel(grown, view, container, f"ghosts-{number}-{view.name}"))
            for view in seen
        )
        parts = [
            element("h3", container),
            *(element("div", *drawn, class_=class_of("v", view.name)) for view, drawn in times),
        ]
        sizes = size_panel(grown, container)
        if sizes:
            rows = results.cases[grown.last].shape[0]
            said = element("p", f"Bytes per value, {rows:,} rows", class_="sub")
            parts.append(element("div", said, sizes))
        panels.append(element("div", *parts, class_=f"panel {class_of('c', container)}"))
    return element(
        "figure",
        element("div", *switches, class_="switches"),
        element("div", picture(1, 1, "", *behind), class_="hidden", aria_hidden="true"),
        element("div", *panels, class_="panels"),
        class_="switched",
    )
