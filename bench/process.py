"""The one runner of child processes: workers that measure, servers that are measured, and tools.

A child finds the modules that this process finds. It is the leader of a session of its own, so that
Ctrl-C is the parent's to handle, and is ended with all that it started, however its parent ends.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import IO, TYPE_CHECKING, Any

from .interrupt import noting

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

END = 10.0
"""Seconds in which a child ends after each signal."""
PR_SET_PDEATHSIG, PR_SET_PTRACER = 1, 0x59616D61


class WorkerError(Exception):
    """A child ended before its work was done: one line."""


def module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules."""
    return [sys.executable, "-m", name, *arguments]


def environment(**more: str) -> dict[str, str]:
    """Return the variables of a child, which finds what this process finds, installed or not."""
    paths = [*(path or str(Path.cwd()) for path in sys.path), str(Path(__file__).parents[1])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)), **more}


class Child:
    """A process of ours: JSON lines in both directions, and its errors kept aside.

    Parameters
    ----------
    command
        The program and its arguments.
    stdout
        `subprocess.DEVNULL` for a tool whose output nobody reads.
    variables
        Of the child's environment, beside those of this process.
    only
        All variables of the child's environment, for one that must not see those of this process.
    folder
        The working directory; that of this process where None.
    """

    what = "a worker"
    """What an error calls it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        stdout: int = subprocess.PIPE,
        variables: Mapping[str, str] | None = None,
        only: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.began = time.perf_counter()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close
        with noting() as pressed:  # a child that nobody knows of would not be ended
            self._process = subprocess.Popen(  # noqa: S603 - our own modules, installed tools
                list(command),
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=self._errors,
                env=environment(**(variables or {})) if only is None else only,
                cwd=folder,
                start_new_session=True,
            )
        self.pid = self._process.pid
        if pressed:
            self.close(0)
            raise KeyboardInterrupt

    def send(self, text: str) -> None:
        """Write a line to its stdin; nothing happens if it has ended, for its errors tell why."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - for the type checker
        with suppress(BrokenPipeError):
            stdin.write(text.encode() + b"\n")
            stdin.flush()

    def close_input(self) -> None:
        """Close its stdin, which ends our own servers."""
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()

    def first_line(self, seconds: float) -> Any:
        """Return the first line of JSON that it writes within so many seconds of its start."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - for the type checker
        left = seconds - (time.perf_counter() - self.began)
        if not select.select([stdout], [], [], max(left, 0))[0]:
            raise WorkerError(f"{self.what} is not ready within {seconds:g} s: {self.complaint()}")
        line = stdout.readline()
        try:
            return json.loads(line)
        except ValueError:
            self.wait(END)
            raise WorkerError(f"{self.what} does not start: {self.complaint()}") from None

    def lines(self) -> Iterator[Any]:
        """Yield every line of JSON that it writes, until it ends; WorkerError if it failed."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - for the type checker
        for line in stdout:
            yield json.loads(line)
        if self._process.wait():
            raise WorkerError(f"{self.what} failed: {self.complaint()}")

    def returncode(self) -> int | None:
        """Return its exit code; None while it runs."""
        return self._process.poll()

    def wait(self, seconds: float) -> None:
        """Wait for its end; `subprocess.TimeoutExpired` if it does not come in time."""
        self._process.wait(seconds)

    def errors(self) -> str:
        """Return the end of what it wrote to stderr."""
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 20_000))
        return self._errors.read().decode(errors="replace")

    def complaint(self) -> str:
        """Return the last line of its errors, else its exit code."""
        lines = [line.strip() for line in self.errors().splitlines() if line.strip()]
        return lines[-1] if lines else f"exit {self.returncode()}, without a word"

    def signal(self, number: int) -> None:
        """Send a signal to it and to all that it has started."""
        if not hasattr(os, "killpg"):
            self._process.send_signal(number)
            return
        with suppress(ProcessLookupError, PermissionError):  # it has ended
            os.killpg(self.pid, number)

    def close(self, patience: float = END) -> None:
        """End it: by the end of its stdin, after so many seconds by SIGTERM, then by SIGKILL."""
        self.close_input()
        for number, seconds in (
            (None, patience),
            (signal.SIGTERM, END),
            (getattr(signal, "SIGKILL", signal.SIGTERM), END),
        ):
            if number is not None:
                self.signal(number)
            with suppress(subprocess.TimeoutExpired):
                self.wait(seconds)
                break
        if self._process.stdout is not None:
            self._process.stdout.close()
        self._errors.close()


def run_worker(
    name: str, plan: Mapping[str, Any], **variables: str
) -> Generator[dict[str, Any], None, None]:
    """Run a module that measures, and yield what it writes; it has ended when this generator has.

    Parameters
    ----------
    plan
        What the worker reads from its stdin; after ``limit`` seconds it ends, done or not.
    variables
        Of the worker's environment, beside those of this process.

    Raises
    ------
    WorkerError
        The worker failed.
    """
    child = Child(module(name), variables=variables)
    # The worker ends itself at its limit; this is for one that cannot even do that.
    timer = Timer(plan["limit"] + END, child.signal, [getattr(signal, "SIGKILL", signal.SIGTERM)])
    timer.daemon = True
    timer.start()
    try:
        child.send(json.dumps(plan))
        child.close_input()
        yield from child.lines()
    finally:
        timer.cancel()
        child.close(0)


def run_tool(command: Sequence[str], *, within: float, stdin: bytes = b"") -> bytes:
    """Run a tool to its end; return its stdout. It is killed after so many seconds.

    Raises
    ------
    WorkerError
        It failed, or did not end.
    """
    try:
        done = subprocess.run(  # noqa: S603 - a tool that is installed, or our own
            list(command),
            input=stdin,
            capture_output=True,
            timeout=within,
            check=False,
            env=environment(),
            start_new_session=True,
        )
    except subprocess.TimeoutExpired:
        raise WorkerError(f"{command[0]} did not end within {within:g} s") from None
    if done.returncode:
        lines = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise WorkerError(f"{command[0]} failed: {lines[-1] if lines else done.returncode}")
    return done.stdout


def tell(line: Mapping[str, Any]) -> None:
    """Write a line of JSON for the process that started this one."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def end_with_parent() -> None:
    """Let Linux kill this process when the one that started it ends, however that ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def allow_tracing() -> None:
    """Let any process of the same user attach, as if it had started this one (Yama's scope 1)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1), 0, 0, 0)
