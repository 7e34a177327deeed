"""The memory of a call as the operating system sees it: pages of the process, whoever asked.

The kernel's own high-water mark (VmHWM) is kept in counters of each CPU since Linux 6.2, and is
wrong by up to 128 kB for each of them. So nothing is given back while a call lasts: all of malloc
is one heap that only grows, and what it has grown by in the end is the peak, to the page.
"""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure.prctl import use_small_pages

if TYPE_CHECKING:
    from collections.abc import Callable

ROLLUP = Path("/proc/self/smaps_rollup")
M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_MAX = -1, -2, -4
NEVER = 2**31 - 1


def seen() -> bool:
    """Whether this can be measured here: Linux, and glibc's malloc."""
    return ROLLUP.exists() and hasattr(ctypes.CDLL(None), "malloc_trim")


def keep_all() -> None:
    """Let the heap give nothing back by itself, and grow by small pages."""
    libc = ctypes.CDLL(None)
    libc.mallopt(M_MMAP_MAX, 0)
    libc.mallopt(M_TRIM_THRESHOLD, NEVER)
    libc.mallopt(M_TOP_PAD, 0)
    use_small_pages()


def growth(call: Callable[[Any], Any], argument: Any) -> int:
    """Return the bytes by which one call makes the process grow."""
    ctypes.CDLL(None).malloc_trim(0)
    before = _anonymous()
    result = call(argument)
    after = _anonymous()
    del result
    return max(0, after - before)


def _anonymous() -> int:
    """Return the bytes of all pages that are no file's, counted one by one by the kernel."""
    with ROLLUP.open() as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) * 1024
