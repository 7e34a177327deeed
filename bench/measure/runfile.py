"""A run as a file: written as `recording` says, and read back.

``python -m pyperf stats|hist|compare_to`` reads it, and so do ``bench.compare``, ``bench.history``
and ``bench.report``: what a file says is a `Results`, as a run that has just ended is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.measure import fields
from bench.measure.check import Facts
from bench.measure.recording import RIGOROUS, suite
from bench.measure.results import Memory, Results
from bench.measure.run import Cell, Samples
from bench.options import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.payloads.case import Case


class RunFileError(UsageError):
    """A file that was asked for is no run: one line that names it."""


@dataclass(frozen=True)
class Run:
    """What a file holds."""

    path: str
    results: Results
    metadata: Mapping[str, Any]
    """What is the same for all of its benchmarks: machine, versions, date."""


def write(results: Results, path: str) -> None:
    """Write the file; an existing one was refused, or given up, before anything was measured."""
    suite(results).dump(path, replace=True)


def load(path: str) -> Any:
    """Return the ``pyperf.BenchmarkSuite`` of any file of pyperf's.

    Raises
    ------
    RunFileError
        The file cannot be read, or is not pyperf's.
    """
    import pyperf

    try:
        return pyperf.BenchmarkSuite.load(path)
    except OSError as error:
        raise RunFileError(f"{path}: {error.strerror or error}") from None
    except Exception as error:  # noqa: BLE001 - what json, gzip and pyperf's own checks raise
        reason = " ".join(str(error).split())
        raise RunFileError(f"{path}: not a file of pyperf: {reason}") from None


def read(path: str) -> Run:
    """Read a file that `write` wrote, or pyperf's `Runner` with the same metadata.

    Raises
    ------
    RunFileError
        The file cannot be read, is not pyperf's, or is not of ``python -m bench.codecs``.
    """
    loaded = load(path)
    try:
        return Run(path, _results(loaded), _shared(loaded))
    except KeyError as error:
        raise RunFileError(f"{path}: not a run of bench.codecs: no {error}") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise RunFileError(f"{path}: not a run of bench.codecs: {error}") from None


def _shared(loaded: Any) -> dict[str, Any]:
    """Return what all benchmarks have in common; a rigorous run's have each a date of their own."""
    dates = loaded.get_dates()
    return {**({"date": str(dates[0])} if dates else {}), **loaded.get_metadata()}


def _results(loaded: Any) -> Results:
    cases: dict[Case, int] = {}
    facts: dict[tuple[int, str], Facts] = {}
    memory: dict[Cell, Memory] = {}
    digests: dict[int, int] = {}
    samples = Samples()
    rigorous = loaded.get_metadata().get("mode") == RIGOROUS
    for benchmark in loaded.get_benchmarks():
        told = benchmark.get_metadata()
        case = fields.case_of(json.loads(told["case"]))
        number = cases.setdefault(case, len(cases))
        way, operation = fields.of(told, "way", str), fields.operation_of(told)
        cell = Cell(number, way, operation, bool(told["twin"]))
        size = fields.of(told, "wire_bytes", int)
        facts[number, way] = Facts(size, told["decode_is"] == "view")
        if "digest" in told:
            digests[number] = told["digest"]
        weighed = {
            key: fields.of(told, f"memory_{key}", int)
            for key in Memory.NAMES
            if f"memory_{key}" in told
        }
        if weighed:
            memory[cell] = Memory(**weighed)
        if rigorous:
            samples.runs[cell] = benchmark.get_runs()
        for run in benchmark.get_runs():
            if run.values:
                samples.seconds[cell].append(list(run.values))
                samples.loops[cell].append(run.get_loops())
    for told, way, reason in json.loads(loaded.get_metadata().get("refusals", "[]")):
        case = fields.case_of(told)
        facts[cases.setdefault(case, len(cases)), way] = Facts(cannot=reason)
    ways = dict.fromkeys(way for _, way in facts)
    operations = dict.fromkeys(cell.operation for cell in samples.seconds)
    found = (facts, samples, memory, digests, fields.trips_of(loaded.get_metadata()))
    return Results(list(cases), tuple(ways), tuple(operations), *found)
