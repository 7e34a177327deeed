"""Runs a command, and ends all that it started when stdin ends: whoever started this is gone then.

A script of its own, that any Python runs: ``python keeper.py COMMAND...``. It is to be the leader
of a process group, which it ends by SIGTERM and then by SIGKILL, itself included. On Linux those
are ended, too, that have a session of their own, as the workers of some engines.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread

PATIENCE = 8.0
"""Seconds in which the command ends after SIGTERM."""
REST = 0.1
"""Seconds in which the processes end that the command has left."""
PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Run the command, until it or stdin ends."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # this process waits for the others
    if sys.platform == "linux":  # whoever loses his parent becomes a child of this process
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603 - as it is told
    Thread(target=_end_with_stdin, daemon=True).start()
    command.wait()
    _end_all(REST)


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    _end_all(PATIENCE)


def _end_all(patience: float) -> None:
    os.killpg(0, signal.SIGTERM)
    time.sleep(patience)
    for pid in _descendants():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    os.killpg(0, signal.SIGKILL)


def _descendants() -> list[int]:
    """Return the processes below this one, as far as /proc tells."""
    parents: dict[int, int] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            parent = (
                path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1]
            )
            parents[int(path.parent.name)] = int(parent)
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


if __name__ == "__main__":
    main()
