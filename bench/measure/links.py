"""Ways to send a payload: each body as it is and compressed, in its dtype and in smaller ones.

What is timed is what a sender and a receiver do: encode, compress, decompress, decode. Bytes and
seconds become an answer for a link of some speed in `bench.advice.links`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

from ..implementations.compressors import compressors, get_compressor
from ..implementations.implementation import OPERATIONS, is_codec, kind_of
from ..implementations.lookup import get_implementation
from ..payloads.case import build
from ..payloads.casts import NARROWER, cast_error
from .check import CheckError
from .results import LEAST_NOISE, Cell
from .run import Session, run
from .transfers import Links, Transfer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..payloads.case import Case
    from ..payloads.casts import CastError
    from ..screen import Progress
    from .results import Results

KEEPS_FLOATS = "tftensor"
"""The kind that sends a smaller dtype as it is; others write a float32 as a double, or as text."""
PROBE = 1 << 20
"""Bytes by which is guessed how long a larger body takes."""
COPIES = 3.0
"""Times the bytes of all bodies that a worker holds: they are kept compressed, too."""


def chosen(cases: Sequence[Case]) -> list[int]:
    """Return the payloads worth it: of growing batches the largest, and each that stands alone."""
    last = {case.section: number for number, case in enumerate(cases)}
    return [n for n, case in enumerate(cases) if not case.series or last[case.section] == n]


def need(cases: Sequence[Case], codecs: Sequence[str]) -> float:
    """Return the bytes of memory that a worker needs, roughly."""
    bodies = sum(cases[number].nbytes for number in chosen(cases)) * len(codecs)
    return bodies * (1 + COPIES)


def measure(
    results: Results, seconds: float, processes: int, progress: Progress
) -> tuple[Links, bool]:
    """Measure in a pass of its own, whose cells take turns as those of the run do.

    Returns
    -------
    Links
        What was measured.
    bool
        Whether it was interrupted.

    Raises
    ------
    CheckError
        If what a compressor returns is not what it got.
    WorkerError
        If a worker process failed.
    """
    codecs = [n for n in results.implementations if is_codec(n) and kind_of(n) != "raw"]
    numbers: list[int] = []
    cases: list[Case] = []
    names: list[list[str]] = []
    casts: dict[int, tuple[CastError, ...]] = {}
    for number in chosen(results.cases):
        case = results.cases[number]
        numbers.append(number)
        cases.append(case)
        names.append([n for n in codecs if results.done(number, n)])
        narrower = NARROWER.get(case.dtype, ())
        if narrower:
            array = build(case)
            casts[number] = tuple(cast_error(array, dtype) for dtype in narrower)
        for error in casts.get(number, ()):
            if not error.lost:
                numbers.append(number)
                cases.append(replace(case, dtype=error.dtype, made_as=case.dtype))
                names.append([name for name in names[-1] if kind_of(name) == KEEPS_FLOATS])
    session = _Session(cases, names, OPERATIONS)
    run(session, seconds, processes, progress)
    measured = session.results()
    noise: dict[int, float] = {}
    for place, number in enumerate(numbers):
        pairs = measured.pairs(place)
        noise[number] = max(noise.get(number, LEAST_NOISE), median(pairs) if pairs else 0.0)
    transfers = tuple(session.transfers(measured, numbers))
    return Links(transfers, casts, noise), session.interrupted


@dataclass
class _Session(Session):
    """A run that also compresses what was encoded, and decompresses what is to be decoded."""

    compressed: dict[tuple[int, str, str], tuple[int, float, float]] = field(default_factory=dict)
    """Bytes, and the seconds of a call each way, by case, codec and compressor."""

    def check(self, patience: float, progress: Progress) -> None:
        """Check codecs and compressors; leave out a compressor that takes too long."""
        super().check(patience, progress)
        for number, case in enumerate(self.cases):
            progress.show("compressing", number / len(self.cases))
            array = build(case)
            for name in self.implementations[number]:
                if self.facts[number, name].cannot is None:
                    body = get_implementation(name).encode(array)
                    for compressor in compressors():
                        found = tried(compressor, body, patience)
                        if found:
                            self.compressed[number, name, compressor] = found

    def cells(self) -> list[Cell]:
        """Return the cells of the codecs, then those of the compressors."""
        return super().cells() + [
            Cell(number, name, f"{direction} {compressor}")
            for number, name, compressor in self.compressed
            for direction in ("compress", "decompress")
        ]

    def guess(self, cell: Cell) -> float:
        """Return the seconds of one call, roughly."""
        direction, _, compressor = cell.operation.partition(" ")
        if not compressor:
            return super().guess(cell)
        return self.compressed[cell.case, cell.implementation, compressor][
            1 + (direction[0] == "d")
        ]

    def measure(
        self, cells: Sequence[Cell], ends: float, processes: int, progress: Callable[[float], None]
    ) -> None:
        """Time the cells; what a worker compresses before it starts its clock takes no time off."""
        before = sum(there for _, there, _ in self.compressed.values())
        super().measure(cells, ends + processes * before, processes, progress)

    def transfers(self, measured: Results, numbers: Sequence[int]) -> Iterator[Transfer]:
        """Yield all ways of which every part was timed."""
        known = (*((place, name, "") for place, name in self.facts), *self.compressed)
        order = {key: number for number, key in enumerate(self.facts)}
        for place, name, compressor in sorted(known, key=lambda way: order[way[:2]]):
            operations = ["encode", "decode"]
            if compressor:
                operations += [f"compress {compressor}", f"decompress {compressor}"]
            times = [measured.seconds(place, name, operation) for operation in operations]
            encode, decode, compress, decompress = (*times, 0.0, 0.0)[:4]
            if encode is None or decode is None or compress is None or decompress is None:
                continue
            size = self.facts[place, name].size
            if compressor:
                size = self.compressed[place, name, compressor][0]
            yield Transfer(
                numbers[place],
                name,
                self.cases[place].dtype,
                compressor,
                size,
                encode,
                compress,
                decompress,
                decode,
            )


def tried(name: str, body: bytes, patience: float) -> tuple[int, float, float] | None:
    """Return bytes, and the seconds each way; None if one call would take longer than patience.

    Raises
    ------
    CheckError
        If the body does not come back.
    """
    compressor = get_compressor(name)
    if len(body) > PROBE:
        _, probe = _timed(compressor.compress, body[:PROBE])
        if probe * len(body) / PROBE > patience:
            return None
    compressed, there = _timed(compressor.compress, body)
    back, again = _timed(compressor.decompress, compressed)
    if back != body:
        raise CheckError(f"check failed: {name} does not return the {len(body):,} bytes it got")
    return len(compressed), there, again


def _timed(call: Callable[[Any], bytes], argument: Any) -> tuple[bytes, float]:
    start = perf_counter()
    result = call(argument)
    return result, perf_counter() - start
