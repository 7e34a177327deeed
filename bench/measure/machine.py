"""What a benchmark runs on: system, processor, memory, and which commit of this checkout.

Never whose machine it is: no name of a host or a user, no path.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import bench

PATIENCE = 10.0
"""Seconds that a command which only reads a fact may take."""
COMMIT = ("git", "--no-optional-locks", "describe", "--always", "--abbrev=12", "--exclude=*")


def system() -> str:
    """Return the operating system and the kind of processor: ``Linux x86_64``."""
    return f"{platform.system()} {platform.machine()}"


def cpu() -> str:
    """Return the processor's model, or ``""`` where the system does not tell."""
    if sys.platform == "darwin":
        return _said("sysctl", "-n", "machdep.cpu.brand_string")
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    told = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in told if name.strip() == "model name"), "")


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Return the bytes of the machine's memory, None where the system does not tell."""
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        pass
    try:
        import psutil
    except ImportError:
        return None
    return int(psutil.virtual_memory().total)


def commit(root: Path | None = None) -> str:
    """Return the commit of the checkout, `` dirty`` after it if files differ; ``""`` without git.

    Parameters
    ----------
    root
        The checkout; this one if not given.
    """
    root = root or Path(bench.__file__).parents[1]
    # A folder without its own .git may lie in somebody else's repository.
    if not (root / ".git").exists():
        return ""
    # Inside a hook, git's own variables speak of another repository.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return _said(*COMMIT, "--dirty= dirty", folder=root, env=clean)


def _said(*command: str, folder: Path | None = None, env: dict[str, str] | None = None) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - the commands of this file
            command,
            cwd=folder,
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
