"""One process that times all cells in turn: reads a plan on stdin, writes samples on stdout.

It checks the digests of the payloads that it built, and ends when its time is over or nobody reads
its samples. Nothing but the implementations under test is imported here.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import random
import sys
import time
from itertools import repeat
from math import ceil, floor
from typing import TYPE_CHECKING, Any

import numpy as np

from ..implementations.compressors import get_compressor
from ..implementations.implementation import FIRST_USE, kind_of
from ..implementations.lookup import get_implementation
from ..payloads.case import Case, build, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..implementations.implementation import Decode

Job = tuple["Callable[[Any], Any]", Any]
"""A function and its argument."""

COLD = 0.1
"""A guess below this, in seconds, may be an import that a first call has done, and so may be the
first call here."""
SAMPLE = 200e-6
"""Seconds that one sample of a quick call should last, so that the clock's own cost is lost."""
SLOW = 5e-3
"""Calls below this depend on what the caches hold: they are warmed up before the clock starts."""
LEAST = 3
"""Samples per process, if the budget allows; one if it does not, and for slower calls."""
QUICK = 1e-3
"""Seconds of a sample that costs so little that the budget does not count: of three, one that was
interrupted changes nothing."""
MOST = 60


def jobs_of(plan: Mapping[str, Any]) -> list[Job]:
    """Turn each cell of the plan into a function and its argument."""
    arrays = {}
    for index, (fields, expected) in enumerate(plan["cases"]):
        case = Case.from_json(fields)
        arrays[index] = build(case)
        if digest(arrays[index]) != expected:
            raise RuntimeError(f"the payload {case.title} differs from the one that was checked")
    bodies: dict[tuple[int, str], Any] = {}
    jobs: list[Job] = []
    for index, name, operation, _, _, writer in plan["cells"]:
        implementation = get_implementation(name)
        if operation == "encode":
            jobs.append((implementation.encode, arrays[index]))
            continue
        if (index, writer) not in bodies:
            bodies[index, writer] = get_implementation(writer).encode(arrays[index])
        body = bodies[index, writer]
        if is_compression(operation):
            direction, _, named = operation.partition(" ")
            compressor = get_compressor(named)
            if direction == "compress":
                jobs.append((compressor.compress, body))
            else:
                jobs.append((compressor.decompress, compressor.compress(body)))
            continue
        read = implementation.decode
        if operation == FIRST_USE:
            read = with_first_use(read, arrays[index].dtype, raw=kind_of(name) == "raw")
        jobs.append((read, body))
    return jobs


def is_compression(operation: str) -> bool:
    """Return whether an operation works on bodies: ``compress zstd-1``, ``decompress zstd-1``."""
    return " " in operation


def with_first_use(decode: Decode, dtype: np.dtype[Any], *, raw: bool) -> Decode:
    """Return a function that decodes, and goes over all values once: a sum, of what can be added.

    Raw bytes are read as the dtype that they were made of.
    """

    def decode_and_use(body: bytes) -> Any:
        array = decode(body)
        if raw:
            array = np.frombuffer(array, dtype)
        return array.sum() if array.dtype.kind in "biufc" else (array == array).all()  # noqa: PLR0124

    return decode_and_use


def sample(
    job: Job, loops: int, warm_ups: int, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Seconds per call, over a number of calls."""
    call, argument = job
    for _ in repeat(None, warm_ups):
        call(argument)
    start = clock()
    for _ in repeat(None, loops):
        call(argument)
    return (clock() - start) / loops


def calibrate(jobs: list[Job], cells: list[Any]) -> list[float]:
    """Seconds of one call of each cell; the same for two equal cells, or they would differ."""
    found: dict[tuple[Any, ...], float] = {}
    for job, (index, name, operation, _, guess, _) in zip(jobs, cells, strict=True):
        seconds = guess
        if guess < (SLOW if is_compression(operation) else COLD):
            seconds = min(sample(job, 1, 0) for _ in range(2))
        if seconds < SLOW:
            seconds = min(sample(job, 1, warm) for warm in (1, 0, 0))
        key = (index, name, operation)
        found[key] = min(seconds, found.get(key, seconds))
    return [found[tuple(cell[:3])] for cell in cells]


def settle() -> None:
    """Keep garbage collection and warnings out of what is measured from now on."""
    np.seterr(all="ignore")  # a sum of float16 may be too large for it
    gc.collect()
    gc.freeze()
    gc.disable()


# How often each cell is timed, and in which order: in turn, so that drift hits all equally.


def loops_for(seconds: float) -> int:
    """How many calls make up one sample."""
    return min(100_000, max(1, ceil(SAMPLE / max(seconds, 1e-9))))


def warm_ups_for(seconds: float) -> int:
    """How many untimed calls come before a sample, so that the caches are as a busy server's."""
    return 2 if seconds < SAMPLE else 1 if seconds < SLOW else 0


def cost_of(seconds: float) -> float:
    """Seconds of one sample, its warm-up included."""
    return (loops_for(seconds) + warm_ups_for(seconds)) * seconds


def visits(seconds: Sequence[float], budget: float) -> list[int]:
    """How many samples each cell gets: the same share of the budget, within bounds.

    Parameters
    ----------
    seconds
        The duration of one call of each cell.
    budget
        Seconds for all of them. Every cell gets one sample even beyond it, quick ones three.
    """
    costs = [cost_of(each) for each in seconds]
    least = [1 if each > SLOW else LEAST for each in seconds]
    if sum(n * cost for n, cost in zip(least, costs, strict=True)) > budget:
        least = [LEAST if cost < QUICK else 1 for cost in costs]

    def counts(share: float) -> list[int]:
        return [
            min(MOST, max(fewest, floor(share / cost)))
            for fewest, cost in zip(least, costs, strict=True)
        ]

    low, high = 0.0, max(budget, 0.0)
    for _ in range(40):
        share = (low + high) / 2
        spent = sum(n * cost for n, cost in zip(counts(share), costs, strict=True))
        low, high = (share, high) if spent <= budget else (low, share)
    return counts(low)


def rounds(counts: Sequence[int], order: random.Random) -> Iterator[list[int]]:
    """Spread every cell's samples evenly over the run, in a new order each round."""
    total = max(counts, default=0)
    phases = [order.random() for _ in counts]
    for turn in range(total):
        due = [
            cell
            for cell, (count, phase) in enumerate(zip(counts, phases, strict=True))
            if floor((turn + 1) * count / total + phase) > floor(turn * count / total + phase)
        ]
        order.shuffle(due)
        yield due


def main() -> None:
    """Measure until the plan is done."""
    plan = json.load(sys.stdin)
    faulthandler.dump_traceback_later(plan["limit"], exit=True)
    jobs = jobs_of(plan)
    settle()
    seconds = calibrate(jobs, plan["cells"])
    calls = [(loops_for(each), warm_ups_for(each)) for each in seconds]
    counts = visits(seconds, plan["until"] - time.time())
    started, used = time.perf_counter(), time.process_time()
    for turn, due in enumerate(rounds(counts, random.Random(plan["seed"])), 1):  # noqa: S311 - order only
        samples = [(cell, calls[cell][0], sample(jobs[cell], *calls[cell])) for cell in due]
        waited = 1 - (time.process_time() - used) / (time.perf_counter() - started)
        told = {"done": turn / max(counts), "samples": samples, "waited": max(0.0, waited)}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
