"""One process that times all cells in turn: reads a plan on stdin, writes samples on stdout.

It asserts that it built the payloads it was asked for, and ends by itself when its time is over
or nobody reads its samples. Nothing but the ways under test is imported here.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import random
import sys
import time
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.implementations.lookup import get_way
from bench.implementations.implementation import FIRST_USE, kind_of
from bench.measure.schedule import SLOW, loops_for, rounds, visits, warm_ups_for
from bench.payloads.case import Case, build, digest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.implementations.implementation import Decode

COLD = 0.1
"""A guess below this, in seconds, may be an import that a first call has done."""
Job = tuple["Callable[[Any], Any]", Any]


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
        way = get_way(name)
        if operation == "encode":
            jobs.append((way.encode, arrays[index]))
            continue
        if (index, writer) not in bodies:
            bodies[index, writer] = get_way(writer).encode(arrays[index])
        read = way.decode
        if operation == FIRST_USE:
            read = with_first_use(read, arrays[index].dtype, raw=kind_of(name) == "raw")
        jobs.append((read, bodies[index, writer]))
    return jobs


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


def sample(job: Job, loops: int, warm_ups: int) -> float:
    """Seconds per call, over a number of calls."""
    call, argument = job
    for _ in repeat(None, warm_ups):
        call(argument)
    start = time.perf_counter()
    for _ in repeat(None, loops):
        call(argument)
    return (time.perf_counter() - start) / loops


def calibrate(jobs: list[Job], cells: list[Any]) -> list[float]:
    """Seconds of one call of each cell; the same for two equal cells, or they would differ."""
    found: dict[tuple[Any, ...], float] = {}
    for job, (index, name, operation, _, guess, _) in zip(jobs, cells, strict=True):
        seconds = guess
        if guess < COLD:
            seconds = sample(job, 1, 0)
        if seconds < SLOW:
            seconds = min(sample(job, 1, warm) for warm in (1, 0, 0))
        key = (index, name, operation)
        found[key] = min(seconds, found.get(key, seconds))
    return [found[tuple(cell[:3])] for cell in cells]


def settle() -> None:
    """Let no collection of garbage, and no warning, fall into what is looked at from now on."""
    np.seterr(all="ignore")  # a sum of float16 may be too large for it
    gc.collect()
    gc.freeze()
    gc.disable()


def tell(line: Mapping[str, Any]) -> None:
    """Write a line for the process that started this one."""
    json.dump(line, sys.stdout)
    sys.stdout.write("\n")
    sys.stdout.flush()


def main() -> None:
    """Measure until the plan is done."""
    plan = json.load(sys.stdin)
    faulthandler.dump_traceback_later(plan["limit"], exit=True)
    jobs = jobs_of(plan)
    settle()
    seconds = calibrate(jobs, plan["cells"])
    ways = [(loops_for(each), warm_ups_for(each)) for each in seconds]
    counts = visits(seconds, plan["until"] - time.time())
    for turn, due in enumerate(rounds(counts, random.Random(plan["seed"])), 1):  # noqa: S311 - order only
        taken = [(cell, ways[cell][0], sample(jobs[cell], *ways[cell])) for cell in due]
        tell({"done": turn / max(counts), "samples": taken})


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
