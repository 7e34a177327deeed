"""A run in pyperf's own format, with all that is needed to show it again."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench.measure import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.measure.results import Results
    from bench.measure.run import Cell, Samples

INTERLEAVED, RIGOROUS = "interleaved", "rigorous"
"""How the cells were timed: in few processes, or each in many by pyperf's Runner."""
OWN = (
    *("date", "duration", "loops", "calibrate_loops", "recalibrate_loops", "calibrate_warmups"),
    *("recalibrate_warmups", "load_avg_1min", "runnable_threads", "mem_max_rss", "cpu_freq"),
    *("cpu_affinity", "python_hash_seed", "python_gc", "hooks"),
)
"""What pyperf says of each run of its own, where it was the one who measured."""


def shared_metadata(results: Results) -> dict[str, Any]:
    """Return what is said once of a whole run: the machine, and what could not be measured."""
    refusals = [
        [results.cases[case].to_json(), way, facts.cannot]
        for (case, way), facts in results.facts.items()
        if facts.cannot is not None
    ]
    told = {**environment.machine(), "refusals": json.dumps(refusals)}
    if results.trips:
        told["trips"] = json.dumps(dict(results.trips))
    return told | {"mode": RIGOROUS if results.samples.runs else INTERLEAVED}


def cell_metadata(results: Results, cell: Cell) -> dict[str, Any]:
    """Return what is said of one benchmark."""
    case, facts = results.cases[cell.case], results.facts[cell.case, cell.way]
    told = {
        "name": cell.name(case),
        "unit": "second",
        "payload": f"{list(case.shape)} {case.dtype}",
        "distribution": case.values,
        "wire_bytes": facts.size,
        "decode_is": "view" if facts.view else "copy",
        "case": json.dumps(case.to_json()),
        "way": cell.way,
        "operation": cell.operation,
        "twin": int(cell.twin),
    }
    if cell.case in results.digests:
        told["digest"] = results.digests[cell.case]
    memory = results.memory.get(cell)
    if memory is not None:
        told |= {
            f"memory_{key}": value for key, value in asdict(memory).items() if value is not None
        }
    return told


def suite(results: Results) -> Any:
    """Return a ``pyperf.BenchmarkSuite``: a benchmark per cell, a run per worker.

    The second of two equal cells is named ``(again)``: comparing it with the first shows the noise.
    """
    import pyperf

    shared = shared_metadata(results)
    benchmarks = []
    places = {way: number for number, way in enumerate(results.ways)}
    for cell in sorted(results.samples.seconds, key=lambda cell: (cell.case, places[cell.way])):
        told = shared | environment.fit(cell_metadata(results, cell))
        runs = [
            pyperf.Run(values, warmups, metadata=told | own, collect_metadata=False)
            for values, warmups, own in _runs(results.samples, cell)
        ]
        benchmarks.append(pyperf.Benchmark(runs))
    return pyperf.BenchmarkSuite(benchmarks)


def _runs(samples: Samples, cell: Cell) -> Iterator[tuple[Sequence[float], Any, dict[str, Any]]]:
    """Give values, warm-ups and metadata of each worker."""
    for run in samples.runs.get(cell, ()):
        known = run.get_metadata()
        yield run.values, run.warmups, {name: known[name] for name in OWN if name in known}
    if cell not in samples.runs:
        for values, loops in zip(samples.seconds[cell], samples.loops[cell], strict=True):
            if values:
                yield values, None, {"loops": loops}
