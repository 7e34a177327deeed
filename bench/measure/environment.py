"""What the numbers depend on: versions, protobuf's backend, the machine, and what is missing."""

from __future__ import annotations

import platform
import sys
from importlib import import_module, metadata
from importlib.util import find_spec
from typing import Any

from bench.measure import machine as hardware

OPTIONAL = {
    "simdjson": "pysimdjson is not installed: JSON numbers are read by orjson, about half as fast",
    "rich": "rich is not installed: plain tables",
}
KNOWN = (
    *("date", "platform", "cpu_model_name", "cpu_count", "cpu_freq", "cpu_config", "aslr"),
    *("load_avg_1min", "perf_version", "python_version", "timer"),
)
"""What pyperf knows of a machine and a reader needs; the rest names hosts, users and paths."""


def version_of(distribution: str) -> str:
    """Return the installed version, or ``none``."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return "none"


def protobuf_backend() -> str:
    """``upb``, ``cpp`` or ``python``; ``none`` without protobuf."""
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
    """Return what must be the same where a cell is checked and where it is timed."""
    return {"protobuf": protobuf_backend(), "gil": gil()}


def facts() -> dict[str, str]:
    """Return what a reader of the numbers must know, as text."""
    return {
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "numpy": version_of("numpy"),
        "orjson": version_of("orjson"),
        "pysimdjson": version_of("pysimdjson"),
        "msgpack": version_of("msgpack"),
        "pybase64": version_of("pybase64"),
        "protobuf": f"{version_of('protobuf')} ({protobuf_backend()})",
    }


def recorded() -> dict[str, str | int]:
    """Return the same, and the machine, under names that do not clash with pyperf's."""
    told = {
        f"bench_{key}" if key == "python" else f"{key}_version": value
        for key, value in facts().items()
    }
    found: dict[str, str | int | None] = {
        **told,
        "gil": gil(),
        "system": hardware.system(),
        "cpu": hardware.cpu(),
        "cores": hardware.cores(),
        "memory_bytes": hardware.memory(),
        "git_commit": hardware.commit(),
    }
    return fit(found)


def fit(told: dict[str, Any]) -> dict[str, Any]:
    """Return what pyperf can hold of it: text of one line and numbers, nothing that is empty."""
    found = {}
    for name, value in told.items():
        kept = value if isinstance(value, (int, float)) else " ".join(str(value).split())
        if value is not None and kept != "":
            found[name] = kept
    return found


def machine() -> dict[str, Any]:
    """Return what a file says once of a whole run: what pyperf knows, and `recorded`."""
    import pyperf

    known = pyperf.Run([1.0], collect_metadata=True).get_metadata()
    return {**{name: known[name] for name in KNOWN if name in known}, **recorded()}


def warnings() -> list[str]:
    """Return what makes this run unlike others, one line each."""
    lines = [line for module, line in OPTIONAL.items() if find_spec(module) is None]
    if protobuf_backend() == "python":
        lines.insert(
            0,
            "WARNING: protobuf runs in pure Python here (no upb): what goes through its runtime"
            " is hundreds of times slower than elsewhere",
        )
    return lines
