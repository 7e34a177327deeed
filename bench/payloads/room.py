"""Whether there is memory for what is to be read."""

from __future__ import annotations

import os


def free() -> int | None:
    """Return the bytes that can be had without swapping, None where nobody says."""
    try:
        import psutil
    except ImportError:
        pass
    else:
        return int(psutil.virtual_memory().available)
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):  # no such thing on Windows
        return None


def check(need: float) -> None:
    """Raise `ValueError` if there are not so many bytes."""
    there = free()
    if there is not None and need > there:
        raise ValueError(
            f"reading it takes about {need / 1e9:,.1f} GB, {there / 1e9:,.1f} GB are free"
        )
