"""The samples of the matrix, in pyperf's format and as CSV."""

from __future__ import annotations

import csv
from statistics import fmean
from typing import TYPE_CHECKING, Any, TextIO

from bench.measuring import environment
from bench.serving.cells import OBJECTS, known
from bench.serving.samples import SHARES, quantile, shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.serving.cells import Cell
    from bench.serving.samples import Samples

COLUMNS = (
    *("transport", "method", "values", "kind", "side", "requests"),
    *("p50_s", "p90_s", "p99_s", "requests_per_s", "call_p50_s", "bytes_out", "bytes_in"),
    *(f"{name.replace(' + ', '_').replace(' ', '_')}_share" for name in SHARES),
    *("known_s", "objects_ratio", "objects_ratio_noise"),
)


def write_csv(samples: Samples, cells: Sequence[Cell], stream: TextIO) -> None:
    """Write a line per cell: seconds and plain numbers, nothing where unknown."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for cell in cells:
        requests = samples.requests(cell)
        if not requests:
            continue
        whole = sorted(request.whole for request in requests)
        calls = sorted(request.call for request in requests)
        size = samples.sizes[cell]
        split = [f"{share:.4f}" for share in shares(requests)]
        if not all(request.parts for request in requests):
            split[2:5] = ["", "", ""]
        other = cell._replace(side=OBJECTS)
        ratio = samples.ratio(other, cell) if other != cell else None
        figures = (*(quantile(whole, share) for share in (0.5, 0.9, 0.99)), 1 / fmean(whole))
        writer.writerow(
            (
                *cell,
                len(requests),
                *(f"{figure:.6g}" for figure in (*figures, quantile(calls, 0.5))),
                *size,
                *split,
                known(cell) or "",
                *(f"{value:.4g}" for value in ratio or ()),
                *("",) * (0 if ratio else 2),
            )
        )


def suite(samples: Samples) -> Any:
    """Return a ``pyperf.BenchmarkSuite``: a benchmark per cell, a run per round."""
    import pyperf

    facts = environment.facts()
    shared = {f"{name}_version": value for name, value in facts.items() if name != "python"}
    shared = {**pyperf.Run([1.0], collect_metadata=True).get_metadata(), **shared}
    benchmarks = []
    for cell, rounds in samples.rounds.items():
        size = samples.sizes[cell]
        told = {
            **shared,
            "name": cell.name,
            "unit": "second",
            "bytes_out": size.out,
            "bytes_in": size.back,
        }
        runs = [
            pyperf.Run([each.whole for each in burst], metadata=told, collect_metadata=False)
            for burst in rounds
            if burst
        ]
        benchmarks.append(pyperf.Benchmark(runs))
    return pyperf.BenchmarkSuite(benchmarks)


def write_pyperf(samples: Samples, path: str) -> None:
    """Write the file; an existing one was refused, or given up, before anything was measured."""
    suite(samples).dump(path, replace=True)
