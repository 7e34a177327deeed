"""Flame graphs of the servers while they are measured, by py-spy."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bench.measure import flamegraph

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.serving.processes import Process

RATE = 100
REFUSAL = 1.0
"""Seconds in which py-spy finds that it may not attach."""


def require(folder: str | None) -> None:
    """Raise UsageError if graphs are wanted and cannot be made."""
    if folder is None:
        return
    flamegraph.require("--py-spy")
    Path(folder).mkdir(parents=True, exist_ok=True)


@contextmanager
def recording(folder: str | None, servers: Mapping[str, Process]) -> Iterator[None]:
    """Record every server until the end of the ``with``, then write ``NAME.svg``.

    Raises
    ------
    PySpyError
        py-spy may not attach; nothing was measured yet. A graph that fails later is only told.
    """
    if folder is None:
        yield
        return
    started: dict[str, flamegraph.Recording] = {}
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


def _finish(name: str, one: flamegraph.Recording) -> None:
    try:
        one.finish()
    except flamegraph.PySpyError as error:
        sys.stderr.write(f"no graph of {name}: {error}\n")


def _see_them_start(recordings: list[flamegraph.Recording]) -> None:
    until = time.monotonic() + REFUSAL
    while time.monotonic() < until:
        for one in recordings:
            if one.ended():
                one.finish()
        time.sleep(0.05)
