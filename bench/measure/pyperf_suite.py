"""``--rigorous``: the cells as a plain suite of pyperf, a benchmark each, in many processes.

Run as a module it is the suite: pyperf's `Runner` measures each cell with ``bench_time_func``, in a
worker that times nothing else. `run` checks the cells, writes them into a plan, and starts the
suite once for each process: so the cells take turns, drift affects all of them equally, and an
interrupted run has samples of every cell.
"""

from __future__ import annotations

import io
import json
import math
import os
import signal
import sys
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NoReturn

from ..process import Child, WorkerError, end_with_parent, module, tell
from . import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..screen import Progress
    from .results import Cell
    from .run import Session

SUITE = f"{__package__}.pyperf_suite"
KEPT = "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"
"""Decides which code runs: workers get it, since they time what was checked."""
SPEED = (
    *("DYLD_", "GLIBC_TUNABLES", "LD_", "MALLOC_", "NPY_", "PYTHONDEVMODE", "PYTHONMALLOC"),
    *("PYTHONOPTIMIZE", "PYTHONTRACEMALLOC", "PYTHON_JIT"),
)
"""Variables, or how their names begin, that change how fast it runs; pyperf drops them."""
START = 0.25
"""Seconds, roughly, until a worker has imported what it needs."""
UNITS = (("h", 3600), ("min", 60))
OVER = 1.5
"""A value lasts from one to two times ``--min-time``: calls are doubled until it is reached."""


@dataclass(frozen=True)
class Rigour:
    """The options of pyperf's Runner that ``--rigorous`` takes."""

    samples: int = 3
    warmups: int = 1
    loops: int = 0
    """Calls of a value; 0: as many as last ``min_time``, which one more process finds."""
    min_time: float = 0.1
    timeout: int | None = None
    affinity: str | None = None
    inherit_environ: tuple[str, ...] = ()
    copy_env: bool = False

    def arguments(self) -> list[str]:
        """Return the command line of one turn, in which every cell has one process."""
        made = ["-p", "1", "-n", f"{self.samples}", "-w", f"{self.warmups}"]
        made += ["--min-time", f"{self.min_time}"]
        made += ["--copy-env"] if self.copy_env else []
        made += ["--inherit-environ", ",".join((*self.inherit_environ, KEPT))]
        made += ["--timeout", f"{self.timeout}"] if self.timeout else []
        return made + (["--affinity", self.affinity] if self.affinity else [])

    def seconds(self, call: float) -> float:
        """Return about how long one worker takes, if one call takes so many seconds."""
        value = self.loops * call if self.loops else max(call, OVER * self.min_time)
        return START + 2 * call + (self.samples + self.warmups) * value

    def dropped(self) -> list[str]:
        """Return the variables that change the speed here, and that no worker will have."""
        if self.copy_env:
            return []
        return sorted(
            name
            for name in os.environ
            if name.startswith(SPEED) and name not in self.inherit_environ
        )


def run(
    session: Session, rigour: Rigour, processes: int, progress: Progress, *, quiet: bool
) -> None:
    """Fill the session in.

    Raises
    ------
    CheckError
        If a codec or a baseline is wrong: nothing was timed.
    WorkerError
        If a worker process failed before anything was measured.
    """
    started = time.time()
    try:
        session.check(math.inf, progress)
        progress.clear()
        cells = session.cells()
        if not quiet:
            _announce(session, cells, processes, rigour)
        progress.restart()
        with TemporaryDirectory(prefix="tensorwire-") as folder:
            for turn in range(processes):
                progress.show("measuring", turn / processes)
                for done in _turn(session, cells, rigour, Path(folder, f"plan-{turn}.json")):
                    share = (turn + done / len(cells)) / processes
                    progress.show("measuring", share)
    except KeyboardInterrupt:
        session.interrupted = True
    except WorkerError as error:
        if not session.samples.seconds:
            raise
        session.failure = str(error)
    finally:
        progress.clear()
        session.seconds = time.time() - started


def _announce(session: Session, cells: Sequence[Cell], processes: int, rigour: Rigour) -> None:
    """Write how long it takes, and which variables the workers will not have."""
    count = processes + (not rigour.loops)
    again = sum(cell.control for cell in cells)
    once = len(cells) - again
    seconds = count * sum(rigour.seconds(session.guess(cell)) for cell in cells)
    about = next(
        (f"{seconds / size:.0f} {unit}" for unit, size in UNITS if seconds >= 2 * size),
        f"{seconds:.0f} s",
    )
    sys.stderr.write(
        f"{once} cell{'s' * (once > 1)}{f' and {again} again' * (again > 0)},"
        f" {count} process{'es' * (count > 1)} each: about {about}; less with --fast, -p, -n, -w\n"
    )
    lines = [line for line in machine.warnings() if line.startswith("WARNING")]
    lines += [
        f"the workers run without {name}; --inherit-environ {name} keeps it"
        for name in rigour.dropped()
    ]
    sys.stderr.writelines(f"{line}\n" for line in lines)


def _turn(session: Session, cells: Sequence[Cell], rigour: Rigour, path: Path) -> Iterator[int]:
    """Measure every cell in one more process; yield how many are done."""
    import pyperf

    samples = session.samples
    # The first process of a cell finds the number of calls.
    loops = [samples.loops[cell][0] if cell in samples.loops else rigour.loops for cell in cells]
    names = [cell.name(session.cases[cell.case]) for cell in cells]
    decisive = machine.decisive()
    plan = {**session.plan(cells), "names": names, "loops": loops, "decisive": decisive}
    path.write_text(json.dumps(plan), "utf-8")
    suite = Child(module(SUITE, "--plan", str(path), *rigour.arguments()))
    try:
        for done, line in enumerate(suite.lines(), 1):
            if "failed" in line:
                errors = suite.errors().strip().splitlines()
                reason = errors[-1] if errors else line["reason"]
                raise WorkerError(f"a worker failed: {line['failed']}: {reason}")
            benchmark, name = pyperf.Benchmark.loads(line["benchmark"]), names[done - 1]
            if benchmark.get_name() != name:
                raise WorkerError(
                    f"a worker failed: asked for the cell {name!r}, got {benchmark.get_name()!r}"
                )
            samples.add(cells[done - 1], benchmark.get_runs(), keep=True)
            yield done
    finally:
        suite.close(0)


# The suite.


def main() -> None:
    """Measure every cell of a plan: as pyperf's manager, or as its worker, which times one."""
    import pyperf

    end_with_parent()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # pyperf ends its worker then
    runner = pyperf.Runner(
        program_args=("-m", SUITE),
        add_cmdline_args=lambda command, args: command.extend(("--plan", args.plan)),
    )
    runner.argparser.add_argument("--plan", required=True)
    args = runner.parse_args()
    plan = json.loads(Path(args.plan).read_text("utf-8"))
    if args.worker:
        check_decisive(plan["decisive"])
    benchmark = None
    for name, fields, loops in zip(plan["names"], plan["cells"], plan["loops"], strict=True):
        if args.worker:
            benchmark = runner.bench_time_func(name, timer(plan, fields)) or benchmark
            continue
        args.loops = loops
        text, output = io.StringIO(), io.StringIO()
        try:
            with redirect_stdout(output):
                benchmark = runner.bench_time_func(name, timer(plan, fields))
        except RuntimeError as error:
            _fail(name, str(error).rpartition("failed with ")[2])
        except SystemExit:
            _fail(name, output.getvalue().rstrip().rpartition("\n")[2])
        benchmark.dump(text)
        tell({"benchmark": text.getvalue()})
    if benchmark is None:
        raise RuntimeError(f"there is no task {args.worker_task} in the plan")


def _fail(name: str, reason: str) -> NoReturn:
    tell({"failed": name, "reason": reason})
    sys.exit(1)


def check_decisive(expected: Mapping[str, str]) -> None:
    """Raise RuntimeError if what decides on the speed is another than where it was checked."""
    for name, here in machine.decisive().items():
        if here != expected[name]:
            raise RuntimeError(
                f"{name} is {here} in a worker, but {expected[name]} where the cells were checked:"
                " pyperf passes on no flags of Python and few variables of the environment;"
                " --inherit-environ NAME passes on one"
            )


def timer(plan: Mapping[str, Any], fields: Sequence[Any]) -> Callable[[int], float]:
    """Return what times a cell: called with a number of calls, it returns their seconds."""
    from .worker import jobs_of, sample, settle

    jobs: list[Any] = []

    def seconds(loops: int) -> float:
        if not jobs:  # no payload is built but that of the one cell
            cell = {"cases": [plan["cases"][fields[0]]], "cells": [[0, *fields[1:]]]}
            jobs.extend(jobs_of(cell))
            # The imports of a first call do not count.
            sample(jobs[0], 1, 0)
            settle()
        return sample(jobs[0], loops, 0) * loops

    return seconds


if __name__ == "__main__":
    main()
