"""Samples of each cell, their statistics, and the times that a server reports of itself.

That is W3C's Server-Timing, ``decode;dur=0.123`` in ms: a header in REST, and in gRPC the trailing
metadata of the same name.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field
from math import floor
from statistics import fmean, median
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from .cells import OBJECTS, OURS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .cells import Cell

HEADER = "server-timing"
_PART = re.compile(r"(\w+);dur=([0-9.]+)")


class Parts(NamedTuple):
    """Seconds that a server spent in its three parts; zero for what it does not do."""

    decode: float = 0.0
    model: float = 0.0
    encode: float = 0.0


def write_timing(parts: Parts) -> str:
    """Write the header."""
    return ", ".join(f"{name};dur={taken * 1e3:.4f}" for name, taken in parts._asdict().items())


def read_timing(text: str) -> Parts | None:
    """Read the header; None where the server tells nothing."""
    found = {name: float(taken) / 1e3 for name, taken in _PART.findall(text)}
    known = {name: found[name] for name in Parts._fields if name in found}
    return Parts(**known) if known else None


class Watch:
    """A stopwatch."""

    def __init__(self) -> None:
        self._last = perf_counter()

    def lap(self) -> float:
        """Return the seconds since the last lap."""
        now = perf_counter()
        taken, self._last = now - self._last, now
        return taken


FEW = 100
"""Requests below which p99 is hardly more than the slowest of them."""
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
        """Return the parts of it, in the order of `SHARES`."""
        inside = self.parts or Parts()
        return (self.encode, self.call - sum(inside), *inside, self.decode)


class Size(NamedTuple):
    """Bytes of a request's body and of its reply's."""

    out: int
    back: int


class Measured(NamedTuple):
    """What was measured of one cell.

    Attributes
    ----------
    rounds
        seconds of its requests, a list for each round.
    calls
        of each round, the median of the seconds without the client's own encoding and decoding.
    shares
        where the time went, in the order of `SHARES`; None where the server does not tell.
    call_median
        the median of the seconds of all calls; it is in no file.
    """

    rounds: Sequence[Sequence[float]]
    calls: Sequence[float]
    size: Size
    shares: Sequence[float | None]
    call_median: float = 0.0

    def whole(self) -> list[float]:
        """Return the seconds of all requests, in ascending order."""
        return sorted(value for values in self.rounds for value in values)


@dataclass(frozen=True)
class Matrix:
    """The cells of the format matrix, in its order."""

    cells: Mapping[Cell, Measured]

    @classmethod
    def of(cls, cells: Mapping[Cell, Measured]) -> Matrix:
        """Put the cells in order."""
        return cls(dict(sorted(cells.items(), key=lambda item: item[0].place)))

    def ratio(self, slow: Cell, fast: Cell, *, call: bool = False) -> tuple[float, float] | None:
        """Return how many times as fast one cell is as another, and the noise of that.

        The median of the rounds' ratios of medians, and how far half of them are from it.
        """
        pairs = zip(self._medians(slow, call=call), self._medians(fast, call=call), strict=False)
        found = [first / second for first, second in pairs]
        if not found:
            return None
        middle = median(found)
        return middle, median(abs(each / middle - 1) for each in found)

    def gain(self, cell: Cell, *, call: bool = False) -> tuple[float, float] | None:
        """Return how many times as fast as the usual way ours is, and the noise of that."""
        slow, fast = (cell._replace(side=side) for side in (OBJECTS, OURS))
        return self.ratio(slow, fast, call=call)

    def _medians(self, cell: Cell, *, call: bool) -> Sequence[float]:
        found = self.cells.get(cell)
        if found is None:
            return ()
        return found.calls if call else [median(values) for values in found.rounds]


@dataclass
class Samples:
    """What was measured so far; it is kept when a run is interrupted."""

    rounds: dict[Cell, list[list[Request]]] = field(default_factory=lambda: defaultdict(list))
    """One list per round, in which all cells had their turn."""
    sizes: dict[Cell, Size] = field(default_factory=dict)

    def requests(self, cell: Cell) -> list[Request]:
        """Return all requests of a cell."""
        return [each for burst in self.rounds.get(cell, []) for each in burst]

    def matrix(self) -> Matrix:
        """Return the record of all cells that were measured."""
        return Matrix.of({cell: self._measured(cell) for cell in self.rounds})

    def _measured(self, cell: Cell) -> Measured:
        rounds, requests = self.rounds[cell], self.requests(cell)
        split: list[float | None] = [*shares(requests)]
        if not all(request.parts for request in requests):
            split[2:5] = [None] * 3  # its server does not tell
        return Measured(
            [[each.whole for each in burst] for burst in rounds],
            [median(each.call for each in burst) for burst in rounds],
            self.sizes.get(cell, Size(0, 0)),
            split,
            median(each.call for each in requests),
        )


PERCENTILES = (50, 90, 99)
"""Shown of each latency, as p50, p90 and p99."""


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile of sorted values, interpolated between the two nearest."""
    place = percent / 100 * (len(values) - 1)
    low = floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def shares(requests: Sequence[Request]) -> tuple[float, ...]:
    """Return where the time of the middle half of the requests went; the shares add up to one."""
    ranked = sorted(requests, key=lambda request: request.whole)
    quarter = len(ranked) // 4
    middle = ranked[quarter : len(ranked) - quarter]
    parts = [fmean(each) for each in zip(*(request.split() for request in middle), strict=True)]
    return tuple(part / sum(parts) for part in parts)


SLACK = 0.2
"""How far clients / latency and requests/s may differ before the client was the limit."""
BUSY = 0.9
"""The share of a core at which a client of one thread has no time left."""


@dataclass(frozen=True)
class Load:
    """One closed loop: every client sends its next request when the last is answered."""

    tool: str
    clients: int
    seconds: float
    failed: int
    latencies: Sequence[float]
    """Seconds of each answered request, in ascending order."""
    busy: float | None = None
    """Share of a core that the tool itself took, where it tells."""

    @property
    def rate(self) -> float:
        """Answered requests a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, percent: float) -> float | None:
        """Return a percentile of the latencies; None if nothing was answered."""
        return percentile(self.latencies, percent) if self.latencies else None

    def doubt(self) -> str | None:
        """Return why this measures the client rather than the server, if it does.

        By Little's law the requests under way are rate x latency, and all clients have one under
        way unless they are busy with something else.
        """
        # With few requests a client, those that were cut off at the end weigh too much.
        if len(self.latencies) >= 10 * self.clients:
            expected = self.clients / fmean(self.latencies)
            if abs(expected / self.rate - 1) > SLACK:
                return (
                    f"{self.tool}: {self.clients} clients / latency gives {expected:,.0f}"
                    f" requests/s, {self.rate:,.0f} were seen: the client was the limit"
                )
        if self.busy is not None and self.busy > BUSY:
            return f"{self.tool} took {self.busy:.0%} of a core: the client may be the limit"
        return None


def rate_gain(loads: Mapping[tuple[Cell, int], Load], cell: Cell, count: int) -> float | None:
    """Return how many times as many requests a second ours answers as the usual way."""
    ours, usual = (loads.get((cell._replace(side=side), count)) for side in (OURS, OBJECTS))
    if not ours or not usual or not ours.latencies or not usual.latencies:
        return None
    return ours.rate / usual.rate
