"""Flame graphs by py-spy: of one cell (``--profile out.svg``), or of any process of ours.

A worker does nothing but the cell, and reports when it has begun; py-spy attaches then, so that no
import is in the graph. The worker allows that itself, so that py-spy needs no more permission
than if it had started the worker.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import closing, suppress
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from tensorwire.extras import advice

from ..implementations.implementation import is_codec
from ..interrupt import UsageError
from ..process import Child, WorkerError, allow_tracing, end_with_parent, run_worker, tell
from .check import CheckError
from .results import Cell
from .run import Session
from .worker import jobs_of, sample, settle

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..screen import Progress

WORKER = f"{__package__}.flamegraph"
SECONDS, RATE = 5.0, 250
START = 60.0
"""Seconds in which the worker has begun, and py-spy has drawn."""
WRITING = 30.0
"""Seconds in which a graph is drawn."""
WARM_UPS = 3
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
SCOPES = {
    "1": "only a parent may look into a process: sudo sysctl kernel.yama.ptrace_scope=0",
    "2": "only CAP_SYS_PTRACE may look into a process: use sudo, or"
    " sudo sysctl kernel.yama.ptrace_scope=1",
    "3": "no process may look into another until the next boot",
}
CONTAINER = (
    "no CAP_SYS_PTRACE, or a process of another user: in a container,"
    " docker run --cap-add SYS_PTRACE; elsewhere sudo"
)
MACOS = "macOS lets only root look into a process: use sudo"
TITLE = re.compile(r'(<text id="title"[^>]*>)[^<]*')


class PySpyError(WorkerError):
    """py-spy made no graph: the reason in one line."""


def find() -> str | None:
    """Return the program: beside this Python, or on the PATH."""
    places = [str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
    return shutil.which("py-spy", path=os.pathsep.join(places))


def require(option: str) -> None:
    """Raise UsageError where py-spy is not installed."""
    if find() is None:
        raise UsageError(advice(option, ["py-spy"]))


class Recording:
    """py-spy at work on one process; an existing file stays until the graph is complete."""

    def __init__(self, pid: int, path: Path, title: str, *options: str) -> None:
        self.path, self.title = path, title
        self._part = path.with_name(f".{path.name}.{pid}.part")
        command = [find() or "py-spy", "record", "--pid", f"{pid}", *options]
        self._child = Child(
            [*command, "--format", "flamegraph", "--output", str(self._part)],
            stdout=subprocess.DEVNULL,
        )

    def ended(self) -> bool:
        """Whether it has ended by itself."""
        return self._child.returncode() is not None

    def stop(self) -> None:
        """Let it draw what it has."""
        self._child.signal(signal.SIGINT)

    def finish(self) -> None:
        """Wait until the graph is drawn, and move it to its path.

        Raises
        ------
        PySpyError
            There is none.
        """
        try:
            self._child.wait(WRITING)
            if self._child.returncode() or not self._part.exists():
                raise PySpyError(reason(self._child.errors()))
            drawn = self._part.read_text(encoding="utf-8")
            self._part.write_text(self._readable(drawn), encoding="utf-8")
            self._part.replace(self.path)
        except subprocess.TimeoutExpired:
            raise PySpyError(f"py-spy draws no graph within {WRITING:g} s") from None
        finally:
            self.give_up()

    def _readable(self, drawn: str) -> str:
        """Write the title of the graph, and cut the file of a function whose name is too long."""
        titled = TITLE.sub(lambda found: found[1] + escape(self.title), drawn)
        return titled.replace("truncate_text_right = false", "truncate_text_right = true")

    def give_up(self) -> None:
        """End it, and leave nothing behind."""
        self._child.close(0)
        with suppress(FileNotFoundError):
            self._part.unlink()


def reason(errors: str) -> str:
    """Return in one line why there is no graph, and the remedy where py-spy may not attach."""
    lower = errors.lower()
    if "permission denied" in lower or "not permitted" in lower or "requires root" in lower:
        return f"py-spy may not attach: {_permission()}"
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    failed = [line for line in lines if line.lower().startswith("error")]
    return f"py-spy: {(failed or lines or ['it drew nothing'])[0].removeprefix('Error: ')}"


def _permission() -> str:
    if sys.platform == "darwin":
        return MACOS
    scope = YAMA.read_text().strip() if YAMA.exists() else "0"
    return f"{YAMA} is {scope}, {SCOPES[scope]}" if scope in SCOPES else CONTAINER


# A graph of one cell.


def profile(session: Session, path: Path, most: float, progress: Progress) -> str:
    """Draw the graph of the session's only cell, for so many seconds at most; return what it is of.

    Raises
    ------
    UsageError
        It has several, or py-spy is not installed.
    CheckError, WorkerError
        The cell is wrong or cannot be; the worker or py-spy failed. There is no file then.
    """
    require("--profile")
    name, operation = only_cell(session)
    seconds = max(1, round(min(SECONDS, most)))
    title = f"{name} {operation} {session.cases[0].title}"
    try:
        plan = _plan(session, name, operation, progress) | {"limit": 2 * START + seconds}
        with closing(run_worker(WORKER, plan)) as lines:
            pid = next(lines)["pid"]
            try:
                _record(pid, path, title, seconds, progress, "--native")
            except PySpyError as error:
                if "native" not in str(error):
                    raise
                # Not on macOS, nor on every processor: Python's frames alone.
                _record(pid, path, title, seconds, progress)
    finally:
        progress.clear()
    return f"{title}, for {seconds} s"


def only_cell(session: Session) -> tuple[str, str]:
    """Return the codec and the operation of the only cell there is; baselines are no cells."""
    codecs = {name for names in session.implementations for name in names if is_codec(name)}
    choices = (
        (len(codecs), "codecs", "--codec json/ndarray"),
        (len(session.cases), "payloads", "--batch 100 or one FILE"),
        (len(session.operations), "directions", "--op encode"),
    )
    several = [f"{count} {what}" for count, what, _ in choices if count != 1]
    if several:
        options = ", ".join(option for count, _, option in choices if count != 1)
        reason = f"expected one cell for --profile, got {', '.join(several)}"
        raise UsageError(f"{reason}; choose one by {options}")
    return codecs.pop(), session.operations[0]


def _plan(session: Session, name: str, operation: str, progress: Progress) -> dict[str, Any]:
    one = Session(session.cases, [[name]], (operation,))
    one.check(inf, progress)
    refusal = one.facts[0, name].cannot
    if refusal is not None:
        reason = f"expected a payload that {name} represents, got {one.cases[0].title}"
        raise CheckError(f"{reason}: {refusal}")
    return one.plan([Cell(0, name, operation)])


def _record(
    pid: int, path: Path, title: str, seconds: int, progress: Progress, *native: str
) -> None:
    options = ("--rate", f"{RATE}", "--duration", f"{seconds}", *native)
    recording = Recording(pid, path, title, *options)
    began = time.monotonic()
    try:
        while not recording.ended() and (taken := time.monotonic() - began) < START:
            progress.show("profiling", min(1.0, taken / seconds))
            time.sleep(0.05)
        recording.finish()
    except BaseException:
        recording.give_up()
        raise


# The worker: one cell again and again, until it is ended.


def loop(call: Callable[[Any], Any], argument: Any) -> None:
    """Call for ever: the lowest frame of the graph that does not belong to the cell."""
    while True:
        call(argument)


def main() -> None:
    """Report when nothing but the cell is left to run."""
    plan = json.load(sys.stdin)
    faulthandler.dump_traceback_later(plan["limit"], exit=True)
    end_with_parent()
    allow_tracing()
    (job,) = jobs_of(plan)
    sample(job, 1, WARM_UPS)
    settle()
    tell({"pid": os.getpid()})
    loop(*job)


if __name__ == "__main__":
    main()
