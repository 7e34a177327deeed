"""One side of a pair: a process that measures one version of tensorwire, cell by cell, as asked.

Reads a plan from its stdin and writes what it found, all in JSON lines. With ``check`` that is the
facts of every implementation; else a line for each request: a cell, and how often.

It takes CPU time, which work of other programs does not lengthen as it does the time on a wall.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import tensorwire

from ..measure.check import check_case
from ..measure.worker import Job, jobs_of, sample, settle
from ..payloads.case import Case, build
from ..process import end_with_parent, tell

if TYPE_CHECKING:
    from collections.abc import Mapping

CLOCK = time.perf_counter if sys.platform == "win32" else time.process_time
"""CPU time, where it is finer than the 15 ms of Windows."""
CALLS = 2
"""Of each cell, to learn how long it takes."""


def check(plan: Mapping[str, Any]) -> None:
    """Tell the facts of every implementation on every payload; the parent reads them."""
    for number, (fields, _) in enumerate(plan["cases"]):
        case = Case.from_json(fields)
        for name, facts in check_case(case, build(case), plan["names"], plan["limit"]):
            tell({"case": number, "name": name, "facts": asdict(facts)})


def once(job: Job) -> float:
    """Seconds of one call, once it is warm."""
    return min(sample(job, 1, number == 0, CLOCK) for number in range(CALLS))


def main() -> None:
    """Answer until stdin ends."""
    end_with_parent()
    plan = json.loads(sys.stdin.readline())
    faulthandler.dump_traceback_later(plan["limit"], exit=True)
    tell({"library": str(tensorwire.__file__)})
    if plan.get("check"):
        check(plan)
        return
    if plan["processor"] is not None:
        os.sched_setaffinity(0, {plan["processor"]})
    jobs = jobs_of(plan)
    settle()
    tell({"seconds": [once(job) for job in jobs]})
    for line in sys.stdin:
        cell, loops, warm_ups, count = json.loads(line)
        tell({"seconds": [sample(jobs[cell], loops, warm_ups, CLOCK) for _ in range(count)]})


if __name__ == "__main__":
    main()
