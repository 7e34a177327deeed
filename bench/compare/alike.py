"""Whether two files are of the same machine, and which versions differ."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Told = Mapping[str, Any]

# By its own name where a file has it, else by pyperf's.
MACHINE = {
    "CPU": ("cpu", "cpu_model_name"),
    "CPUs": ("cores", "cpu_count"),
    "system": ("system", "platform"),
}
OTHERS = {
    "mode": "mode",
    "git_commit": "commit",
    "bench_python": "Python",
    "gil": "GIL",
    "platform": "platform",
    "cpu_config": "CPU configuration",
}
LIBRARY = re.compile(r"(?!python_|perf_)(\w+)_version")
COUNTED = ("numpy", "protobuf", "orjson", "msgpack", "pysimdjson", "pybase64")
"""What the number of allocations depends on, beside Python and the system."""


def machine(told: Told) -> str:
    """Say which machine it is, in a few words."""
    cpu, cores, system = (
        str(next((told[key] for key in keys if told.get(key)), "")) for keys in MACHINE.values()
    )
    parts = (cpu, f"{cores} CPUs" if cores else "", system.partition("-")[0])
    return ", ".join(part for part in parts if part) or "an unknown machine"


def other_machine(old: Told, new: Told) -> list[str]:
    """Say in which way these are different machines; nothing if they are the same."""
    found = []
    for name, keys in MACHINE.items():
        key = next((key for key in keys if key in old and key in new), "")
        # Of a platform, which starts with the system: a kernel does not make another machine.
        first, second = (str(told.get(key, "")).partition("-")[0] for told in (old, new))
        if first != second:
            found.append(f"{name} {first} -> {second}")
    return found


def other_versions(old: Told, new: Told) -> list[str]:
    """Say what else differs that a reader of the ratios must know."""
    names = {key: found[1] for key in old if (found := LIBRARY.fullmatch(key))}
    return [
        f"{name} {old[key]} -> {new[key]}"
        for key, name in {**OTHERS, **names}.items()
        if key in old and key in new and old[key] != new[key]
    ]


def uncounted(old: Told, new: Told) -> list[str]:
    """Say which versions differ on which the number of allocations depends."""
    found = []
    libraries = {name: f"{name}_version" for name in COUNTED}
    for name, key in {"Python": "bench_python", "system": "system", **libraries}.items():
        first, second = (str(told.get(key, "unknown")) for told in (old, new))
        if name == "Python":  # its patch version does not matter
            first, second = (".".join(text.split(".")[:2]) for text in (first, second))
        if first != second:
            found.append(f"{name} {first} -> {second}")
    return found
