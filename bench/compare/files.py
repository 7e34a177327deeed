"""Read a run of ours, or any file of pyperf's: then the names of its benchmarks are its cells."""

from __future__ import annotations

from bench.measure import runfile
from bench.measure.results import Results
from bench.measure.run import Cell, Samples
from bench.measure.runfile import Run, RunFileError
from bench.payloads.case import Case

NAMED = Case("", "benchmarks", (), "", "")
"""The payload of a benchmark of which nothing but its name is known."""


def read(path: str) -> Run:
    """Read a file.

    Raises
    ------
    RunFileError
        It cannot be read, is not pyperf's, or measures something else than time.
    """
    try:
        return runfile.read(path)
    except RunFileError:
        loaded = runfile.load(path)
        benchmarks = loaded.get_benchmarks()
        if any("case" in each.get_metadata() for each in benchmarks):
            raise  # one of ours, and broken
    samples = Samples()
    for each in benchmarks:
        if each.get_unit() != "second":
            continue
        cell = Cell(0, each.get_name(), "time")
        for run in each.get_runs():
            if run.values:
                samples.seconds[cell].append(list(run.values))
                samples.loops[cell].append(run.get_loops())
    if not samples.seconds:
        raise RunFileError(f"{path}: measures no times")
    ways = tuple(cell.way for cell in samples.seconds)
    return Run(path, Results([NAMED], ways, ("time",), {}, samples), dict(loaded.get_metadata()))
