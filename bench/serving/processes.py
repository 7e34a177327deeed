"""Servers in processes of their own: started, ready when their first line names their ports."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from bench.process import Child, WorkerError, tell

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

START = 60.0
"""Seconds in which a server is ready; one that imports TensorFlow is not among ours."""


def is_ready(ports: Mapping[str, int | None]) -> None:
    """Report, in the server, where it listens."""
    tell(dict(ports))


def wait_for_end() -> None:
    """Wait, in the server, until whoever started it closes its stdin, or is gone."""
    with suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()


class Process(Child):
    """A server: `ports` are those that it named in its first line."""

    what = "a server"

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__(command)
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

    def start(self, command: Sequence[str]) -> Process:
        """Start one; its `ready` waits for it, so that several start at once."""
        made = Process(command)
        self.started.append(made)
        return made

    def __enter__(self) -> Processes:  # noqa: PYI034 - Self is not in Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.started:
            process.close_input()
        for process in self.started:
            process.close()
