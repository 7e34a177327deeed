"""What the numbers depend on: the machine, versions, protobuf's backend, and what is missing.

It identifies nobody: no name of a host or a user, and no path.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import import_module, metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

LIBRARIES = ("numpy", "orjson", "pysimdjson", "msgpack", "pybase64")
KNOWN = (
    *("date", "platform", "cpu_model_name", "cpu_count", "cpu_freq", "cpu_config", "aslr"),
    *("load_avg_1min", "perf_version", "python_version", "timer"),
)
"""What pyperf knows of a machine and a reader needs; the rest names hosts, users and paths."""
PATIENCE = 10.0
"""Seconds that a command which only reads a fact may take."""
COMMIT = ("git", "--no-optional-locks", "describe", "--always", "--abbrev=12", "--exclude=*")


def version_of(distribution: str) -> str:
    """Return the installed version, or ``none``."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"


def protobuf_backend() -> str:
    """Return ``upb``, ``cpp`` or ``python``; ``none`` without protobuf."""
    try:
        found = import_module("google.protobuf.internal.api_implementation")
    except ImportError:
        return "none"
    return str(found.Type())


def gil() -> str:
    """Return ``enabled``, or ``disabled`` in a free-threaded Python."""
    ask = getattr(sys, "_is_gil_enabled", None)
    return "disabled" if ask is not None and not ask() else "enabled"


def decisive() -> dict[str, str]:
    """Return what must be equal in the process that checks a cell and in the one that times it."""
    return {"protobuf": protobuf_backend(), "gil": gil()}


def system() -> str:
    """Return the operating system and the kind of processor: ``Linux x86_64``."""
    return f"{platform.system()} {platform.machine()}"


def cpu() -> str:
    """Return the processor's model, or ``""`` where it is not known."""
    if sys.platform == "darwin":
        return _output("sysctl", "-n", "machdep.cpu.brand_string")
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    fields = (line.partition(":") for line in lines)
    return next((value.strip() for name, _, value in fields if name.strip() == "model name"), "")


def cores() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def memory() -> int | None:
    """Return the bytes of the machine's memory, None where it is not known."""
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
    root = root or Path(__file__).parents[2]
    # A folder without its own .git may lie in somebody else's repository.
    if not (root / ".git").exists():
        return ""
    # Inside a hook, git's own variables name another repository.
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return _output(*COMMIT, "--dirty= dirty", folder=root, env=clean)


def _output(*command: str, folder: Path | None = None, env: dict[str, str] | None = None) -> str:
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


def facts() -> dict[str, str]:
    """Return the versions that a reader of the numbers must know, as text."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        **{name: version_of(name) for name in LIBRARIES},
        "protobuf": f"{version_of('protobuf')} ({protobuf_backend()})",
    }


def recorded() -> dict[str, Any]:
    """Return the same, and the machine, under names that do not clash with pyperf's."""
    versions = {
        f"bench_{key}" if key == "python" else f"{key}_version": value
        for key, value in facts().items()
    }
    return fit(
        {
            **versions,
            "gil": gil(),
            "system": system(),
            "cpu": cpu(),
            "cores": cores(),
            "memory_bytes": memory(),
            "git_commit": commit(),
        }
    )


def fit(metadata: dict[str, Any]) -> dict[str, Any]:
    """Return the metadata that pyperf can hold: text of one line and numbers, nothing empty."""
    found = {}
    for name, value in metadata.items():
        kept = value if isinstance(value, (int, float)) else " ".join(str(value).split())
        if value is not None and kept != "":
            found[name] = kept
    return found


def describe() -> dict[str, Any]:
    """Return the metadata of a whole run: what pyperf knows, and `recorded`."""
    import pyperf

    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    return {**{name: known[name] for name in KNOWN if name in known}, **recorded()}


def warnings() -> list[str]:
    """Return what makes this run differ from a usual one, a line each."""
    lines = []
    if protobuf_backend() == "python":
        lines.append(
            "WARNING: protobuf runs in pure Python here (no upb): what goes through its runtime"
            " is hundreds of times slower than elsewhere"
        )
    if find_spec("simdjson") is None:
        lines.append(
            "pysimdjson is not installed: JSON numbers are read by orjson, about half as fast"
        )
    return lines
