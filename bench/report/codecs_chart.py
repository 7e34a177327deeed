"""The picture of a run for a README: an SVG by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.implementations.ways import MEMCPY
from bench.report import codecs_facts
from bench.report.codecs_dots import case_panel
from bench.report.codecs_series import ghosts_of, growth, time_panel
from bench.report.codecs_views import BOTH, alone, containers, growing, payload_of, views
from bench.report.markup import Markup, element
from bench.report.standalone import Tile, sheet

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.measure.results import Results

MOST = 3
"""Panels beside one another."""


def chart(results: Results, metadata: Mapping[str, Any]) -> Markup | None:
    """Draw a row for each operation, a panel for each container or, without a series, payload."""
    grown = growing(results)
    seen = [view for view in views(results) if view.name != BOTH]
    if grown:
        name, chosen = next(iter(grown.items()))
        shared = growth(results, chosen)
        title = f"Time of one call against rows in the batch: {name}"
        limit = "Grey area: less than one copy of the memory."
        behind = [ghosts_of(shared, view, f"ghosts-{view.name}") for view in seen]
        rows = [
            [
                Tile(
                    f"{container}, {view.label}",
                    time_panel(shared, view, container, f"ghosts-{view.name}", ringed=False)[0],
                )
                for container in list(containers(results))[:MOST]
            ]
            for view in seen
        ]
    else:
        cases = [number for number in alone(results) if _timed(results, number)][:MOST]
        title, behind = "Time of one call, and bytes on the wire", []
        limit = "Upright line: one copy of the memory."
        rows = [
            [
                Tile(f"{payload_of(results, case)}, {view.label}", case_panel(view, case))
                for case in cases
            ]
            for view in seen
        ]
    if not any(rows):
        return None
    below = f"Hollow: without tensorwire. {limit} "
    return sheet(
        title, rows, below + ", ".join(codecs_facts.byline(metadata)), element("defs", *behind)
    )


def _timed(results: Results, number: int) -> bool:
    return any(results.there_and_back(number, way) for way in results.ways if way != MEMCPY)
