"""Mode ``scale``: workers on one port, up to N and down to 1 again and again, under load.

Every worker is a process of its own that shares both ports (SO_REUSEPORT), so that the kernel
spreads new connections over them. Going down, a worker finishes what it has begun.
"""

from __future__ import annotations

import sys
from functools import partial
from time import perf_counter, sleep
from typing import TYPE_CHECKING

import numpy as np

import tensorwire as tw
from bench.interrupt import INTERRUPTED
from bench.measure.check import CheckError
from bench.serving import scale_tables, servers, suite
from bench.serving.clients import name_of
from bench.serving.processes import Process, Processes
from bench.serving.proxies import free_ports
from bench.serving.scale_load import Clients
from bench.serving.scale_tables import Step

if TYPE_CHECKING:
    from bench.screen import Progress, Screen
    from bench.serving.options import Options

VALUES = 100
CLIENTS = 4
"""Of each transport."""
QUICK_WORKERS, QUICK_CYCLES, CYCLES = 3, 1, 2
SHORTEST = 0.3
"""Seconds under load with each number of workers."""


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
    made = partial(scale_tables.benchmarks, steps, clients=CLIENTS)
    with suite.saving(options, made, interrupted=bool(code)):
        if options.csv:
            scale_tables.write_csv(steps, sys.stdout)
        else:
            scale_tables.show(steps, screen, clients=CLIENTS)
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
        workers = [processes.start(servers.command("who", "sum", *ports)).ready()]
        each = max(SHORTEST, options.seconds / len(planned) - 1)
        named = dict(zip(("rest", "grpc"), ports, strict=True))
        with Clients(named, bodies, read, CLIENTS) as clients:
            first = perf_counter()
            sleep(each)
            seen, last = clients.look(), perf_counter()
            steps.append(Step(1, "", 0.0, first, last - first, seen))
            for number, wanted in enumerate(planned, 1):
                way, took = _step(processes, workers, wanted, ports)
                sleep(each)
                seen, now = clients.look(), perf_counter()
                steps.append(Step(wanted, way, took, last, now - last, seen))
                last = now
                progress.show("scaling", number / len(planned))


def _step(
    processes: Processes, workers: list[Process], wanted: int, ports: list[int]
) -> tuple[str, float]:
    began = perf_counter()
    if wanted > len(workers):
        workers.append(processes.start(servers.command("who", "sum", *ports)).ready())
        return "up", perf_counter() - began
    # The oldest goes, which has the most connections.
    leaving = workers.pop(0)
    processes.started.remove(leaving)
    leaving.close()
    return "down", perf_counter() - began
