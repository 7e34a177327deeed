"""The memory of every timed cell beside its argument, measured in a separate pass.

The worker weighs each cell in a copy of its process (a fork), where caches and free lists are as
they were before any cell, so that a figure does not depend on the other cells. Without fork, as on
Windows, the cells are weighed one after another in one process.
"""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import json
import os
import sys
import sysconfig
import tempfile
import tracemalloc
from collections import deque
from contextlib import closing
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from itertools import chain, pairwise, repeat
from pathlib import Path
from statistics import median_low
from typing import TYPE_CHECKING, Any

from ..implementations.implementation import FIRST_USE, is_codec
from ..implementations.lookup import get_implementation
from ..payloads.case import Case
from ..process import WorkerError, end_with_parent, run_worker, tell
from .results import Memory
from .worker import jobs_of, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..screen import Progress
    from .run import Session
    from .worker import Job

    Call = Callable[[Any], Any]
    Weight = dict[str, int | None]

WORKER = f"{__package__}.memory"
START, CELL, SLOWER = 60.0, 2.0, 100.0
"""Bounds far beyond what it takes: seconds to start and of each cell, and how much slower it is."""
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
ROLLUP = Path("/proc/self/smaps_rollup")
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX, PR_SET_THP_DISABLE = -1, -2, -4, 41
NEVER = 2**31 - 1
MARK = 1_000_003
"""Bytes that nobody else asks for: they part one call from the next in what memray recorded."""


def weigh(session: Session, progress: Progress) -> None:
    """Fill in the memory of the session's cells, those of codecs first.

    Results are kept if it is interrupted, or if the worker fails, which the session records.
    """
    cells = sorted(
        (c for c in session.samples.seconds if not c.control and c.operation != FIRST_USE),
        key=lambda cell: (not is_codec(cell.implementation), cell),
    )
    if session.interrupted or not cells:
        return
    progress.restart()
    try:
        limit = START + CELL * len(cells) + SLOWER * sum(map(session.guess, cells))
        plan = session.plan(cells) | {"limit": limit}
        with closing(run_worker(WORKER, plan, **environment())) as lines:
            for line in lines:
                session.memory[cells[line["cell"]]] = Memory(**line["memory"])
                progress.show("weighing", len(session.memory) / len(cells))
    except KeyboardInterrupt:
        session.interrupted = True
    except WorkerError as error:
        session.failure = str(error)
    finally:
        progress.clear()


def environment() -> dict[str, str]:
    """Return variables that make the memory of a worker reproducible, and all of it visible."""
    steady = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        # Python's own allocator keeps what is freed for later: its pages would not grow again.
        steady["PYTHONMALLOC"] = "malloc"
    return steady


# The worker: three figures of a call.


def python_peak(call: Call, argument: Any) -> int:
    """Return the most bytes that Python and numpy have asked for at once."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call(argument)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def has_pages() -> bool:
    """Whether the pages of this process can be counted: Linux, and glibc's malloc."""
    return ROLLUP.exists() and hasattr(ctypes.CDLL(None), "malloc_trim")


def keep_pages() -> None:
    """Let the heap give nothing back by itself, and grow by small pages.

    The kernel's own high-water mark (VmHWM) is kept in counters of each CPU since Linux 6.2, and
    is wrong by up to 128 kB for each of them. So nothing is given back while a call lasts: all of
    malloc is one heap that only grows, and its growth in the end is the peak, to the page.
    """
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, NEVER)
    libc.mallopt(M_TOP_PAD, 0)
    libc.prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)


def growth(call: Call, argument: Any) -> int:
    """Return the bytes by which one call makes the process grow, whoever asks for them."""
    ctypes.CDLL(None).malloc_trim(0)
    before = _anonymous()
    result = call(argument)
    after = _anonymous()
    del result
    return max(0, after - before)


def _anonymous() -> int:
    """Return the bytes of all pages that belong to no file, counted one by one by the kernel."""
    with ROLLUP.open() as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) * 1024


def has_memray() -> bool:
    """Whether allocations can be counted."""
    return find_spec("memray") is not None


def allocations(call: Call, argument: Any, *, large: int, calls: int) -> tuple[int, int]:
    """Count the allocations of one call, and those of at least so many bytes.

    Python's objects and C's arenas both count. The least of a few calls, two at least: in the
    first, memray itself needs memory.
    """
    recorded = _sizes(call, argument, calls)
    mark = sys.getsizeof(bytes(MARK))
    marks = [place for place, size in enumerate(recorded) if size == mark]
    spans = [recorded[first + 1 : last] for first, last in pairwise(marks)]
    return min((len(span), sum(size >= large for size in span)) for span in spans)


def _sizes(call: Call, argument: Any, calls: int) -> list[int]:
    """Return the bytes of each allocation, in order, with a mark before and after each call."""
    from memray import AllocatorType, FileReader, Tracker

    freeing = {
        int(one) for one in (AllocatorType.FREE, AllocatorType.PYMALLOC_FREE, AllocatorType.MUNMAP)
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "calls"
        with Tracker(path, trace_python_allocators=True):
            # memray's hook would make a frame object for every function of Python.
            sys.setprofile(None)
            bytes(MARK)
            for _ in range(calls):
                call(argument)
                bytes(MARK)
        with FileReader(path) as reader:
            records = reader.get_allocation_records()
            sizes = [record.size for record in records if record.allocator not in freeing]
    return sizes


def weight(job: Job, nbytes: int, *, slow: bool) -> Weight:
    """Return the fields of a `Memory`, of several calls that begin in the same state."""
    call, argument = job
    for _ in range(1 if slow else WARM_UPS):
        call(argument)
    gc.collect()
    found: Weight = {}
    if has_pages():
        growths = [growth(call, argument) for _ in range(1 if slow else GROWTHS)]
        found["process"] = median_low(
            growths
        )  # the layout of the heap differs a little from run to run
    peaks = [python_peak(call, argument) for _ in range(1 if slow else PEAKS)]
    found["python"] = min(peaks)
    if has_memray():
        found["allocations"], copies = allocations(
            call, argument, large=nbytes, calls=2 if slow else COUNTS
        )
        found["copies"] = copies if nbytes >= LARGE else None
    return found


class Fork:
    """Work done in a copy of this process, which ends with it; called, it waits for the result."""

    def __init__(self, work: Callable[[], Weight]) -> None:
        reading, writing = os.pipe()
        self._child = os.fork()
        if not self._child:
            end_with_parent()
            try:
                answer: dict[str, Any] = {"memory": work()}
            except BaseException as error:  # noqa: BLE001 - the parent reports whatever it is
                answer = {"error": f"{type(error).__name__}: {error}"}
            os.write(writing, json.dumps(answer).encode())
            os._exit(0)
        os.close(writing)
        self._reading = reading

    def __call__(self) -> Weight:
        """Return the result; RuntimeError if there is none."""
        with os.fdopen(self._reading, "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(self._child, 0)
        found: dict[str, Any] = {"error": f"it ended with status {status}"}
        if answer:
            found = json.loads(answer)
        if "error" in found:
            raise RuntimeError(found["error"])
        memory: Weight = found["memory"]
        return memory


def _works(plan: Mapping[str, Any]) -> Iterator[Callable[[], Weight]]:
    """Yield what is to be done for each cell."""
    jobs = jobs_of(plan)
    cases = [Case.from_json(fields) for fields, _ in plan["cases"]]
    settle()
    for job, (index, name, *_) in zip(jobs, plan["cells"], strict=True):
        slow = get_implementation(name).element_cost * cases[index].size > SLOW
        yield partial(weight, job, cases[index].nbytes, slow=slow)


def main() -> None:
    """Weigh until the plan is done: a line for each cell."""
    plan = json.load(sys.stdin)
    forks = sys.platform == "linux"
    if forks:
        end_with_parent()
    else:
        faulthandler.dump_traceback_later(plan["limit"], exit=True)
    if has_pages():
        keep_pages()
    if has_memray():
        import_module("memray")  # once, for all the copies
    at_once = min(os.cpu_count() or 1, AT_ONCE) if forks else 1
    begun: deque[Callable[[], Weight]] = deque()
    done = 0
    for work in chain(_works(plan), repeat(None, at_once)):
        if work is not None:
            begun.append(Fork(work) if forks else work)
        if begun and (work is None or len(begun) == at_once):
            _report(done, plan["cells"][done], begun.popleft())
            done += 1


def _report(number: int, cell: Sequence[Any], work: Callable[[], Weight]) -> None:
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
