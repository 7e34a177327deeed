"""Mode ``scale``: workers that come and go under load, as a timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.page import section
from bench.report.serving_timeline import Moment, Stay, timeline
from bench.report.serving_words import panel, panels
from bench.report.table import Column, table
from bench.screen import figures
from bench.serving.samples import quantile
from bench.serving.scale_tables import BIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.report.markup import Markup
    from bench.serving.recorded import Phase

NOTE = (
    "Workers share one port; going down, a worker finishes what it has begun. A request without a"
    " reply is sent once more, as balancers do, and counted as sent twice; if that brings none"
    " either, it is lost. slowest: of all requests that were answered in that moment."
)
MOMENTS = 60
"""Most moments of a timeline: more would be narrower than a line."""
COLUMNS = (
    Column("over"),
    Column("step", numeric=True),
    Column("workers"),
    Column("took", numeric=True),
    Column("requests/s", numeric=True),
    Column("p50", numeric=True),
    Column("p99", numeric=True),
    Column("workers seen", numeric=True),
    Column("sent twice", numeric=True),
    Column("lost", numeric=True),
)


def scale_section(phases: Sequence[Phase]) -> Markup:
    """Return the part of the page."""
    drawn = []
    for transport in dict.fromkeys(phase.transport for phase in phases):
        mine = [phase for phase in phases if phase.transport == transport]
        drawing = timeline(f"Workers and requests over {transport}", *course(mine))
        drawn.append(panel(transport, drawing))
    return section(
        "Workers that come and go",
        panels(drawn),
        table("Workers that come and go", COLUMNS, list(rows(phases))),
        note=NOTE,
    )


def course(phases: Sequence[Phase]) -> tuple[list[Stay], list[Moment]]:
    """Return the numbers of workers, and the requests of each moment, of one transport."""
    length = sum(len(phase.bins) for phase in phases)
    together = -(-length // MOMENTS)
    stays, moments = [], []
    for phase in phases:
        came = {"up": "one more worker", "down": "one worker fewer"}.get(phase.way, "")
        told = f"{figures.counted(phase.workers, 'worker')}"
        if came:
            told += f" ({came}, {figures.duration(phase.took)})"
        # A worker that is to go still counts until it has ended.
        changed = phase.began + (phase.took if came else 0.0)
        stays.append(Stay(changed, phase.workers, told))
        for start in range(0, len(phase.bins), together):
            members = phase.bins[start : start + together]
            # The last tenth of a step is as long as the rest of it.
            until = start + len(members)
            ends = phase.seconds if until == len(phase.bins) else until * BIN
            seconds = max(ends - start * BIN, BIN / 2)
            rate = sum(count for count, _ in members) / seconds
            moments.append(
                Moment(phase.began + start * BIN, seconds, rate, max(slow for _, slow in members))
            )
    return stays, moments


def rows(phases: Sequence[Phase]) -> Iterator[list[str]]:
    """Give the lines of the table."""
    for phase in phases:
        ranked = sorted(phase.latencies)
        times = [quantile(ranked, share) if ranked else None for share in (0.5, 0.99)]
        yield [
            phase.transport,
            f"{phase.step}",
            f"{phase.way}, {phase.workers}",
            figures.duration(phase.took) if phase.way != "start" else "-",
            f"{len(ranked) / phase.seconds:,.0f}",
            *(figures.duration(value) for value in times),
            f"{phase.seen}",
            f"{phase.resent}",
            f"{phase.lost}",
        ]


def summary(phases: Sequence[Phase]) -> str:
    """Say what became of all requests."""
    answered = sum(len(phase.latencies) for phase in phases)
    lost = sum(phase.lost for phase in phases)
    twice = sum(phase.resent for phase in phases)
    most = max(phase.workers for phase in phases)
    none = "No request was lost" if not lost else f"{figures.counted(lost, 'request')} lost"
    return (
        f"{none} of {answered + lost:,}, {twice:,} sent twice, while the workers went from 1 to"
        f" {most} and back."
    )
