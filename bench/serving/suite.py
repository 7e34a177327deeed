"""The file of a run, whatever the mode: pyperf's format, with what is needed to show it again."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.measure import machine
from bench.measure.runfile import RunFileError, load
from bench.process import WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from bench.serving.options import Options

SERVERS = ("grpcio", "uvicorn", "flask")
MODE = "serving"
"""The key that tells a file of ours, and its mode."""


class Timed(NamedTuple):
    """One benchmark: what is told of it, and a list of values for each round."""

    told: Mapping[str, Any]
    rounds: Sequence[Sequence[float]]


class File(NamedTuple):
    """What a file holds."""

    metadata: Mapping[str, Any]
    benchmarks: Sequence[Timed]


def shared(options: Options) -> dict[str, Any]:
    """Give what is said once of a whole run."""
    return {
        **machine.describe(),
        **{f"{name}_version": machine.version_of(name) for name in SERVERS},
        MODE: options.mode,
        "quick": int(options.quick),
        "seconds": options.seconds,
        "answer": options.answer,
    }


def write(
    options: Options, benchmarks: Iterable[Timed], path: str, *, interrupted: bool = False
) -> None:
    """Write the file; an existing one was refused, or given up, before anything was measured.

    Times are written to the nanosecond. pyperf has no benchmark without a value: what is told of
    such a one stands under ``unanswered``.

    Raises
    ------
    WorkerError
        there is no value at all.
    """
    import pyperf

    given = list(benchmarks)
    common = {**shared(options), "interrupted": int(interrupted)}
    empty = [dict(each.told) for each in given if not any(each.rounds)]
    common["unanswered"] = json.dumps(empty)
    made = []
    for told, rounds in given:
        metadata = {"unit": "second", **common, **told}
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


@contextmanager
def saving(
    options: Options, benchmarks: Callable[[], Iterable[Timed]], *, interrupted: bool
) -> Iterator[None]:
    """Write the file that is wanted; if that fails, say so after the block has shown all.

    Raises
    ------
    WorkerError
        the file could not be written.
    """
    problem = ""
    if options.output:
        try:
            write(options, benchmarks(), options.output, interrupted=interrupted)
        except OSError as error:
            problem = f"-o {options.output}: {error.strerror or error}"
        except WorkerError as error:
            problem = str(error)
    yield
    if problem:
        raise WorkerError(problem)


def read(path: str) -> File:
    """Read what `write` wrote.

    Raises
    ------
    RunFileError
        it cannot be read, or is of something else.
    """
    loaded = load(path)
    metadata = loaded.get_metadata()
    if MODE not in metadata:
        raise RunFileError(f"{path}: not a run of bench.serving")
    found = [
        Timed(each.get_metadata(), [list(run.values) for run in each.get_runs()])
        for each in loaded.get_benchmarks()
    ]
    try:
        found += [Timed(told, ()) for told in json.loads(metadata["unanswered"])]
    except (KeyError, TypeError, ValueError) as error:
        raise RunFileError(f"{path}: not a run of bench.serving: no {error}") from None
    return File(metadata, found)
