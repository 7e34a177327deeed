"""Mode ``scale``: workers on one port, up to N and down to 1 again and again, under load.

Every worker is a process of its own that shares both ports (SO_REUSEPORT), so that the kernel
spreads new connections over them. Going down, a worker finishes what it has begun.
"""

from __future__ import annotations

import csv
import sys
from time import perf_counter, sleep
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import tensorwire as tw
from bench.measuring.check import CheckError
from bench.screen import figures
from bench.screen.table import Row, Table
from bench.serving import ours
from bench.serving.client import name_of
from bench.serving.nginx import free_ports
from bench.serving.processes import Process, Processes
from bench.serving.samples import quantile
from bench.serving.scale_load import Clients, Tally

if TYPE_CHECKING:
    from bench.screen.progress import Progress
    from bench.screen.render import Screen
    from bench.serving.options import Options

VALUES = 100
CLIENTS = 4
"""Of each transport."""
QUICK_WORKERS, QUICK_CYCLES, CYCLES = 3, 1, 2
SHORTEST = 0.3
"""Seconds under load with each number of workers."""
INTERRUPTED = 130
NOTE = (
    "took: until the worker was ready, or had ended. seen: workers that answered in that time."
    " resent: got no reply, and was sent once more. lost: got none then either."
)


class Step(NamedTuple):
    """One worker more, or one fewer, and what the clients saw since the step before."""

    workers: int
    way: str
    took: float
    seconds: float
    seen: dict[str, Tally]


def run(options: Options, screen: Screen, progress: Progress) -> int:
    """Do it; the exit code: 1 if a request was lost."""
    steps: list[Step] = []
    code = 0
    try:
        _measure(options, steps, progress)
    except KeyboardInterrupt:
        if not steps:
            raise
        code = INTERRUPTED
    finally:
        progress.clear()
    if options.csv:
        _csv(steps)
    else:
        _show(steps, screen)
    if any(tally.wrong for step in steps for tally in step.seen.values()):
        raise CheckError("scale: a wrong answer")
    lost = sum(len(tally.lost) for step in steps for tally in step.seen.values())
    return code or int(lost > 0)


def plan(most: int, cycles: int) -> list[int]:
    """Give the number of workers after each step: up to the most and down to one, repeatedly."""
    once = [*range(2, most + 1), *range(most - 1, 0, -1)]
    return once * cycles


def _measure(options: Options, steps: list[Step], progress: Progress) -> None:
    most = max(2, min(options.workers, QUICK_WORKERS) if options.quick else options.workers)
    planned = plan(most, QUICK_CYCLES if options.quick else CYCLES)
    array = np.arange(VALUES)
    message = tw.Message(array, "tensor")
    bodies = {
        transport: tw.get_protocol(name_of(transport)).encode(message)[0]
        for transport in options.choice.transports
    }
    total = int(array.sum())

    def read(transport: str, body: bytes) -> tuple[bool, int]:
        value = tw.get_protocol(name_of(transport)).decode(body).value
        return int(value[0]) == total, int(value[1])

    ports = free_ports(2)
    with Processes() as processes:
        workers = [processes.start(ours.command("who", "sum", *ports)).ready()]
        each = max(SHORTEST, options.seconds / len(planned) - 1)
        named = dict(zip(("rest", "grpc"), ports, strict=True))
        with Clients(named, bodies, read, CLIENTS) as clients:
            sleep(each)
            last = perf_counter()
            steps.append(Step(1, "", 0.0, each, clients.look()))
            for number, wanted in enumerate(planned, 1):
                way, took = _step(processes, workers, wanted, ports)
                sleep(each)
                now = perf_counter()
                steps.append(Step(wanted, way, took, now - last, clients.look()))
                last = now
                progress.show("scaling", number / len(planned))


def _step(
    processes: Processes, workers: list[Process], wanted: int, ports: list[int]
) -> tuple[str, float]:
    began = perf_counter()
    if wanted > len(workers):
        workers.append(processes.start(ours.command("who", "sum", *ports)).ready())
        return "up", perf_counter() - began
    # The oldest goes, which has the most connections.
    leaving = workers.pop(0)
    processes.started.remove(leaving)
    leaving.close()
    return "down", perf_counter() - began


def _cells(step: Step, transport: str) -> tuple[Any, ...]:
    tally = step.seen[transport]
    ranked = sorted(tally.latencies)
    times = [quantile(ranked, share) if ranked else None for share in (0.5, 0.99)]
    rate = len(ranked) / step.seconds
    return rate, *times, len(tally.workers), tally.resent, len(tally.lost)


def _show(steps: list[Step], screen: Screen) -> None:
    transports = list(steps[0].seen) if steps else []
    table = Table(
        f"Workers under the load of {CLIENTS} clients each over {' and '.join(transports)}",
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


def _csv(steps: list[Step]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    names = ("requests_per_s", "p50_s", "p99_s", "workers_seen", "resent", "lost")
    writer.writerow(("step", "way", "workers", "took_s", "transport", *names))
    for number, step in enumerate(steps):
        for transport in step.seen:
            told = (
                f"{value:.6g}" if value is not None else "" for value in _cells(step, transport)
            )
            writer.writerow((number, step.way, step.workers, f"{step.took:.4g}", transport, *told))
