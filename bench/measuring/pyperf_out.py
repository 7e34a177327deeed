"""Write the samples in pyperf's own format: ``python -m pyperf stats|hist|compare_to``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.measuring import environment

if TYPE_CHECKING:
    from bench.measuring.results import Results


def suite(results: Results) -> Any:
    """Return a ``pyperf.BenchmarkSuite``: a benchmark per cell, a run per worker.

    The second of two equal cells is named ``(again)``: comparing it with the first shows the noise.
    """
    import pyperf

    shared = {
        f"bench_{key}" if key == "python" else f"{key}_version": value
        for key, value in environment.facts().items()
    }
    # pyperf's own names for what it knows of a machine, read once.
    shared = {**pyperf.Run([1.0], collect_metadata=True).get_metadata(), **shared}
    benchmarks = []
    for cell, workers in results.samples.seconds.items():
        case = results.cases[cell.case]
        facts = results.facts[cell.case, cell.way]
        runs = [
            pyperf.Run(
                values,
                metadata={
                    **shared,
                    "name": f"{cell.way} {cell.operation} {case.title}"
                    + (" (again)" if cell.twin else ""),
                    "unit": "second",
                    "loops": loops,
                    "payload": f"{list(case.shape)} {case.dtype}",
                    "distribution": case.values,
                    "wire_bytes": facts.size,
                    "decode_is": "view" if facts.view else "copy",
                },
                collect_metadata=False,
            )
            for values, loops in zip(workers, results.samples.loops[cell], strict=True)
            if values
        ]
        benchmarks.append(pyperf.Benchmark(runs))
    return pyperf.BenchmarkSuite(benchmarks)


def write(results: Results, path: str) -> None:
    """Write the file; an existing one was refused, or given up, before anything was measured."""
    suite(results).dump(path, replace=True)
