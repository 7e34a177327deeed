"""Mode ``scale``: workers that come and go under load."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from ... import figures
from ...serving.records import BIN
from .. import charts
from ..charts import Axis, Point
from ..page import Column, Drawing, Panel, Section, Table, numeric
from .sides import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ...serving.records import Phase
    from ..charts import Chart

SCALE = (
    "Workers share one port; going down, a worker finishes what it has begun. A request without a"
    " reply is sent once more, as balancers do, and counted as sent twice; if that brings none"
    " either, it is lost. slowest: of all requests that were answered in that moment."
)
MOMENTS = 60
"""Most moments of a timeline: more would be narrower than a line."""


class Moment(NamedTuple):
    """Some time: answers a second, and the slowest of them in seconds (0: there was none)."""

    middle: float
    rate: float
    slowest: float


def scale_section(phases: Sequence[Phase]) -> Section:
    """Return a timeline for each transport."""
    panels = []
    for transport in dict.fromkeys(phase.transport for phase in phases):
        mine = [phase for phase in phases if phase.transport == transport]
        panels.append(Panel(transport, [Drawing(_timeline(mine))]))
    rows = []
    for phase in phases:
        rate, *times = phase.figures()
        rows.append(
            [
                phase.transport,
                f"{phase.step}",
                f"{phase.direction}, {phase.workers}",
                figures.duration(phase.took) if phase.direction != "start" else UNKNOWN,
                f"{rate:,.0f}",
                *(figures.duration(value) for value in times),
                f"{phase.seen}",
                f"{phase.resent}",
                f"{phase.lost}",
            ]
        )
    columns = [
        *(Column("over"), *numeric("step"), Column("workers"), *numeric("took", "requests/s")),
        *numeric("p50", "p99", "workers seen", "sent twice", "lost"),
    ]
    table = Table("Workers that come and go", columns, rows)
    return Section("Workers that come and go", SCALE, panels=panels, table=table)


def _timeline(phases: Sequence[Phase]) -> list[Chart]:
    """Return workers, requests a second and the slowest request of one transport."""
    stays, moments = list(_stays(phases)), list(_moments(phases))
    end = max(phase.began + phase.seconds for phase in phases)
    stays.append(replace(stays[-1], x=end))
    time = replace(Axis.from_zero(end, charts.SHORT, 6), title="seconds")
    most = max(phase.workers for phase in phases)
    workers = replace(Axis.from_zero(most), low=0.0, ticks=sorted({1, most}))
    rates = [
        Point(each.middle, each.rate, f"{each.rate:,.0f} requests/s at {each.middle:.1f} s")
        for each in moments
    ]
    slow = [
        Point(
            each.middle, each.slowest, f"slowest {each.slowest * 1e3:.1f} ms at {each.middle:.1f} s"
        )
        for each in moments
        if each.slowest
    ]
    changes = [each.x for each in stays[1:-1]]
    rate, slowest = (
        Axis.from_zero(max(each.rate for each in moments), wanted=3),
        Axis.logarithmic([each.y for each in slow], charts.TIME),
    )
    return [
        charts.trace(
            "workers", stays, time, workers, height=40, colour="k4", changes=changes, steps=True
        ),
        charts.trace("requests/s", rates, time, rate, height=80, colour="k1", changes=changes),
        charts.trace(
            "slowest request",
            slow,
            time,
            slowest,
            height=60,
            colour="k0",
            changes=changes,
            last=True,
        ),
    ]


def _stays(phases: Sequence[Phase]) -> Iterator[Point]:
    """Return from when on there are so many workers."""
    for phase in phases:
        came = {"up": "one more worker", "down": "one worker fewer"}.get(phase.direction, "")
        text = figures.counted(phase.workers, "worker")
        if came:
            text += f" ({came}, {figures.duration(phase.took)})"
        # A worker that is to go still counts until it has ended.
        yield Point(phase.began + (phase.took if came else 0.0), phase.workers, text)


def _moments(phases: Sequence[Phase]) -> Iterator[Moment]:
    together = -(-sum(len(phase.bins) for phase in phases) // MOMENTS)
    for phase in phases:
        for start in range(0, len(phase.bins), together):
            members = phase.bins[start : start + together]
            # The last tenth of a step is as long as the rest of it.
            until = start + len(members)
            ends = phase.seconds if until == len(phase.bins) else until * BIN
            seconds = max(ends - start * BIN, BIN / 2)
            rate = sum(count for count, _ in members) / seconds
            middle = phase.began + start * BIN + seconds / 2
            yield Moment(middle, rate, max(slow for _, slow in members))


def scale_answer(phases: Sequence[Phase]) -> str:
    """Return what became of all requests."""
    answered = sum(len(phase.latencies) for phase in phases)
    lost = sum(phase.lost for phase in phases)
    twice = sum(phase.resent for phase in phases)
    most = max(phase.workers for phase in phases)
    none = "No request was lost" if not lost else f"{figures.counted(lost, 'request')} lost"
    return (
        f"{none} of {answered + lost:,}, {twice:,} sent twice, while the workers went from 1 to"
        f" {most} and back."
    )
