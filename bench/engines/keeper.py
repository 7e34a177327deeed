"""Runs a command, and ends all that it started when stdin ends: whoever started this is gone then.

A script of its own, that any Python runs: ``python keeper.py COMMAND...``. It is to be the leader
of a process group, which it ends by SIGTERM and then by SIGKILL, itself included.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from threading import Thread

PATIENCE = 5.0
"""Seconds in which the command ends after SIGTERM."""
REST = 0.1
"""Seconds in which the processes end that the command has left."""


def main() -> None:
    """Run the command, until it or stdin ends."""
    signal.signal(signal.SIGTERM, lambda *_: None)  # this process waits for the others
    command = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603 - as it is told
    Thread(target=_end_with_stdin, daemon=True).start()
    command.wait()
    _end_group(REST)


def _end_with_stdin() -> None:
    sys.stdin.buffer.read()
    _end_group(PATIENCE)


def _end_group(patience: float) -> None:
    os.killpg(0, signal.SIGTERM)
    time.sleep(patience)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
