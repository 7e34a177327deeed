"""What a server says of its own time, as W3C's Server-Timing has it: ``decode;dur=0.123`` in ms.

REST has it in a header, gRPC in the trailing metadata of the same name.
"""

from __future__ import annotations

import re
from time import perf_counter
from typing import NamedTuple

HEADER = "server-timing"
_PART = re.compile(r"(\w+);dur=([0-9.]+)")


class Parts(NamedTuple):
    """Seconds that a server spent in its three parts; zero for what it does not do."""

    decode: float = 0.0
    model: float = 0.0
    encode: float = 0.0


def write(parts: Parts) -> str:
    """Write the header."""
    return ", ".join(f"{name};dur={taken * 1e3:.4f}" for name, taken in parts._asdict().items())


def read(text: str) -> Parts | None:
    """Read the header; None where the server tells nothing."""
    found = {name: float(taken) / 1e3 for name, taken in _PART.findall(text)}
    known = {name: found[name] for name in Parts._fields if name in found}
    return Parts(**known) if known else None


class Watch:
    """Tells the time since it was last asked."""

    def __init__(self) -> None:
        self._last = perf_counter()

    def lap(self) -> float:
        """Give the seconds since the last lap."""
        now = perf_counter()
        taken, self._last = now - self._last, now
        return taken
