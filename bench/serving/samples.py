"""What was measured of each cell, and what it comes to."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import floor
from statistics import fmean, median
from typing import TYPE_CHECKING, NamedTuple

from bench.serving.timing import Parts

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.serving.cells import Cell

SHARES = ("client encode", "wire + server", "decode", "model", "encode", "client decode")


class Request(NamedTuple):
    """Seconds that one request took, and what its server spent of them."""

    encode: float
    call: float
    decode: float
    parts: Parts | None

    @property
    def whole(self) -> float:
        """From the client's array to the client's array."""
        return self.encode + self.call + self.decode

    def split(self) -> tuple[float, ...]:
        """Give the parts of it, in the order of `SHARES`."""
        inside = self.parts or Parts()
        return (self.encode, self.call - sum(inside), *inside, self.decode)


class Size(NamedTuple):
    """Bytes of a request's body and of its reply's."""

    out: int
    back: int


@dataclass
class Samples:
    """What was measured so far; it is kept when a run is interrupted."""

    rounds: dict[Cell, list[list[Request]]] = field(default_factory=lambda: defaultdict(list))
    """One list per round, in which all cells had their turn."""
    sizes: dict[Cell, Size] = field(default_factory=dict)

    def requests(self, cell: Cell) -> list[Request]:
        """Give all requests of a cell."""
        return [each for burst in self.rounds.get(cell, []) for each in burst]

    def ratio(self, slow: Cell, fast: Cell, *, call: bool = False) -> tuple[float, float] | None:
        """Tell how many times as fast one cell is as another, and the noise of that.

        The median of the rounds' ratios of medians, and how far half of them are from it.
        """
        return ratio(self.medians(slow, call=call), self.medians(fast, call=call))

    def medians(self, cell: Cell, *, call: bool = False) -> list[float]:
        """Give the median of each round: of the whole request, or of the call alone."""
        return [
            median(each.call if call else each.whole for each in burst)
            for burst in self.rounds.get(cell, [])
            if burst
        ]


def ratio(slow: Sequence[float], fast: Sequence[float]) -> tuple[float, float] | None:
    """Give the median of the rounds' ratios, and how far half of them are from it."""
    found = [first / second for first, second in zip(slow, fast, strict=False)]
    if not found:
        return None
    middle = median(found)
    return middle, median(abs(each / middle - 1) for each in found)


def quantile(values: Sequence[float], share: float) -> float:
    """Give a quantile of sorted values, between the two nearest."""
    place = share * (len(values) - 1)
    low = floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def shares(requests: Sequence[Request]) -> tuple[float, ...]:
    """Tell where the time of the middle half of the requests went; the shares add up to one."""
    ranked = sorted(requests, key=lambda request: request.whole)
    quarter = len(ranked) // 4
    middle = ranked[quarter : len(ranked) - quarter]
    parts = [fmean(each) for each in zip(*(request.split() for request in middle), strict=True)]
    return tuple(part / sum(parts) for part in parts)
