"""Servers in processes of their own: started, ready when they say so, ended by their own id."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from bench.measure.run import WorkerError, search_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[2]
START = 60.0
"""Seconds in which a server is ready; one that imports TensorFlow is not among ours."""
END = 10.0
"""Seconds in which one has ended by itself."""


class ServerError(WorkerError):
    """A server does not start, or has ended."""


def module(name: str, *arguments: str) -> list[str]:
    """Give the command that runs one of our modules."""
    return [sys.executable, "-m", name, *arguments]


def environment() -> dict[str, str]:
    """Give the environment in which our modules are found, installed or not."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), search_path()))}


def is_ready(ports: Mapping[str, int | None]) -> None:
    """Say, in the server, where it listens."""
    sys.stdout.write(json.dumps(dict(ports)) + "\n")
    sys.stdout.flush()


def wait_for_end() -> None:
    """Wait, in the server, until whoever started it closes its stdin, or is gone."""
    with suppress(KeyboardInterrupt):
        sys.stdin.buffer.read()


class Process:
    """A server: `ports` are those that it named in its first line.

    It is in a session of its own, so that Ctrl-C is ours to handle, and its stdin is a pipe that
    closes with this process, so that it ends whatever happens here.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self.command = list(command)
        self.began = time.perf_counter()
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close
        self._process = subprocess.Popen(  # noqa: S603 - our own servers and tools
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment(),
            start_new_session=True,
        )
        self.pid = self._process.pid
        self.ports: dict[str, Any] = {}

    def ready(self) -> Process:
        """Wait for the first line."""
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - for the type checker
        left = START - (time.perf_counter() - self.began)
        if not select.select([stdout], [], [], max(left, 0))[0]:
            raise ServerError(f"a server is not ready within {START:g} s: {self._says()}")
        line = stdout.readline()
        try:
            self.ports = json.loads(line)
        except ValueError:
            self._process.wait(END)
            raise ServerError(f"a server does not start: {self._says()}") from None
        return self

    def say(self, line: str) -> None:
        """Write a line to its stdin."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - for the type checker
        stdin.write(line.encode() + b"\n")
        stdin.flush()

    def check(self) -> None:
        """Raise if it has ended."""
        if self._process.poll() is not None:
            raise ServerError(f"a server has ended: {self._says()}")

    def _says(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read()[-4000:].decode(errors="replace").split("\n")
        said = [line for line in lines if line.strip()]
        return said[-1].strip() if said else f"exit {self._process.poll()}, without a word"

    def leave(self) -> None:
        """Close its stdin, which is how our own servers are told to end."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()

    def close(self) -> None:
        """End it: by the end of its stdin, and if it does not, by SIGTERM and SIGKILL."""
        self.leave()
        for harder in (None, self._process.terminate, self._process.kill):
            if harder is not None:
                harder()
            try:
                self._process.wait(END)
                break
            except subprocess.TimeoutExpired:
                continue
        self._errors.close()


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
            process.leave()
        for process in self.started:
            process.close()
