"""Where a run was made, and by which versions, as its file tells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.screen import figures

if TYPE_CHECKING:
    from collections.abc import Mapping

LIBRARIES = (
    *("numpy", "orjson", "pysimdjson", "msgpack", "pybase64", "protobuf"),
    *("grpcio", "uvicorn", "flask"),
)
NAMES = {
    "date": "date",
    "cpu": "processor",
    "cpu_model_name": "processor",
    "cores": "cores",
    "cpu_count": "cores",
    "cpu_freq": "frequency",
    "memory_bytes": "memory",
    "system": "system",
    "platform": "system",
    "bench_python": "Python",
    "gil": "GIL",
    **{f"{name}_version": name for name in LIBRARIES},
    "perf_version": "pyperf",
    "git_commit": "commit",
    "load_avg_1min": "load before",
}
"""What a file's keys are called, in the order of a page; the first of a name counts."""


def machine(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return what is known of machine and versions, by name."""
    found: dict[str, str] = {}
    for key, name in NAMES.items():
        value = metadata.get(key)
        if value in (None, "") or name in found:
            continue
        if key == "memory_bytes" and isinstance(value, (int, float)):
            value = figures.size(value)
        found[name] = f"{value}".partition(".")[0] if key == "date" else f"{value}"
    return found
