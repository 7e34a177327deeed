"""A run as a file in pyperf's own format, with all that is needed to show it again.

``python -m pyperf stats|hist|compare_to`` reads it, and so do ``bench.compare`` and
``bench.report``: a file that is read is a `Results`, as a run that has just ended is.

Metadata of each benchmark: ``way`` (the implementation), ``operation``, ``case`` (the payload, as
JSON), ``digest`` (of its array), ``twin`` (1 for the second of two equal cells, the A/A control),
``wire_bytes``, ``decode_is`` (view or copy), ``memory_*``. Of all of them: the machine, ``mode``,
``refusals`` (JSON: case, way, reason), ``trips`` (JSON: seconds of a plain request by its bytes),
``links`` (JSON: `bench.measure.transfers.Links`, whose payloads are places in its ``cases``).
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from ..command import command
from ..implementations.implementation import MEASURED
from ..interrupt import UsageError
from ..payloads.case import Case, dtype_of
from . import machine
from .check import Facts
from .results import Cell, Memory, Results, Samples
from .transfers import Links

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

T = TypeVar("T")

INTERLEAVED, RIGOROUS = "interleaved", "rigorous"
"""How the cells were timed: in few processes, or each in many by pyperf's Runner."""
OWN = (
    *("date", "duration", "loops", "calibrate_loops", "recalibrate_loops", "calibrate_warmups"),
    *("recalibrate_warmups", "load_avg_1min", "runnable_threads", "mem_max_rss", "cpu_freq"),
    *("cpu_affinity", "python_hash_seed", "python_gc", "hooks"),
)
"""Metadata that each run of pyperf's Runner has for itself."""


class RunFileError(UsageError):
    """A file that was asked for holds no run: one line that names it."""


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


def suite(results: Results) -> Any:
    """Return a ``pyperf.BenchmarkSuite``: a benchmark per cell, a run per worker.

    The second of two equal cells is named ``(again)``: comparing it with the first shows the noise.
    """
    import pyperf

    shared = shared_metadata(results)
    benchmarks = []
    places = {name: number for number, name in enumerate(results.implementations)}
    for cell in sorted(
        results.samples.seconds, key=lambda cell: (cell.case, places[cell.implementation])
    ):
        metadata = shared | machine.fit(cell_metadata(results, cell))
        runs = [
            pyperf.Run(values, warmups, metadata=metadata | own, collect_metadata=False)
            for values, warmups, own in _runs(results.samples, cell)
        ]
        benchmarks.append(pyperf.Benchmark(runs))
    return pyperf.BenchmarkSuite(benchmarks)


def shared_metadata(results: Results) -> dict[str, Any]:
    """Return the metadata of a whole run: the machine, and what could not be measured."""
    refusals = [
        [results.cases[case].to_json(), name, facts.cannot]
        for (case, name), facts in results.facts.items()
        if facts.cannot is not None
    ]
    metadata = {**machine.describe(), "refusals": json.dumps(refusals)}
    if results.http_round_trips:
        metadata["trips"] = json.dumps(dict(results.http_round_trips))
    if results.links is not None:
        cases = [case.to_json() for case in results.cases]
        metadata["links"] = json.dumps({**results.links.to_json(), "cases": cases})
    return metadata | {"mode": RIGOROUS if results.samples.runs else INTERLEAVED}


def cell_metadata(results: Results, cell: Cell) -> dict[str, Any]:
    """Return the metadata of one benchmark."""
    case, facts = results.cases[cell.case], results.facts[cell.case, cell.implementation]
    metadata = {
        "name": cell.name(case),
        "unit": "second",
        "payload": f"{list(case.shape)} {case.dtype}",
        "distribution": case.values,
        "wire_bytes": facts.size,
        "decode_is": "view" if facts.view else "copy",
        "case": json.dumps(case.to_json()),
        "way": cell.implementation,
        "operation": cell.operation,
        "twin": int(cell.control),
    }
    if cell.case in results.digests:
        metadata["digest"] = results.digests[cell.case]
    memory = asdict(results.memory.get(cell, Memory()))
    return metadata | {f"memory_{key}": v for key, v in memory.items() if v is not None}


def _runs(samples: Samples, cell: Cell) -> Iterator[tuple[Sequence[float], Any, dict[str, Any]]]:
    """Yield values, warm-ups and metadata of each worker."""
    for run in samples.runs.get(cell, ()):
        known = run.get_metadata()
        yield run.values, run.warmups, {name: known[name] for name in OWN if name in known}
    if cell not in samples.runs:
        for values, loops in zip(samples.seconds[cell], samples.loops[cell], strict=True):
            if values:
                yield values, None, {"loops": loops}


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
        raise RunFileError(f"{path}: expected a file of pyperf, got another: {reason}") from None


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
        raise RunFileError(
            f"{path}: expected a run of {command()}, got one without {error}"
        ) from None
    except (AttributeError, TypeError, ValueError) as error:
        raise RunFileError(f"{path}: expected a run of {command()}, got another: {error}") from None


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
    shared = loaded.get_metadata()
    for benchmark in loaded.get_benchmarks():
        metadata = benchmark.get_metadata()
        number = cases.setdefault(_case(json.loads(metadata["case"])), len(cases))
        name, operation = field(metadata, "way", str), field(metadata, "operation", str)
        if operation not in MEASURED:
            raise TypeError(f"operation is {operation!r}, not one of {', '.join(MEASURED)}")
        cell = Cell(number, name, operation, bool(metadata["twin"]))
        size = field(metadata, "wire_bytes", int)
        facts[number, name] = Facts(size, metadata["decode_is"] == "view")
        if "digest" in metadata:
            digests[number] = metadata["digest"]
        weighed = {
            key: field(metadata, f"memory_{key}", int)
            for key in Memory.NAMES
            if f"memory_{key}" in metadata
        }
        if weighed:
            memory[cell] = Memory(**weighed)
        samples.add(cell, benchmark.get_runs(), keep=shared.get("mode") == RIGOROUS)
    for case, name, reason in json.loads(shared.get("refusals", "[]")):
        facts[cases.setdefault(_case(case), len(cases)), name] = Facts(cannot=reason)
    links = json.loads(shared["links"]) if "links" in shared else None
    places = [cases.setdefault(_case(each), len(cases)) for each in links["cases"]] if links else []
    trips = field({"trips": json.loads(shared.get("trips", "{}"))}, "trips", dict)
    return Results(
        list(cases),
        tuple(dict.fromkeys(name for _, name in facts)),
        tuple(dict.fromkeys(cell.operation for cell in samples.seconds)),
        facts,
        samples,
        memory,
        digests,
        {int(size): field(trips, size, float) for size in trips},
        None if links is None else Links.from_json(links, places),
    )


def _case(fields: Mapping[str, Any]) -> Case:
    """Return a payload: KeyError or TypeError if it is none."""
    field({"case": fields}, "case", dict)
    for key in ("label", "section", "dtype", "values"):
        field(fields, key, str)
    for size in field(fields, "shape", list):
        field({"shape": size}, "shape", int)
    with suppress(ImportError):  # ml_dtypes is not needed to show a name
        dtype_of(fields["dtype"])
    return Case.from_json(fields)


def field(fields: Mapping[str, Any], key: str, kind: type[T]) -> T:
    """Return a field, since people edit files: KeyError without it, TypeError of another type."""
    value = fields[key]
    if type(value) is not kind:
        raise TypeError(f"{key} is {value!r}, not of type {kind.__name__}")
    return value
