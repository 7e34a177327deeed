"""The page for runs of ``python -m bench.serving``: a file of each mode at most."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from bench.measure.runfile import RunFileError, load
from bench.report.page import Page
from bench.report.serving_breakdown import breakdown_section
from bench.report.serving_concurrent import concurrent_section
from bench.report.serving_facts import facts_section, origin, warnings
from bench.report.serving_hop import hop_section
from bench.report.serving_lead import lead
from bench.report.serving_matrix import chart, matrix_section
from bench.report.serving_scale import scale_section
from bench.report.serving_starts import starts_section
from bench.report.serving_throughput import throughput_section
from bench.serving import suite
from bench.serving.runfile import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.report.markup import Markup
    from bench.serving.recorded import ServingRun

MODES = ("latency", "throughput", "concurrent", "load", "scale", "hop")
"""The order on the page."""


def claims(path: str) -> bool:
    """Whether this is a file of bench.serving; a file that cannot be read is not."""
    try:
        return suite.MODE in load(path).get_metadata()
    except RunFileError:
        return False


def build(paths: Sequence[str]) -> Page:
    """Read the files and return their page.

    Raises
    ------
    RunFileError
        one of them cannot be read, is of something else, or there are two of one mode.
    """
    runs = sorted(map(read, paths), key=lambda run: MODES.index(run.mode))
    for first, second in pairwise(runs):
        if first.mode == second.mode:
            raise RunFileError(f"{second.path}: a second run of mode {second.mode}")
    parts = [part for run in runs for part in _sections(run)]
    return Page(
        "What a format costs in a whole request",
        lead(runs, warnings(runs)),
        [*parts, facts_section(runs)],
        chart(runs[0].matrix, origin(runs)) if runs[0].matrix.cells else None,
    )


def _sections(run: ServingRun) -> Iterator[Markup]:
    if run.mode == "latency":
        yield matrix_section(run.matrix)
        yield breakdown_section(run.matrix)
    elif run.mode == "throughput":
        yield throughput_section(run.loads)
    elif run.mode == "concurrent":
        yield concurrent_section(run.loads)
    elif run.mode == "load":
        yield starts_section(run.starts, run.what)
    elif run.mode == "scale":
        yield scale_section(run.phases)
    else:
        yield hop_section(run.hops)
