"""Measure by pyperf's ``Runner``: each cell in many processes of its own.

The cells take turns, a process each at a time: drift hits all alike, and whoever is interrupted
has a part of every cell.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, TYPE_CHECKING, Any, NoReturn

from bench.codecs import rigorous_options
from bench.measure import environment
from bench.measure.run import WorkerError, search_path
from bench.measure.session import cells_of, check, guess_of, plan_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.measure.run import Cell
    from bench.measure.session import Session
    from bench.options import Options
    from bench.screen.progress import Progress


class Course:
    """Where the run is: called by pyperf for each worker it is about to start."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.plan = ""
        self.name = ""
        self.costs: list[float] = []
        """Of each cell: about how many seconds one of its workers takes."""
        self.cell = 0
        self.spent = self.total = 0.0
        """Of these seconds."""
        self.said: IO[str] = sys.stdout
        self.terminal: IO[str] = sys.stderr

    def add_arguments(self, command: list[str], _: Any) -> None:
        """Tell a worker what it needs to know, and forget what others before it said."""
        command += ["--plan", self.plan, "--cell", self.name]
        self.said.seek(0)
        self.said.truncate()
        with redirect_stderr(self.terminal):
            self.progress.show("measuring", self.spent / self.total)
        self.spent += self.costs[self.cell]


def run(session: Session, options: Options, progress: Progress) -> None:
    """Fill the session in.

    Raises
    ------
    UsageError
        An option of pyperf's is wrong.
    CheckError
        If a codec or a baseline is wrong: nothing was timed.
    WorkerError
        If a worker process failed before anything was measured.
    """
    course = Course(progress)
    args = rigorous_options.check(options.rigorous or ())
    started = time.time()
    try:
        check(session, math.inf, progress)
        progress.clear()
        cells = cells_of(session)
        calls = [guess_of(session, cell)[0] for cell in cells]
        course.costs = [rigorous_options.seconds_of(args, call) for call in calls]
        course.total = rigorous_options.workers(args) * sum(course.costs)
        if not options.quiet:
            _announce(args, cells, course)
        progress.restart()
        _measure(session, options, cells, args.processes, course)
    except KeyboardInterrupt:
        session.interrupted = True
    except WorkerError as error:
        if not session.samples.seconds:
            raise
        session.failure = str(error)
    finally:
        progress.clear()
        session.seconds = time.time() - started


def _announce(args: Any, cells: Sequence[Cell], course: Course) -> None:
    """Say how much there is to do, and what the workers will lack."""
    count = rigorous_options.workers(args)
    twins = sum(cell.twin for cell in cells)
    once = len(cells) - twins
    sys.stderr.write(
        f"{once} cell{'s' * (once > 1)}{f' and {twins} again' * (twins > 0)},"
        f" {count} process{'es' * (count > 1)} each:"
        f" about {_about(course.total)}; less with --fast, -p, -n, -w\n"
    )
    for line in environment.warnings():
        if line.startswith("WARNING"):
            sys.stderr.write(f"{line}\n")
    for name in rigorous_options.dropped(args):
        sys.stderr.write(f"the workers run without {name}; --inherit-environ {name} keeps it\n")


def _about(seconds: float) -> str:
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _measure(
    session: Session, options: Options, cells: Sequence[Cell], processes: int, course: Course
) -> None:
    plan = {
        **plan_of(session, cells),
        "decisive": environment.decisive(),
    }
    with TemporaryDirectory(prefix="tensorwire-") as folder, _aside(Path(folder), course):
        course.plan = str(Path(folder, "plan.json"))
        Path(course.plan).write_text(json.dumps(plan), "utf-8")
        for _ in range(processes):
            _turn(session, options, cells, course)


def _turn(session: Session, options: Options, cells: Sequence[Cell], course: Course) -> None:
    """Measure every cell in one more process; the first of a cell finds the number of calls."""
    samples = session.samples
    # A Runner measures no name twice, and counts the cells, as its workers do to find theirs.
    runner = rigorous_options.runner_of(options.rigorous or (), course.add_arguments)
    runner.args.processes = 1
    asked = runner.args.loops
    for number, cell in enumerate(cells):
        course.cell, course.name = number, cell.name(session.cases[cell.case])
        runner.args.loops = samples.loops[cell][0] if cell in samples.loops else asked
        runs = _bench(runner, course).get_runs()
        samples.runs.setdefault(cell, []).extend(runs)
        for run in runs:
            if run.values:
                samples.loops[cell].append(run.get_loops())
                samples.seconds[cell].append(list(run.values))


def _bench(runner: Any, course: Course) -> Any:
    """Let pyperf measure a cell; it leaves in its own ways if it cannot."""
    try:
        return runner.bench_time_func(course.name, _here)
    except SystemExit as left:
        if isinstance(left.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        raise _failed(course, f"exit {left.code}") from None
    except Exception as error:
        raise _failed(course, str(error).rpartition("failed with ")[2]) from error


def _here(_: int) -> NoReturn:
    raise AssertionError("only workers measure")


def _failed(course: Course, reason: str) -> WorkerError:
    course.said.seek(0)
    lines = [line for line in course.said.read().splitlines() if line.strip()]
    return WorkerError(f"a worker failed: {course.name}: {lines[-1] if lines else reason}")


@contextmanager
def _aside(folder: Path, course: Course) -> Iterator[None]:
    """Keep what pyperf and its workers say out of the output, and let workers find the code."""
    before = os.environ.get("PYTHONPATH")
    sys.stdout.flush()
    sys.stderr.flush()
    with ExitStack() as undo:
        course.said = undo.enter_context(Path(folder, "said.txt").open("w+", encoding="utf-8"))
        course.terminal = undo.enter_context(os.fdopen(os.dup(2), "w"))
        for number in (1, 2):
            kept = os.dup(number)
            undo.callback(os.close, kept)
            undo.callback(os.dup2, kept, number)
            os.dup2(course.said.fileno(), number)
        undo.enter_context(redirect_stdout(course.said))
        undo.enter_context(redirect_stderr(course.said))
        os.environ["PYTHONPATH"] = search_path()
        try:
            yield
        finally:
            if before is None:
                del os.environ["PYTHONPATH"]
            else:
                os.environ["PYTHONPATH"] = before
