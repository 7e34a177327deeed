"""Servers in processes of their own, and flame graphs of them while they are measured.

A server is ready when its first line names its ports, and ends when its stdin is closed.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..process import Child, WorkerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..measure.flamegraph import Recording

START = 60.0
"""Seconds in which a server is ready; one that imports TensorFlow is not among ours."""


def wait_for_end() -> None:
    """Wait, in the server, until whoever started it closes its stdin, or is gone."""
    with suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()


class Process(Child):
    """A server: `ports` are those that it named in its first line."""

    what = "a server"

    def __init__(self, command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        super().__init__(command, variables=variables)
        self.ports: dict[str, Any] = {}

    def ready(self) -> Process:
        """Wait for the first line."""
        self.ports = self.first_line(START)
        return self

    def check(self) -> None:
        """Raise if it has ended."""
        if self.returncode() is not None:
            raise WorkerError(f"a server has ended: {self.complaint()}")


class Processes:
    """Several servers, all of which are ended at the end of a ``with``."""

    def __init__(self) -> None:
        self.started: list[Process] = []

    def start(self, command: Sequence[str], variables: Mapping[str, str] | None = None) -> Process:
        """Start one; its `ready` waits for it, so that several start at once."""
        made = Process(command, variables)
        self.started.append(made)
        return made

    def __enter__(self) -> Processes:  # noqa: PYI034 - Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.started:
            process.close_input()
        for process in self.started:
            process.close()


RATE = 100
REFUSAL = 1.0
"""Seconds in which py-spy finds that it may not attach."""


def require_graphs(folder: str | None) -> None:
    """Raise UsageError if graphs are wanted and cannot be made."""
    if folder is None:
        return
    from ..measure import flamegraph

    flamegraph.require("--py-spy")
    Path(folder).mkdir(parents=True, exist_ok=True)


@contextmanager
def recording(folder: str | None, servers: Mapping[str, Process]) -> Iterator[None]:
    """Record every server until the end of the ``with``, then write ``NAME.svg``.

    Raises
    ------
    PySpyError
        py-spy may not attach; nothing was measured yet. A graph that fails later is a warning.
    """
    if folder is None:
        yield
        return
    from ..measure import flamegraph  # not in the servers, which import this module

    started: dict[str, Recording] = {}
    try:
        for name, server in servers.items():
            options = ("--rate", f"{RATE}", "--subprocesses", "--threads")
            path = Path(folder) / f"{name}.svg"
            started[name] = flamegraph.Recording(server.pid, path, f"the server {name}", *options)
        _see_them_start(list(started.values()))
    except BaseException:
        for one in started.values():
            one.give_up()
        raise
    try:
        yield
    finally:
        for one in started.values():
            one.stop()  # it draws what it has
        for name, one in started.items():
            _finish(name, one)


def _finish(name: str, one: Recording) -> None:
    from ..measure.flamegraph import PySpyError

    try:
        one.finish()
    except PySpyError as error:
        sys.stderr.write(f"no graph of {name}: {error}\n")


def _see_them_start(recordings: list[Recording]) -> None:
    until = time.monotonic() + REFUSAL
    while time.monotonic() < until:
        for one in recordings:
            if one.ended():
                one.finish()
        time.sleep(0.05)
