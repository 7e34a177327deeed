"""What a process of ours tells the Linux kernel about itself; nothing elsewhere."""

from __future__ import annotations

import ctypes
import signal
import sys

PR_SET_PDEATHSIG, PR_SET_THP_DISABLE, PR_SET_PTRACER = 1, 41, 0x59616D61
ANYONE = ctypes.c_ulong(-1)


def end_with_parent() -> None:
    """Be killed when the process that started this one ends, however it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def use_small_pages() -> None:
    """Let memory grow by single pages, not by huge ones of 2 MB."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0)


def allow_tracing() -> None:
    """Let any process of the same user attach, as if it had started this one (Yama's scope 1)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANYONE, 0, 0, 0)
