"""Values to pixels, and what is written there."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import TYPE_CHECKING

from bench.screen import figures

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOM = 1.3
"""By which factor an axis reaches beyond its values."""


def tick_time(seconds: float) -> str:
    """Write a round time on an axis: ``10 µs``."""
    text, _, unit = figures.duration(seconds).partition(" ")
    return f"{float(text):g} {unit}"


@dataclass(frozen=True)
class Log:
    """Equal factors are equal distances."""

    low: float
    high: float
    start: float
    """The pixel of `low`, and"""
    stop: float
    """that of `high`, which may be the smaller of the two."""

    @classmethod
    def around(cls, values: Iterable[float], start: float, stop: float) -> Log:
        """Hold all these values, and at least two powers of ten."""
        known = [value for value in values if value > 0] or [1.0]
        made = cls(min(known) / ROOM, max(known) * ROOM, start, stop)
        if len(made.ticks()) > 1:
            return made
        low, high = floor(log10(min(known)) + 1e-9), ceil(log10(max(known)) - 1e-9)
        return cls(10.0**low, 10.0 ** max(high, low + 1), start, stop)

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        share = log10(max(value, 1e-300) / self.low) / log10(self.high / self.low)
        return self.start + share * (self.stop - self.start)

    def ticks(self) -> list[float]:
        """Return the powers of ten; of more than eight every other one."""
        first, last = ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9)
        return [10.0**n for n in range(first, last + 1, max(1, 1 + (last - first) // 8))]


@dataclass(frozen=True)
class Linear:
    """From zero on."""

    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return the pixel of a value."""
        return self.start + value / (self.high or 1.0) * (self.stop - self.start)

    def ticks(self, wanted: int = 4) -> list[float]:
        """Return about so many round values, zero first."""
        if self.high <= 0:
            return [0.0]
        rough = self.high / wanted
        unit = 10.0 ** floor(log10(rough))
        step = next(unit * n for n in (1, 2, 2.5, 5, 10) if unit * n >= rough * 0.999)
        return [step * n for n in range(floor(self.high / step + 1e-9) + 1)]
