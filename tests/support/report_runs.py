"""Made-up runs: every time is known, so that a page can be held to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.implementations.implementation import MEMCPY, container_of, kind_of
from bench.measure.check import Facts
from bench.measure.results import Cell, Results, Samples
from bench.payloads.case import Case

if TYPE_CHECKING:
    from collections.abc import Sequence

METADATA = {
    "cpu": "Example CPU",
    "bench_python": "CPython 3.11.7",
    "date": "2026-01-02 03:04:05.6",
    "protobuf_version": "7.0 (upb)",
}
WAYS = (
    *("json/ndarray", "json/tftensor", "protobuf/tensor", "json/ndarray:objects", MEMCPY),
    "json/ndarray:orjson",
)


def series(batches: Sequence[int] = (1, 10, 100), name: str = "float64 [batch, 10]") -> list[Case]:
    """Return payloads that grow."""
    return [Case(f"{batch:,}", name, (batch, 10), "float64", "normal") for batch in batches]


def other(label: str, section: str = "other payloads") -> Case:
    """Return a payload that stands alone."""
    return Case(label, section, (3, 4), "float32", "normal", series=False)


def seconds_of(case: Case, way: str, operation: str) -> float:
    """Return a time that is different for every cell."""
    rows = case.shape[0] if case.shape else 1
    # tftensor starts slow and ends quick, so that its line crosses ndarray's.
    base, each = (8e-6, 1e-8) if kind_of(way) == "tftensor" else (1e-6, 1e-6)
    slow = 20 if ":" in way else 0.1 if way == MEMCPY else 1
    return (base + each * rows) * slow * (1.5 if operation == "decode" else 1)


def run(
    cases: Sequence[Case],
    ways: Sequence[str] = WAYS,
    operations: Sequence[str] = ("encode", "decode"),
    refused: Sequence[tuple[int, str, str]] = (),
) -> Results:
    """Return a run of these cells; the first codec is measured twice, 3 % apart."""
    samples, facts = Samples(), {}
    reasons = {(case, way): reason for case, way, reason in refused}
    for number, case in enumerate(cases):
        for way in ways:
            reason = reasons.get((number, way))
            size = case.size * (20 if container_of(way) == "json" else 8) + 10
            facts[number, way] = Facts(size, view=way == "protobuf/tensor", cannot=reason)
            for operation in operations if reason is None else ():
                taken = seconds_of(case, way, operation)
                twins = ((False, 1.0), (True, 1.03)) if way == ways[0] else ((False, 1.0),)
                for twin, factor in twins:
                    cell = Cell(number, way, operation, twin)
                    samples.seconds[cell] = [[taken * factor * f for f in (0.9, 1.0, 1.2)]] * 2
                    samples.loops[cell] = [1, 1]
    return Results(list(cases), tuple(ways), tuple(operations), facts, samples)
