"""What mode ``scale`` has measured: as a table, as CSV, and for a file."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from bench import figures
from bench.screen import Row, Table
from bench.serving.samples import quantile
from bench.serving.suite import Timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.screen import Screen
    from bench.serving.scale_load import Tally

NOTE = (
    "took: until the worker was ready, or had ended. seen: workers that answered in that time."
    " resent: got no reply, and was sent once more. lost: got none then either."
)
BIN = 0.1
"""Seconds for which the answers are counted in a file."""


class Step(NamedTuple):
    """One worker more, or one fewer, and what the clients saw since the step before."""

    workers: int
    way: str
    took: float
    began: float
    seconds: float
    seen: dict[str, Tally]


def _cells(step: Step, transport: str) -> tuple[Any, ...]:
    tally = step.seen[transport]
    ranked = sorted(tally.latencies)
    times = [quantile(ranked, share) if ranked else None for share in (0.5, 0.99)]
    rate = len(ranked) / step.seconds
    return rate, *times, len(tally.workers), tally.resent, len(tally.lost)


def show(steps: Sequence[Step], screen: Screen, *, clients: int) -> None:
    """Write the table, and what became of all requests."""
    transports = list(steps[0].seen) if steps else []
    table = Table(
        f"Workers under the load of {clients} clients each over {' and '.join(transports)}",
        ("took", "req/s", "p50", "p99", "seen", "resent", "lost"),
        note=NOTE,
    )
    for transport in transports:
        table.rows.append(Row(transport, style="group"))
        for step in steps:
            rate, p50, p99, seen, resent, lost = _cells(step, transport)
            took = figures.duration(step.took) if step.way else ""
            times = (figures.duration(p50), figures.duration(p99))
            counts = (f"{seen}", f"{resent}", f"{lost}")
            label = f"{step.way or 'start'}, {step.workers}"
            table.rows.append(Row(label, (took, figures.three_digits(rate), *times, *counts)))
    screen.table(table)
    screen.line()
    for transport in transports:
        tallies = [step.seen[transport] for step in steps]
        answered = sum(len(tally.latencies) for tally in tallies)
        problems = [problem for tally in tallies for problem in tally.lost]
        resent = sum(tally.resent for tally in tallies)
        screen.line(
            f"{transport}: {answered:,} requests answered, {resent} of them sent twice,"
            f" {len(problems)} lost{f': {problems[0]}' if problems else ''}.",
            "warning" if problems else "",
        )


def write_csv(steps: Sequence[Step], stream: TextIO) -> None:
    """Write a line per step and transport."""
    writer = csv.writer(stream, lineterminator="\n")
    names = ("requests_per_s", "p50_s", "p99_s", "workers_seen", "resent", "lost")
    writer.writerow(("step", "way", "workers", "took_s", "transport", *names))
    for number, step in enumerate(steps):
        for transport in step.seen:
            told = (
                f"{value:.6g}" if value is not None else "" for value in _cells(step, transport)
            )
            writer.writerow((number, step.way, step.workers, f"{step.took:.4g}", transport, *told))


def bins(tally: Tally, began: float, seconds: float) -> list[tuple[int, float]]:
    """Count the answers of each tenth of a second, and give the slowest of them."""
    found = [(0, 0.0)] * max(1, round(seconds / BIN))
    for ended, taken in zip(tally.ends, tally.latencies, strict=True):
        place = min(len(found) - 1, max(0, int((ended - began) / BIN)))
        count, slowest = found[place]
        found[place] = count + 1, max(slowest, round(taken, 6))
    return found


def benchmarks(steps: Sequence[Step], *, clients: int) -> Iterator[Timed]:
    """Give a benchmark per step and transport: the seconds of its requests, and their course."""
    for number, step in enumerate(steps):
        for transport, tally in step.seen.items():
            told = {
                "name": f"scale {number:02} {transport} {step.way or 'start'} {step.workers}",
                "transport": transport,
                "step": number,
                "clients": clients,
                "workers": step.workers,
                "way": step.way or "start",
                "took": step.took,
                "began": round(step.began - steps[0].began, 6),
                "step_seconds": step.seconds,
                "workers_seen": len(tally.workers),
                "resent": tally.resent,
                "lost": len(tally.lost),
                "wrong": tally.wrong,
                "bins": json.dumps(bins(tally, step.began, step.seconds)),
            }
            yield Timed(told, [tally.latencies])
