"""Bytes on the wire: a bar for each codec of a container."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.implementations.ways import is_codec, label_of
from bench.payloads.case import dtype_of
from bench.report import bars
from bench.report.codecs_views import containers, look
from bench.report.markup import Markup
from bench.report.scales import Linear
from bench.screen import figures

if TYPE_CHECKING:
    from bench.report.codecs_series import Growth


def size_panel(grown: Growth, container: str) -> Markup:
    """Draw the bytes of a value in the largest payload."""
    results, last = grown.results, grown.last
    elements = max(1, results.cases[last].size)
    known = {
        name: facts.size
        for name in results.ways
        if is_codec(name) and (facts := results.facts.get((last, name))) and facts.cannot is None
    }
    item = dtype_of(results.cases[last].dtype).itemsize
    scale = Linear(max([item, *(size / elements for size in known.values())]), bars.LEFT, 296)
    rows = []
    for name in containers(results)[container]:
        if name in known:
            each = f"{figures.three_digits(known[name] / elements)} B"
            told = f"{each} a value, {figures.size(known[name])} in all"
            part = bars.Part(known[name] / elements, told, look(name, results).colour)
            rows.append(bars.Bar(label_of(name), [part], each))
    label = f"{container}: bytes on the wire for each value"
    return (
        bars.bars(label, rows, scale, limit=item, limit_text=f"{item} B in memory")
        if rows
        else Markup()
    )
