"""What the numbers depend on: versions, protobuf's backend, and what is not installed."""

from __future__ import annotations

import platform
from importlib import import_module, metadata
from importlib.util import find_spec

OPTIONAL = {
    "simdjson": "pysimdjson is not installed: JSON numbers are read by orjson, about half as fast",
    "rich": "rich is not installed: plain tables",
}


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


def recorded() -> dict[str, str]:
    """Return the same under names that do not clash with pyperf's."""
    return {
        f"bench_{key}" if key == "python" else f"{key}_version": value
        for key, value in facts().items()
    }


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
