"""Runs with a planted truth: ties, outliers, crossovers and drifts, drawn from a seed.

The noise is what a busy machine shows: each process has a speed of its own, each cell in it is off
by some per cent and a few by up to twice, samples scatter, and some take many times as long.
Every other run has payloads that are no series, so that each is judged for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.measure.check import Facts
from bench.measure.results import DISAGREE, Cell, Results, Samples
from bench.measure.run import AGAIN
from bench.payloads.case import Case

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Array = npt.NDArray[Any]

SECTION = "float64 [batch, 10], normal values"
BATCHES = (1, 10, 100, 1_000, 10_000)
CODECS = tuple(
    f"{container}/{kind}"
    for container in ("json", "protobuf", "msgpack")
    for kind in ("ndarray", "tensor", "tftensor", "raw")
)
OPERATIONS = ("encode", "decode")
PROCESSES, SAMPLES = 9, 5
LEAST = 1.5
"""How many times as long a codec takes that is not planted as one of the best."""


@dataclass(frozen=True)
class Planted:
    """A run, and what is true of it."""

    results: Results
    truth: dict[tuple[str, str], float]
    """Seconds of encode plus decode, by column and codec."""


def planted(sort: str, seed: int, processes: int = PROCESSES) -> Planted:
    """Make the run number `seed` of one of `SORTS`."""
    rng = np.random.default_rng([seed, *sort.encode()])
    true = _spread(rng)
    noise = _noise(rng, processes + AGAIN)
    SORTS[sort](rng, true, noise)
    series = sort == "crossovers" or seed % 2 == 0
    return _run(true, true[..., None, None] * noise, processes, series=series)


def _spread(rng: np.random.Generator) -> Array:
    """Return true seconds by codec, column and operation: each column has one clear best."""
    growth = np.array([1.0, 1.3, 3.0, 15.0, 120.0]) * 10 ** rng.uniform(-6.5, -5.5)
    total = np.empty((len(CODECS), len(BATCHES)))
    # Of each container one is the best in all columns; the containers are far apart as well.
    for place, start in enumerate(rng.permutation(range(0, len(CODECS), 4))):
        factors = LEAST ** (4 * place + np.arange(4)) * rng.uniform(1, 1.05, 4)
        total[start : start + 3] = factors[rng.permutation(3), None] * growth
        total[start + 3] = factors[0] * growth * rng.uniform(0.7, 1.0)  # raw, which is no rival
    share = rng.uniform(0.2, 0.8, (len(CODECS), 1, 1))
    return np.asarray(total[..., None] * np.concatenate([share, 1 - share], axis=2))


def _noise(rng: np.random.Generator, processes: int) -> Array:
    """Return factors by codec, column, operation, process and sample."""
    shape = (len(CODECS), len(BATCHES), len(OPERATIONS), processes, SAMPLES)
    speed = np.exp(rng.normal(0, 0.2, processes))[:, None]
    cell = np.exp(rng.normal(0, 0.05, shape[:4]))
    cell *= np.where(rng.random(shape[:4]) < 0.03, rng.uniform(1.2, 2, shape[:4]), 1.0)
    sample = np.exp(np.abs(rng.normal(0, 0.05, shape)))
    spikes = np.where(rng.random(shape) < 0.03, rng.uniform(1.5, 20, shape), 1.0)
    return np.asarray(speed * cell[..., None] * sample * spikes)


def _ties(rng: np.random.Generator, true: Array, _: Array) -> None:
    """Make two to five codecs, of any containers, as fast as the best, on all columns."""
    best = _rivals(true)[0]
    for codec in rng.choice(_rivals(true)[1:], rng.integers(1, 5), replace=False):
        true[codec] = true[best]


def _outliers(rng: np.random.Generator, true: Array, noise: Array) -> None:
    """Let twelve cells take up to 20 times as long in one process, or half as long.

    Half of them are those of the quickest codecs, by which the choice is made.
    """
    for place in range(12):
        codec, column, operation, process = (rng.integers(n) for n in noise.shape[:4])
        codec = rng.choice(_rivals(true)[:3]) if place % 2 else codec
        noise[codec, column, operation, process] *= rng.choice([0.5, rng.uniform(2, 20)])


def _crossovers(rng: np.random.Generator, true: Array, _: Array) -> None:
    """Let the best two codecs of all, and those of one container, change places at some column."""
    first, second = _rivals(true)[:2]
    _swap(true, first, second, int(rng.integers(1, len(BATCHES))))
    start = 4 * rng.integers(3)
    members = sorted(range(start, start + 3), key=lambda codec: true[codec, 0].sum())
    if not {first, second} & set(members):
        _swap(true, members[0], members[1], int(rng.integers(1, len(BATCHES))))


def _swap(true: Array, first: int, second: int, column: int) -> None:
    true[[first, second], column:] = true[[second, first], column:]


def _drifts(rng: np.random.Generator, _: Array, noise: Array) -> None:
    """Let the machine become up to three times slower in a process, slowly or at once."""
    processes, samples = noise.shape[3:]
    rounds = processes * samples
    time = (np.arange(rounds).reshape(processes, samples) + rng.random(noise.shape)) / rounds
    slow = rng.uniform(1.5, 3)
    if rng.random() < 0.5:
        noise *= slow**time
    else:
        noise *= np.where(time > rng.random(), slow, 1.0)


SORTS: dict[str, Callable[[np.random.Generator, Array, Array], None]] = {
    "ties": _ties,
    "outliers": _outliers,
    "crossovers": _crossovers,
    "drifts": _drifts,
}


def _rivals(true: Array) -> list[int]:
    """Return the codecs that tell their own shape, quickest first."""
    order = np.argsort(true[:, 0].sum(axis=1))
    return [int(codec) for codec in order if not CODECS[codec].endswith("raw")]


def _run(true: Array, measured: Array, processes: int, *, series: bool) -> Planted:
    """Make the results; as in a run, payloads on which processes disagree have some more."""
    cases = [Case(f"{n:,}", SECTION, (n, 10), "float64", "normal", series) for n in BATCHES]
    samples = Samples()
    facts = {(n, name): Facts(80 * batch) for n, batch in enumerate(BATCHES) for name in CODECS}
    truth = {}
    for number, case in enumerate(cases):
        for place, name in enumerate(CODECS):
            truth[case.label, name] = float(true[place, number].sum())
            for each, operation in enumerate(OPERATIONS):
                cell = Cell(number, name, operation)
                samples.seconds[cell] = measured[place, number, each, :processes].tolist()
    results = Results(cases, CODECS, OPERATIONS, facts, samples)
    for number in range(len(cases)):
        if all(results.spread(c) <= DISAGREE for c in samples.seconds if c.case == number):
            continue
        for place, name in enumerate(CODECS):
            for each, operation in enumerate(OPERATIONS):
                more = measured[place, number, each, processes:].tolist()
                samples.seconds[Cell(number, name, operation)] += more
    return Planted(results, truth)
