"""Run files made by hand: times drawn from a seeded generator, and exact facts as told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from bench.measure import machine
from bench.measure.check import Facts
from bench.measure.results import Cell, Memory, Results, Samples, choose_controls
from bench.measure.runfile import suite
from bench.payloads.case import Case

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

WAYS = tuple(f"{c}/{k}" for c in ("json", "protobuf") for k in ("ndarray", "tensor", "raw"))
BASELINE = "json/ndarray:objects"
MACHINE = {"cpu": "Abacus 3000", "cores": 2, "system": "Linux x86_64", "platform": "Linux-6-x"}
VERSIONS = {
    "bench_python": "CPython 3.12.1",
    "numpy_version": "2.1.0",
    "orjson_version": "3.11.0",
    "protobuf_version": "6.30.0 (upb)",
    "msgpack_version": "1.1.0",
    "pysimdjson_version": "7.0.0",
    "pybase64_version": "1.4.0",
}


def workers(
    rng: np.random.Generator, seconds: float, *, count: int = 3, samples: int = 20
) -> list[list[float]]:
    """Draw samples of several processes: 1 % between processes, 2 % within, and slow outliers."""
    centres = seconds * np.exp(0.01 * rng.standard_normal(count))
    noise = 0.02 * np.abs(rng.standard_normal((count, samples)))
    return (centres[:, None] * np.exp(noise)).tolist()  # type: ignore[no-any-return]


def results(  # noqa: PLR0913 - each is one plain fact of a file
    seed: int,
    *,
    batches: Sequence[int] = (1, 1000),
    ways: Sequence[str] = (*WAYS, BASELINE, "memcpy"),
    values: str = "normal",
    factors: Mapping[tuple[str, str, int], float] | None = None,
    sizes: Mapping[str, int] | None = None,
    copied: Sequence[str] = (),
    refused: Sequence[str] = (),
    memory: Mapping[str, Memory] | None = None,
    digest: int = 7,
    speed: float = 1.0,
) -> Results:
    """Make up a run: a cell's time is its place's, times its factor."""
    rng = np.random.default_rng(seed)
    section = f"float64 [batch, 10], {values} values"
    cases = [Case(f"{b:,}", section, (b, 10), "float64", values) for b in batches]
    samples, facts, weighed = Samples(), {}, {}
    able = [way for way in ways if way not in refused]
    twins = choose_controls([way for way in able if "/" in way and ":" not in way])
    for number, batch in enumerate(batches):
        for way in ways:
            size = (sizes or {}).get(way, 100 + 80 * batch)
            facts[number, way] = (
                Facts(cannot="EncodeError: no place for it")
                if way in refused
                else Facts(size, view=way.startswith("protobuf") and way not in copied)
            )
        for place, way in enumerate(able):
            for operation in ("encode", "decode"):
                factor = (factors or {}).get((way, operation, batch), 1.0)
                seconds = 1e-6 * (1 + place) * batch**0.5 * factor * speed
                for twin in (False, True)[: 1 + (way in twins)]:
                    cell = Cell(number, way, operation, twin)
                    samples.seconds[cell] = workers(rng, seconds)
                    samples.loops[cell] = [10] * 3
                if memory is not None and ":" not in way:
                    weighed[Cell(number, way, operation)] = memory.get(way, Memory(900, 0, 12, 1))
    digests = dict.fromkeys(range(len(cases)), digest)
    return Results(cases, tuple(ways), ("encode", "decode"), facts, samples, weighed, digests)


def written(folder: Path, name: str, made: Results, **metadata: Any) -> str:
    """Write a run with this metadata instead of this machine's; return the path."""
    path = folder / name
    with patch.object(machine, "describe", dict):
        suite(made).dump(str(path), replace=True)
    told = json.loads(path.read_text())
    told["metadata"] |= {"date": "2026-01-02 03:04:05", **MACHINE, **VERSIONS, **metadata}
    path.write_text(json.dumps(told))
    return str(path)
