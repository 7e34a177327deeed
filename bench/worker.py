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

from bench.payloads import Case, build, digest
from bench.schedule import SLOW, WARM_BELOW, loops_for, rounds, visits
from bench.ways import get_way

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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
    for index, name, operation, _, _ in plan["cells"]:
        way = get_way(name)
        if operation == "encode":
            jobs.append((way.encode, arrays[index]))
            continue
        if (index, name) not in bodies:
            bodies[index, name] = way.encode(arrays[index])
        jobs.append((way.decode, bodies[index, name]))
    return jobs


def sample(job: Job, loops: int, *, warm: bool) -> float:
    """Seconds per call, over a number of calls."""
    call, argument = job
    if warm:
        call(argument)
    start = time.perf_counter()
    for _ in repeat(None, loops):
        call(argument)
    return (time.perf_counter() - start) / loops


def main() -> None:
    """Measure until the plan is done."""
    plan = json.load(sys.stdin)
    faulthandler.dump_traceback_later(plan["limit"], exit=True)
    jobs = jobs_of(plan)
    gc.collect()
    gc.freeze()
    gc.disable()
    estimates = [cell[4] for cell in plan["cells"]]
    seconds = [
        guess if guess > SLOW else sample(job, 1, warm=True)
        for job, guess in zip(jobs, estimates, strict=True)
    ]
    loops = [loops_for(each) for each in seconds]
    counts = visits(seconds, plan["until"] - time.time())
    for turn, due in enumerate(rounds(counts, random.Random(plan["seed"])), 1):  # noqa: S311 - order only
        taken = [
            (cell, loops[cell], sample(jobs[cell], loops[cell], warm=seconds[cell] < WARM_BELOW))
            for cell in due
        ]
        json.dump({"done": turn / max(counts), "samples": taken}, sys.stdout)
        sys.stdout.write("\n")
        sys.stdout.flush()


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
