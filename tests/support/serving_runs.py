"""Runs of ``python -m bench.serving`` that nobody measured, written by its own writers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bench.serving import records
from bench.serving.cells import COUNTS, GRPC, KINDS, METHODS, OURS, SIDES, TRANSPORTS, Choice
from bench.serving.options import parse
from bench.serving.records import Hop, Started
from bench.serving.samples import Load, Parts, Request, Samples, Size
from bench.serving.scale import Tally, phase_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bench.serving.cells import Cell
    from bench.serving.records import Benchmark, Phase

HOPS = ("no hop", "again", "nginx", "pass", "route", "recode")


def seconds_of(cell: Cell) -> float:
    """Return about how long a request takes, as it was once measured."""
    base = 4e-4 if cell.transport == "REST" else 7e-4
    if cell.values > 1:
        base += {"ndarray": 2e-3, "tensor": 1.8e-3, "tftensor": 7e-4, "raw": 8e-4}[cell.kind]
    slower = {"ndarray": 40.0, "tensor": 4.0, "tftensor": 1.5, "raw": 1.2}[cell.kind]
    return base * (1 if cell.side == OURS else slower if cell.values > 1 else 1.3)


def matrix(choice: Choice | None = None, rounds: int = 3, each: int = 20) -> Samples:
    """Return requests of every cell; the usual way does not tell the time of ``predict_raw``."""
    random, samples = np.random.default_rng(1), Samples()
    for cell in (choice or Choice()).cells():
        for _ in range(rounds):
            burst = []
            for whole in seconds_of(cell) * random.uniform(0.9, 1.3, each):
                parts = Parts(whole * 0.2, whole * 0.05, whole * 0.1)
                told = None if cell.method == "predict_raw" and cell.side != OURS else parts
                burst.append(Request(whole * 0.15, whole * 0.8, whole * 0.05, told))
            samples.rounds[cell].append(burst)
        samples.sizes[cell] = Size(cell.values * 8 + 14, 17)
    return samples


def loads(
    counts: tuple[int, ...] = (100,), choice: Choice | None = None, each: int = 50
) -> dict[tuple[Cell, int], Load]:
    """Return what a tool measured of every cell, with every number of clients."""
    random, found = np.random.default_rng(2), {}
    for cell in (choice or Choice(methods=METHODS[:1])).cells():
        for count in counts:
            taken = sorted((seconds_of(cell) * count * random.uniform(0.8, 1.2, each)).tolist())
            lasted = sum(taken) / count
            found[cell, count] = Load("h2load", count, lasted, 0, taken, 0.5)
    return found


def started(count: int = 3, sides: tuple[str, ...] = SIDES) -> list[Started]:
    """Return servers of both sides."""
    return [
        Started(side, number, 0.2 + 0.01 * number, 0.25 + 0.02 * number, 30_000_000 + number)
        for side in sides
        for number in range(1, count + 1)
    ]


def phases(
    most: int = 3, seconds: float = 1.0, transports: tuple[str, ...] = TRANSPORTS
) -> list[Phase]:
    """Return a scale of one to some workers and back; one gRPC request is lost, one sent twice."""
    random, began, found = np.random.default_rng(3), 100.0, []
    numbers = [1, *range(2, most + 1), *range(most - 1, 0, -1)]
    for place, workers in enumerate(numbers):
        direction = "start" if not place else "up" if workers > numbers[place - 1] else "down"
        step = {"step": place, "workers": workers, "direction": direction}
        step |= {"took": 0.3 if place else 0.0, "began": began - 100}
        for transport in transports:
            taken = random.uniform(0.001, 0.004, 40 * workers).tolist()
            ends = (began + np.linspace(0, seconds * 0.999, len(taken))).tolist()
            tally = Tally(taken, ends, workers=set(range(workers)))
            if place == 1 and transport == GRPC:
                tally.lost, tally.resent = ["the connection was reset"], 1
            found.append(phase_of(tally, began, seconds, transport=transport, **step))
        began += seconds
    return found


def hops(names: tuple[str, ...] = HOPS) -> list[Hop]:
    """Return the rounds' medians of every hop; nginx seems to save a tenth once."""
    found, number = [], 0
    for transport in TRANSPORTS:
        for payload in ("tfserving", *(f"seldon {kind}" for kind in KINDS)):
            number += 1
            for place, hop in enumerate(names):
                factor = 1 + 0.5 * place * (hop != "again")
                if hop == "nginx" and number == 1:
                    factor = 0.9
                base = 0.001 * number * factor
                found.append(Hop(transport, payload, hop, 150_562, [base, base * 1.1, base * 0.95]))
    return found


class Written(NamedTuple):
    """What was written where."""

    latency: str
    throughput: str
    concurrent: str
    load: str
    scale: str
    hop: str


def write_all(folder: Path, *, full: bool = False) -> Written:
    """Write a file of every mode; with `full` as large as a run that is not quick."""
    paths = Written(*(str(folder / f"{mode}.json") for mode in Written._fields))
    both = Choice(TRANSPORTS, METHODS, COUNTS) if full else None
    write([*["--quick"] * (not full)], records.matrix_benchmarks(matrix().matrix()), paths.latency)
    write(["throughput"], records.load_benchmarks(loads(choice=both)), paths.throughput)
    counts = (1, 4, 16, 64, 100) if full else (1, 8)
    write(["concurrent"], records.load_benchmarks(loads(counts)), paths.concurrent)
    write(["load"], records.start_benchmarks("servers", started(8 if full else 3)), paths.load)
    course = phases(8, 4.0) if full else phases()
    write(["scale"], records.phase_benchmarks(course, clients=4), paths.scale)
    write(["hop"], records.hop_benchmarks(hops()), paths.hop)
    return paths


def write(
    argv: list[str], benchmarks: Iterable[Benchmark], path: str, *, interrupted: bool = False
) -> None:
    """Write a file as a run with these options would."""
    records.write(parse(argv), benchmarks, path, interrupted=interrupted)
