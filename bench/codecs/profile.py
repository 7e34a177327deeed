"""``--profile out.svg``: where one cell spends its time, as a flame graph by py-spy.

A worker does nothing but the cell, and says when it has begun; py-spy attaches then, so that no
import is in the graph. The worker allows that itself, so that py-spy needs no more permission
than if it had started the worker.
"""

from __future__ import annotations

import time
from contextlib import closing
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.implementations.implementation import is_codec
from bench.measure import flamegraph as py_spy
from bench.measure.check import CheckError
from bench.measure.run import Cell, lines_of_worker
from bench.measure.session import Session, check, plan_of
from bench.options import UsageError

if TYPE_CHECKING:
    from bench.options import Options
    from bench.screen.progress import Progress

WORKER = "bench.codecs.profile_worker"
SECONDS, RATE = 5.0, 250
START = 60.0
"""Seconds in which the worker has begun, and py-spy has drawn."""


def profile(session: Session, options: Options, progress: Progress) -> int:
    """Draw the graph of the session's only cell; the exit code.

    Raises
    ------
    UsageError
        It has several, or py-spy is not installed.
    CheckError, WorkerError
        The cell is wrong or cannot be; the worker or py-spy failed. There is no file then.
    """
    py_spy.require("--profile")
    name, operation = only_cell(session)
    path = Path(options.profile or "")
    seconds = max(1, round(min(SECONDS, options.seconds)))
    title = f"{name} {operation} {session.cases[0].title}"
    try:
        plan = _plan(session, name, operation, progress) | {"limit": 2 * START + seconds}
        with closing(lines_of_worker(WORKER, plan)) as lines:
            pid = next(lines)["pid"]
            try:
                _record(pid, path, title, seconds, progress, "--native")
            except py_spy.PySpyError as error:
                if "native" not in str(error):
                    raise
                # Not on macOS, nor on every processor: Python's frames alone.
                _record(pid, path, title, seconds, progress)
    finally:
        progress.clear()
    if not options.quiet:
        print(f"{path}: {title}, for {seconds} s; open it in a browser")
    return 0


def only_cell(session: Session) -> tuple[str, str]:
    """Return the codec and the operation of the only cell there is; baselines are no cells."""
    codecs = {name for names in session.ways for name in names if is_codec(name)}
    choices = (
        (len(codecs), "codecs: choose one by --codec json/ndarray"),
        (len(session.cases), "payloads: one by --batch 100, or one --payload"),
        (len(session.operations), "directions: one by --op encode"),
    )
    several = [f"{count} {what}" for count, what in choices if count != 1]
    if several:
        raise UsageError(f"--profile is of one cell, and this is {'; '.join(several)}")
    return codecs.pop(), session.operations[0]


def _plan(session: Session, name: str, operation: str, progress: Progress) -> dict[str, Any]:
    one = Session(session.cases, [[name]], (operation,))
    check(one, inf, progress)
    reason = one.facts[0, name].cannot
    if reason is not None:
        raise CheckError(f"{name} cannot carry {one.cases[0].title}: {reason}")
    return plan_of(one, [Cell(0, name, operation)])


def _record(
    pid: int, path: Path, title: str, seconds: int, progress: Progress, *native: str
) -> None:
    options = ("--rate", f"{RATE}", "--duration", f"{seconds}", *native)
    recording = py_spy.Recording(pid, path, title, *options)
    began = time.monotonic()
    try:
        while not recording.ended() and (taken := time.monotonic() - began) < START:
            progress.show("profiling", min(1.0, taken / seconds))
            time.sleep(0.05)
        recording.finish()
    except BaseException:
        recording.give_up()
        raise
