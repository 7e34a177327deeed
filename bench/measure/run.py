"""Start the workers one after another, collect their samples, end them whatever happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.interrupt import noting

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from bench.payloads.case import Case


class WorkerError(Exception):
    """A worker ended before its work was done."""


class Cell(NamedTuple):
    """One thing to time."""

    case: int
    way: str
    operation: str
    twin: bool = False
    """The second of two equal cells, which only shows how far equal things differ here."""

    def name(self, case: Case) -> str:
        """Return what it is called in files, with its payload in full."""
        return f"{self.way} {self.operation} {case.title}" + " (again)" * self.twin


@dataclass
class Samples:
    """What was measured so far; it is kept when a run is interrupted."""

    seconds: dict[Cell, list[list[float]]] = field(default_factory=lambda: defaultdict(list))
    """Seconds per call, one list per worker."""
    loops: dict[Cell, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Calls per sample, one number per worker."""
    runs: dict[Cell, list[Any]] = field(default_factory=dict)
    """Of a rigorous run: each ``pyperf.Run``, with its warm-ups, calibration and dates."""


def measure(  # noqa: PLR0913 - each is one plain fact
    samples: Samples,
    cells: Sequence[Cell],
    plan: Mapping[str, Any],
    *,
    ends: float,
    processes: int,
    progress: Callable[[float], None],
) -> None:
    """Time all cells in several processes, one after another so that none disturbs another.

    Parameters
    ----------
    samples
        Filled as results arrive.
    plan
        The payloads, and the cells as a worker must know them (`session.plan_of`).
    ends
        When to be done, in seconds since the epoch. Every cell is timed even if it takes longer.
    progress
        Called with the share that is done.
    """
    calls = sum(seconds for *_, seconds, _ in plan["cells"])
    for number in range(processes):
        share = max(0.0, ends - time.time()) / (processes - number)
        asked = {
            **plan,
            "until": time.time() + share,
            # Far beyond what it should take: the end of a worker that hangs.
            "limit": 60 + 5 * share + 10 * calls,
            "seed": number,
        }
        before = number / processes
        with closing(lines_of_worker("bench.measure.worker", asked)) as lines:
            for line in lines:
                for index, loops, seconds in line["samples"]:
                    cell = cells[index]
                    while len(samples.seconds[cell]) <= number:
                        samples.seconds[cell].append([])
                        samples.loops[cell].append(loops)
                    samples.seconds[cell][number].append(seconds)
                progress(before + line["done"] / processes)


def search_path() -> str:
    """Return the ``PYTHONPATH`` by which another process finds what this one finds."""
    return os.pathsep.join(path or str(Path.cwd()) for path in sys.path)


def lines_of_worker(
    module: str, plan: Mapping[str, Any], **environment: str
) -> Generator[dict[str, Any], None, None]:
    """Run a worker, and yield what it writes, line by line; it has ended when this has.

    Parameters
    ----------
    plan
        What the worker reads; its ``limit`` is the seconds after which it ends, done or not.
    environment
        Variables of the worker beside those of this process.

    Raises
    ------
    WorkerError
        The worker failed.
    """
    with noting() as pressed:  # a worker that nobody knows of would not be ended
        process = subprocess.Popen(  # noqa: S603 - our own workers
            [sys.executable, "-m", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": search_path(), **environment},
            start_new_session=True,  # Ctrl-C is ours to handle
            text=True,
        )
    # The worker ends itself at its limit; this is for one that cannot even do that.
    timer = Timer(plan["limit"] + 10, process.kill)
    timer.daemon = True
    timer.start()
    try:
        if pressed:
            raise KeyboardInterrupt
        assert process.stdin is not None  # noqa: S101 - for the type checker
        assert process.stdout is not None  # noqa: S101
        assert process.stderr is not None  # noqa: S101
        try:
            json.dump(plan, process.stdin)
            process.stdin.close()
        except BrokenPipeError:
            pass  # its stderr says why
        for line in process.stdout:
            yield json.loads(line)
        complaint = process.stderr.read().strip()
        if process.wait() != 0:
            last = complaint.splitlines()[-1] if complaint else f"exit {process.returncode}"
            raise WorkerError(f"a worker failed: {last}")
    finally:
        timer.cancel()
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None and not stream.closed:
                stream.close()
