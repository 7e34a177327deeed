"""A network namespace of our own: ports that an engine opens on all interfaces stay in it."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["alone"]

_NEWNET = 0x40000000  # CLONE_NEWNET of linux/sched.h


@contextmanager
def alone() -> Iterator[bool]:
    """Give this thread, and what it starts, a loopback of its own; say whether that was possible.

    It takes Linux, and the rights of root.
    """
    tool = shutil.which("ip")
    if sys.platform != "linux" or os.geteuid() or tool is None:
        yield False
        return
    library = ctypes.CDLL(None)
    before = os.open(Path("/proc/thread-self/ns/net"), os.O_RDONLY)
    try:
        if library.unshare(_NEWNET):
            yield False
            return
        try:
            subprocess.run([tool, "link", "set", "lo", "up"], check=True)  # noqa: S603 - of iproute2
            yield True
        finally:
            library.setns(before, _NEWNET)
    finally:
        os.close(before)
