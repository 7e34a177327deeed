"""Runs of the codecs made up to have one right answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure.check import Facts
from bench.measure.results import Cell, Results, Samples
from bench.payloads.case import Case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECTION = "float64 [batch, 10], normal values"
ALL = tuple(f"{c}/{k}" for c in ("json", "protobuf") for k in ("ndarray", "tensor", "tftensor"))
TRIPS = {64: 100e-6, 1_000_000: 400e-6}


def run(
    times: Mapping[str, Sequence[float]],
    *,
    batches: Sequence[int] = (1, 100, 10_000),
    operations: Sequence[str] = ("encode", "decode"),
    dtype: str = "float64",
    series: bool = True,
) -> Results:
    """Make up a run: the seconds of each way by batch, half of them for each operation."""
    cases = [Case(f"{n:,}", SECTION, (n, 10), dtype, "normal", series=series) for n in batches]
    samples = Samples()
    facts = {}
    for way, row in times.items():
        for number, (batch, seconds) in enumerate(zip(batches, row, strict=False)):
            facts[number, way] = Facts(batch * (200 if way.startswith("json") else 80))
            for operation in operations:
                cell = Cell(number, way, operation)
                samples.seconds[cell] = [[seconds / len(operations)]] * 3
                samples.loops[cell] = [1] * 3
    ways = dict.fromkeys([*times, *(way for _, way in facts)])
    return Results(cases, tuple(ways), tuple(operations), facts, samples, http_round_trips=TRIPS)


USUAL = {
    "json/ndarray": (5e-6, 70e-6, 7e-3),
    "json/tftensor": (9e-6, 20e-6, 200e-6),
    "protobuf/tensor": (1e-6, 2e-6, 30e-6),
    "protobuf/tftensor": (1e-6, 2e-6, 30e-6),
    "protobuf/tensor:objects": (9e-6, 90e-6, 3e-3),
}
