"""A file of any mode of ``python -m bench.serving``, read back into what it says."""

from __future__ import annotations

import json
from math import inf
from typing import TYPE_CHECKING, Any

from bench.measure.runfile import RunFileError, field
from bench.serving import suite
from bench.serving.cells import SIDES, Cell
from bench.serving.recorded import Hop, Matrix, Measured, Phase, ServingRun
from bench.serving.samples import SHARES, Load, Size
from bench.serving.starts import UNITS, Started

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.serving.suite import Timed

    Benchmarks = Sequence[Timed]


def read(path: str) -> ServingRun:
    """Read a file.

    Raises
    ------
    RunFileError
        it cannot be read, or is not of ``python -m bench.serving``: one line.
    """
    metadata, benchmarks = suite.read(path)
    mode = metadata[suite.MODE]
    try:
        field, reader = _READERS[mode]
        found: dict[str, Any] = {"matrix": Matrix({}), "loads": {}}
        found |= {name: [] for name in ("starts", "phases", "hops")}
        found[field] = reader(benchmarks)
        what = str(benchmarks[0].told.get("what", ""))
        return ServingRun(path, mode, metadata, **found, what=what)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        reason = " ".join(str(error).split())
        raise RunFileError(f"{path}: not a run of bench.serving: {reason}") from None


def _amount(told: Mapping[str, Any], name: str) -> float:
    """Read what cannot be negative."""
    return _amounts([told[name]], name)[0]


def _amounts(values: Any, name: str) -> list[float]:
    found = [float(value) for value in values]
    if not all(0 <= value < inf for value in found):
        raise ValueError(f"{name} {values!r} is no amount")
    return found


def _count(told: Mapping[str, Any], name: str) -> int:
    return int(_amount(told, name))


def _above(told: Mapping[str, Any], name: str) -> float:
    """Read what is more than nothing."""
    value = _amount(told, name)
    if not value:
        raise ValueError(f"{name} is 0")
    return value


def _matrix(benchmarks: Benchmarks) -> Matrix:
    found = {}
    for told, rounds in benchmarks:
        shares = json.loads(told["shares"])
        if len(shares) != len(SHARES):
            raise ValueError(f"{len(shares)} shares of a request")
        calls = _amounts(json.loads(told["call_medians"]), "call_medians")
        size = Size(_count(told, "bytes_out"), _count(told, "bytes_in"))
        split = [None if share is None else float(share) for share in shares]
        found[Cell.of(told)] = Measured(rounds, calls, size, split)
    return Matrix(dict(sorted(found.items(), key=lambda item: item[0].place)))


def _loads(benchmarks: Benchmarks) -> dict[tuple[Cell, int], Load]:
    return {
        (Cell.of(told), _count(told, "clients")): Load(
            field(told, "tool", str),
            int(_above(told, "clients")),
            _above(told, "seconds_measured"),
            _count(told, "failed"),
            rounds[0] if rounds else (),
            _amount(told, "busy") if "busy" in told else None,
        )
        for told, rounds in benchmarks
    }


def _starts(benchmarks: Benchmarks) -> list[Started]:
    of: dict[str, dict[str, list[Any]]] = {}
    for told, _ in benchmarks:
        measure, values = told["measure"], json.loads(told["exact"])
        if measure != "memory":  # of which a model may give some back
            values = _amounts(values, measure)
        side = field(told, "side", str)
        if side not in SIDES:
            raise ValueError(f"side {side!r} is unknown")
        of.setdefault(side, {})[measure] = [value + 0 for value in values]
    return [
        Started(side, number, *values)
        for side, by in of.items()
        for number, values in enumerate(zip(*(by[name] for name in UNITS), strict=True), 1)
    ]


def _phases(benchmarks: Benchmarks) -> list[Phase]:
    found = [
        Phase(
            transport=field(told, "transport", str),
            step=_count(told, "step"),
            workers=_count(told, "workers"),
            way=field(told, "way", str),
            took=_amount(told, "took"),
            began=_amount(told, "began"),
            seconds=_above(told, "step_seconds"),
            latencies=rounds[0] if rounds else (),
            seen=_count(told, "workers_seen"),
            resent=_count(told, "resent"),
            lost=_count(told, "lost"),
            wrong=_count(told, "wrong"),
            bins=[
                (int(count), slowest)
                for count, slowest in (_amounts(pair, "bins") for pair in json.loads(told["bins"]))
            ],
        )
        for told, rounds in benchmarks
    ]
    return sorted(found, key=lambda phase: phase.step)


def _hops(benchmarks: Benchmarks) -> list[Hop]:
    return [
        Hop(
            field(told, "transport", str),
            field(told, "payload", str),
            field(told, "hop", str),
            _count(told, "bytes_out"),
            rounds[0] if rounds else (),
        )
        for told, rounds in benchmarks
    ]


_READERS: Mapping[str, tuple[str, Callable[[Benchmarks], Any]]] = {
    "latency": ("matrix", _matrix),
    "throughput": ("loads", _loads),
    "concurrent": ("loads", _loads),
    "load": ("starts", _starts),
    "scale": ("phases", _phases),
    "hop": ("hops", _hops),
}
