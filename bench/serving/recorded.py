"""What the files of ``python -m bench.serving`` say, as it is read back."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.serving.samples import ratio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.serving.cells import Cell
    from bench.serving.samples import Load, Size
    from bench.serving.starts import Started


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
    """

    rounds: Sequence[Sequence[float]]
    calls: Sequence[float]
    size: Size
    shares: Sequence[float | None]


@dataclass(frozen=True)
class Matrix:
    """The cells of the format matrix, in its order."""

    cells: Mapping[Cell, Measured]

    def ratio(self, slow: Cell, fast: Cell, *, call: bool = False) -> tuple[float, float] | None:
        """Tell how many times as fast one cell is as another, and the noise of that."""
        return ratio(self._medians(slow, call=call), self._medians(fast, call=call))

    def _medians(self, cell: Cell, *, call: bool) -> Sequence[float]:
        found = self.cells.get(cell)
        if found is None:
            return ()
        return found.calls if call else [median(values) for values in found.rounds]


class Phase(NamedTuple):
    """What one transport saw between two steps of ``scale``.

    Attributes
    ----------
    way
        ``start``, ``up`` or ``down``.
    took
        seconds until the worker was ready, or had ended.
    began, seconds
        since the start of the run, and how long.
    bins
        of each tenth of a second: how many answers, and the seconds of the slowest.
    """

    transport: str
    step: int
    workers: int
    way: str
    took: float
    began: float
    seconds: float
    latencies: Sequence[float]
    seen: int
    resent: int
    lost: int
    wrong: int
    bins: Sequence[tuple[int, float]]


class Hop(NamedTuple):
    """The rounds' medians of one payload through one hop."""

    transport: str
    payload: str
    hop: str
    size: int
    medians: Sequence[float]


@dataclass(frozen=True)
class ServingRun:
    """What a file holds: one of the five, by its mode.

    Attributes
    ----------
    mode
        ``latency``: matrix; ``throughput`` and ``concurrent``: loads, by cell and clients;
        ``load``: starts, of ``what`` (servers or models); ``scale``: phases; ``hop``: hops.
    metadata
        what is the same for all of it: machine, versions, date, how it was measured.
    """

    path: str
    mode: str
    metadata: Mapping[str, Any]
    matrix: Matrix
    loads: Mapping[tuple[Cell, int], Load]
    starts: Sequence[Started]
    phases: Sequence[Phase]
    hops: Sequence[Hop]
    what: str = ""
