"""Flame graphs of the servers while they are measured, by py-spy."""

from __future__ import annotations

import shutil
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.codecs.plan import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.serving.processes import Process

RATE = 100
WRITING = 30.0
"""Seconds in which a graph is drawn."""


def require(folder: str | None) -> None:
    """Raise UsageError if graphs are wanted and cannot be made."""
    if folder is None:
        return
    if shutil.which("py-spy") is None:
        raise UsageError("--py-spy needs py-spy: pip install py-spy")
    Path(folder).mkdir(parents=True, exist_ok=True)


@contextmanager
def recording(folder: str | None, servers: Mapping[str, Process]) -> Iterator[None]:
    """Record every server until the end of the ``with``, then write ``NAME.svg``."""
    if folder is None:
        yield
        return
    started: list[subprocess.Popen[bytes]] = []
    try:
        for name, server in servers.items():
            command = ["py-spy", "record", "--pid", f"{server.pid}", "--rate", f"{RATE}"]
            command += ["--subprocesses", "--threads", "-o", str(Path(folder) / f"{name}.svg")]
            started.append(
                subprocess.Popen(  # noqa: S603 - a tool that the user has installed
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )
        yield
    finally:
        for recorder in started:
            recorder.send_signal(signal.SIGINT)  # it draws what it has
        for recorder in started:
            _wait(recorder)


def _wait(recorder: subprocess.Popen[bytes]) -> None:
    try:
        recorder.wait(WRITING)
    except subprocess.TimeoutExpired:
        recorder.kill()
        recorder.wait()
