"""One process that weighs all cells: reads a plan on stdin, writes a line per cell on stdout.

Each is weighed in a copy of this process (a fork), where caches and free lists are as they were
before any cell, so that a figure does not depend on what else was chosen. Where there is no
forking, one after another.
"""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import sys
import tracemalloc
from collections import deque
from functools import partial
from importlib import import_module
from itertools import chain, repeat
from statistics import median_low
from typing import TYPE_CHECKING, Any

from bench.implementations.lookup import get_way
from bench.measure import memory_counts, memory_pages, prctl
from bench.measure.worker import jobs_of, settle, tell
from bench.payloads.case import Case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from bench.measure.worker import Job

WARM_UPS = 12
"""Calls until caches are filled and Python has specialised its code."""
GROWTHS, PEAKS, COUNTS = 11, 3, 3
"""How often each is taken."""
SLOW = 0.1
"""Seconds of a call, roughly, from which on the least number of calls must do."""
AT_ONCE = 4
"""Copies of this process at work: what one takes does not depend on the others, as time would."""
LARGE = 1000
"""Bytes of an array, from which on an allocation of its size can only be a copy of it."""


def python_peak(call: Callable[[Any], Any], argument: Any) -> int:
    """Return the most bytes that Python and numpy have asked for at once."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call(argument)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def weigh(job: Job, nbytes: int, *, slow: bool) -> dict[str, int | None]:
    """Return the fields of a `Memory`, of several calls that begin alike."""
    call, argument = job
    for _ in range(1 if slow else WARM_UPS):
        call(argument)
    gc.collect()
    found: dict[str, int | None] = {}
    if memory_pages.seen():
        growths = [memory_pages.growth(call, argument) for _ in range(1 if slow else GROWTHS)]
        found["process"] = median_low(growths)  # the heap is never laid out quite alike
    peaks = [python_peak(call, argument) for _ in range(1 if slow else PEAKS)]
    found["python"] = min(peaks)
    if memory_counts.seen():
        found["allocations"], copies = memory_counts.counts(
            call, argument, large=nbytes, calls=2 if slow else COUNTS
        )
        found["copies"] = copies if nbytes >= LARGE else None
    return found


class Apart:
    """Work done in a copy of this process, which ends with it."""

    def __init__(self, work: Callable[[], dict[str, int | None]]) -> None:
        reading, writing = os.pipe()
        self._child = os.fork()
        if not self._child:
            prctl.end_with_parent()
            try:
                tells: dict[str, Any] = {"memory": work()}
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
                tells = {"error": f"{type(error).__name__}: {error}"}
            os.write(writing, json.dumps(tells).encode())
            os._exit(0)
        os.close(writing)
        self._reading = reading

    def __call__(self) -> dict[str, int | None]:
        """Wait for what it returns."""
        with os.fdopen(self._reading, "rb") as pipe:
            said = pipe.read()
        _, status = os.waitpid(self._child, 0)
        told: dict[str, Any] = {"error": f"it ended with status {status}"}
        if said:
            told = json.loads(said)
        if "error" in told:
            raise RuntimeError(told["error"])
        memory: dict[str, int | None] = told["memory"]
        return memory


def works(plan: Mapping[str, Any]) -> Iterator[Callable[[], dict[str, int | None]]]:
    """Return what is to be done for each cell."""
    jobs = jobs_of(plan)
    cases = [Case.from_json(fields) for fields, _ in plan["cases"]]
    settle()
    for job, (index, name, *_) in zip(jobs, plan["cells"], strict=True):
        nbytes = cases[index].nbytes
        slow = get_way(name).element_cost * cases[index].size > SLOW
        yield partial(weigh, job, nbytes, slow=slow)


def main() -> None:
    """Weigh until the plan is done."""
    plan = json.load(sys.stdin)
    forks = sys.platform == "linux"
    if forks:
        prctl.end_with_parent()
    else:
        faulthandler.dump_traceback_later(plan["limit"], exit=True)
    if memory_pages.seen():
        memory_pages.keep_all()
    if memory_counts.seen():
        import_module("memray")  # once, for all the copies
    at_once = min(os.cpu_count() or 1, AT_ONCE) if forks else 1
    begun: deque[Callable[[], dict[str, int | None]]] = deque()
    done = 0
    for work in chain(works(plan), repeat(None, at_once)):
        if work is not None:
            begun.append(Apart(work) if forks else work)
        if begun and (work is None or len(begun) == at_once):
            _tell(done, plan["cells"][done], begun.popleft())
            done += 1


def _tell(number: int, cell: Sequence[Any], work: Callable[[], dict[str, int | None]]) -> None:
    try:
        memory = work()
    except RuntimeError as error:
        raise RuntimeError(f"weighing {cell[1]} {cell[2]}: {error}") from None
    tell({"cell": number, "memory": memory})


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:
        sys.exit(1)
