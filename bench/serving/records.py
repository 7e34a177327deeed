"""The file of a run, whatever the mode: pyperf's format, with what is needed to show it again.

Each mode has a record, which its tables, its CSV, this file and the page are made from.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from ..command import command
from ..measure import machine, runfile
from ..measure.runfile import RunFileError, field
from ..process import WorkerError
from .cells import SIDES, Cell
from .samples import SHARES, Load, Matrix, Measured, Size, percentile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from .options import Options

SERVERS = ("grpcio", "uvicorn", "flask")
MODE = "serving"
"""The key that tells a file of ours, and its mode."""
UNITS = {"ready": "second", "answers": "second", "memory": "byte"}
"""What is measured of each that was started, and its unit as pyperf names it."""
BIN = 0.1
"""Seconds for which the answers of `Phase` are counted."""
DIRECT, AGAIN = "no hop", "again"
KEYS = {"direction": "way", "seconds": "step_seconds", "seen": "workers_seen", "size": "bytes_out"}
"""Of the fields of `Phase` and `Hop` in a file, where they differ."""


class Benchmark(NamedTuple):
    """One benchmark: its metadata, and a list of values for each round."""

    metadata: Mapping[str, Any]
    rounds: Sequence[Sequence[float]]


class Started(NamedTuple):
    """One server or model of mode ``load``: seconds and bytes."""

    side: str
    number: int
    ready: float
    answers: float
    memory: int


class Phase(NamedTuple):
    """What one transport saw between two steps of ``scale``.

    Attributes
    ----------
    direction
        ``start``, ``up`` or ``down``.
    took
        seconds until the worker was ready, or had ended.
    began, seconds
        since the start of the run, and how long.
    bins
        of each tenth of a second: how many answers, and the seconds of the slowest.
    problem
        why the first request was lost; it is in no file.
    """

    transport: str
    step: int
    workers: int
    direction: str
    took: float
    began: float
    seconds: float
    latencies: Sequence[float]
    seen: int
    resent: int
    lost: int
    wrong: int
    bins: Sequence[tuple[int, float]]
    problem: str = ""

    def figures(self) -> tuple[float, float | None, float | None]:
        """Return answers a second, and their p50 and p99; None if nothing was answered."""
        ranked = sorted(self.latencies)
        p50, p99 = (percentile(ranked, each) if ranked else None for each in (50, 99))
        return len(ranked) / self.seconds, p50, p99


class Hop(NamedTuple):
    """The rounds' medians of one payload through one hop."""

    transport: str
    payload: str
    hop: str
    size: int
    medians: Sequence[float]


class Hops:
    """The medians of several hops, by transport, payload and hop."""

    def __init__(self, hops: Iterable[Hop]) -> None:
        self.medians = {each[:3]: each.medians for each in hops}

    def _pairs(self, transport: str, payload: str, hop: str) -> list[tuple[float, float]]:
        base = self.medians.get((transport, payload, DIRECT), ())
        other = self.medians.get((transport, payload, hop), ())
        return list(zip(base, other, strict=False))

    def added(self, transport: str, payload: str, hop: str) -> tuple[float, float, float] | None:
        """Return the seconds without the hop, and what it adds: the seconds, and the share.

        Medians of the rounds; what is added is taken round by round.
        """
        pairs = self._pairs(transport, payload, hop)
        if not pairs:
            return None
        return (
            median(first for first, _ in pairs),
            median(second - first for first, second in pairs),
            median(second / first - 1 for first, second in pairs),
        )

    def noise(self, transport: str, payload: str) -> tuple[float, float] | None:
        """Return how far two equal series differ: the median of the rounds' differences."""
        pairs = self._pairs(transport, payload, AGAIN)
        if not pairs:
            return None
        return (
            median(abs(second - first) for first, second in pairs),
            median(abs(second / first - 1) for first, second in pairs),
        )


@dataclass(frozen=True)
class ServingRun:
    """What a file holds: one of the five, by its mode.

    Attributes
    ----------
    mode
        ``latency``: matrix; ``throughput`` and ``concurrent``: loads, by cell and clients;
        ``load``: starts, of ``what`` (servers or models); ``scale``: phases; ``hop``: hops.
    metadata
        what is the same for all of it: machine, versions, date, how it was measured.
    """

    path: str
    mode: str
    metadata: Mapping[str, Any]
    matrix: Matrix
    loads: Mapping[tuple[Cell, int], Load]
    starts: Sequence[Started]
    phases: Sequence[Phase]
    hops: Sequence[Hop]
    what: str = ""


# Records to benchmarks


def matrix_benchmarks(matrix: Matrix) -> Iterator[Benchmark]:
    """Return a benchmark per cell, a run per round, and beside the times where they went."""
    for cell, found in matrix.cells.items():
        split = [None if share is None else round(share, 6) for share in found.shares]
        metadata = {
            **cell.metadata(),
            "bytes_out": found.size.out,
            "bytes_in": found.size.back,
            "shares": json.dumps(split),
            "call_medians": json.dumps([round(each, 9) for each in found.calls]),
        }
        yield Benchmark(metadata, found.rounds)


def load_benchmarks(loads: Mapping[tuple[Cell, int], Load]) -> Iterator[Benchmark]:
    """Return a benchmark per run of a tool: the seconds of its requests."""
    for (cell, count), load in loads.items():
        metadata = {
            **cell.metadata(),
            "name": f"{cell.name} {count} clients",
            "clients": count,
            "tool": load.tool,
            "seconds_measured": load.seconds,
            "failed": load.failed,
            "requests_per_second": load.rate,
        }
        if load.busy is not None:
            metadata["busy"] = load.busy
        yield Benchmark(metadata, [load.latencies])


def start_benchmarks(what: str, starts: Sequence[Started]) -> Iterator[Benchmark]:
    """Return a benchmark per side and measure, with a value for each that was started."""
    for side in dict.fromkeys(one.side for one in starts):
        for measure, unit in UNITS.items():
            values = [getattr(one, measure) for one in starts if one.side == side]
            metadata: dict[str, str | int] = {
                "name": f"load {what} {side} {measure}",
                "unit": unit,
                "what": what,
                "side": side,
                "measure": measure,
                "exact": json.dumps(values),
            }
            if unit == "byte":
                metadata["duration"] = 0  # pyperf would add up the values
            # A model may give memory back, and pyperf has positive values only.
            yield Benchmark(metadata, [[max(value, 1e-9) for value in values]])


def phase_benchmarks(phases: Iterable[Phase], clients: int) -> Iterator[Benchmark]:
    """Return a benchmark per step and transport: the seconds of its requests, and their course."""
    for each in phases:
        metadata = {
            **_facts(each, but=("latencies", "bins", "problem")),
            "name": f"scale {each.step:02} {each.transport} {each.direction} {each.workers}",
            "clients": clients,
            "began": round(each.began, 6),
            "bins": json.dumps(each.bins),
        }
        yield Benchmark(metadata, [each.latencies])


def hop_benchmarks(hops: Iterable[Hop]) -> Iterator[Benchmark]:
    """Return a benchmark per payload and hop: the median of each round."""
    for each in hops:
        name = f"hop {each.transport} {each.payload} {each.hop}"
        yield Benchmark({"name": name, **_facts(each, but=("medians",))}, [each.medians])


def _facts(record: Phase | Hop, but: Sequence[str]) -> dict[str, Any]:
    """Return fields as the metadata of a file."""
    facts = record._asdict()
    return {KEYS.get(name, name): value for name, value in facts.items() if name not in but}


def write(
    options: Options, benchmarks: Iterable[Benchmark], path: str, *, interrupted: bool = False
) -> None:
    """Write the file; an existing one was refused, or given up, before anything was measured.

    Times are written to the nanosecond. pyperf has no benchmark without a value: the metadata of
    such a one is kept under ``unanswered``.

    Raises
    ------
    WorkerError
        there is no value at all.
    """
    import pyperf

    given = list(benchmarks)
    common = {
        **machine.describe(),
        **{f"{name}_version": machine.version_of(name) for name in SERVERS},
        MODE: options.mode,
        "quick": int(options.quick),
        "seconds": options.seconds,
        "answer": options.answer,
        "interrupted": int(interrupted),
        "unanswered": json.dumps([dict(each.metadata) for each in given if not any(each.rounds)]),
    }
    made = []
    for own, rounds in given:
        metadata = {"unit": "second", **common, **own}
        runs = [
            pyperf.Run(
                [round(each, 9) for each in values], metadata=metadata, collect_metadata=False
            )
            for values in rounds
            if values
        ]
        if runs:
            made.append(pyperf.Benchmark(runs))
    if not made:
        raise WorkerError(f"-o {path}: nothing was answered, so there is nothing to write")
    pyperf.BenchmarkSuite(made).dump(path, replace=True)


# Benchmarks to records


def read(path: str) -> ServingRun:
    """Read a file.

    Raises
    ------
    RunFileError
        it cannot be read, or is not of ``python -m bench.serving``: one line.
    """
    loaded = runfile.load(path)
    metadata = loaded.get_metadata()
    if MODE not in metadata:
        raise RunFileError(f"{path}: expected a run of {command('serving')}, got another file")
    try:
        benchmarks = [
            Benchmark(each.get_metadata(), [list(run.values) for run in each.get_runs()])
            for each in loaded.get_benchmarks()
        ]
        benchmarks += [Benchmark(own, ()) for own in json.loads(metadata["unanswered"])]
        wanted, reader = _READERS[metadata[MODE]]
        found: dict[str, Any] = {"matrix": Matrix({}), "loads": {}}
        found |= {name: [] for name in ("starts", "phases", "hops")}
        found[wanted] = reader(benchmarks)
        what = str(benchmarks[0].metadata.get("what", ""))
        return ServingRun(path, metadata[MODE], metadata, **found, what=what)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())
        raise RunFileError(
            f"{path}: expected a run of {command('serving')}, got another: {reason}"
        ) from None


def _amounts(values: Any, name: str) -> list[float]:
    """Read numbers of 0 or more."""
    found = [float(value) for value in values]
    if not all(0 <= value < inf for value in found):
        raise ValueError(f"{name} {values!r} is no amount")
    return found


def _amount(metadata: Mapping[str, Any], name: str) -> float:
    return _amounts([metadata[name]], name)[0]


def _count(metadata: Mapping[str, Any], name: str) -> int:
    return int(_amount(metadata, name))


def _above(metadata: Mapping[str, Any], name: str) -> float:
    """Read a number above 0."""
    value = _amount(metadata, name)
    if not value:
        raise ValueError(f"{name} is 0")
    return value


def _matrix(benchmarks: Sequence[Benchmark]) -> Matrix:
    found = {}
    for metadata, rounds in benchmarks:
        shares = json.loads(metadata["shares"])
        if len(shares) != len(SHARES):
            raise ValueError(f"{len(shares)} shares of a request")
        calls = _amounts(json.loads(metadata["call_medians"]), "call_medians")
        size = Size(_count(metadata, "bytes_out"), _count(metadata, "bytes_in"))
        split = [None if share is None else float(share) for share in shares]
        found[Cell.of(metadata)] = Measured(rounds, calls, size, split)
    return Matrix.of(found)


def _loads(benchmarks: Sequence[Benchmark]) -> dict[tuple[Cell, int], Load]:
    return {
        (Cell.of(metadata), _count(metadata, "clients")): Load(
            field(metadata, "tool", str),
            int(_above(metadata, "clients")),
            _above(metadata, "seconds_measured"),
            _count(metadata, "failed"),
            rounds[0] if rounds else (),
            _amount(metadata, "busy") if "busy" in metadata else None,
        )
        for metadata, rounds in benchmarks
    }


def _starts(benchmarks: Sequence[Benchmark]) -> list[Started]:
    of: dict[str, dict[str, list[Any]]] = {}
    for metadata, _ in benchmarks:
        measure, values = metadata["measure"], json.loads(metadata["exact"])
        if measure != "memory":  # of which a model may give some back
            values = _amounts(values, measure)
        side = field(metadata, "side", str)
        if side not in SIDES:
            raise ValueError(f"side {side!r} is unknown")
        of.setdefault(side, {})[measure] = [value + 0 for value in values]
    return [
        Started(side, number, *values)
        for side, by in of.items()
        for number, values in enumerate(zip(*(by[name] for name in UNITS), strict=True), 1)
    ]


def _phases(benchmarks: Sequence[Benchmark]) -> list[Phase]:
    found = [
        Phase(
            transport=field(metadata, "transport", str),
            step=_count(metadata, "step"),
            workers=_count(metadata, "workers"),
            direction=field(metadata, "way", str),
            took=_amount(metadata, "took"),
            began=_amount(metadata, "began"),
            seconds=_above(metadata, "step_seconds"),
            latencies=rounds[0] if rounds else (),
            seen=_count(metadata, "workers_seen"),
            resent=_count(metadata, "resent"),
            lost=_count(metadata, "lost"),
            wrong=_count(metadata, "wrong"),
            bins=[
                (int(count), slowest)
                for count, slowest in (
                    _amounts(pair, "bins") for pair in json.loads(metadata["bins"])
                )
            ],
        )
        for metadata, rounds in benchmarks
    ]
    return sorted(found, key=lambda phase: phase.step)


def _hops(benchmarks: Sequence[Benchmark]) -> list[Hop]:
    return [
        Hop(
            field(metadata, "transport", str),
            field(metadata, "payload", str),
            field(metadata, "hop", str),
            _count(metadata, "bytes_out"),
            rounds[0] if rounds else (),
        )
        for metadata, rounds in benchmarks
    ]


_READERS: Mapping[str, tuple[str, Callable[[Sequence[Benchmark]], Any]]] = {
    "latency": ("matrix", _matrix),
    "throughput": ("loads", _loads),
    "concurrent": ("loads", _loads),
    "load": ("starts", _starts),
    "scale": ("phases", _phases),
    "hop": ("hops", _hops),
}
