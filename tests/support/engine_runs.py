"""Runs of ``python -m bench.engines`` that nobody measured, whose truth is known."""

from __future__ import annotations

from bench.engines.records import Result, Run
from bench.engines.scenario import AS_IT_IS, BY_HAND, LATENCY, RATE, WITH_TENSORWIRE, Cell, Known

ROUNDS = 7


def cells(  # noqa: PLR0913 - the truth of a case
    engine: str,
    case: str,
    times: float,
    by_hand: float | None = None,
    *,
    noise: float = 0.01,
    rate: bool = True,
    failures: int = 0,
) -> list[Cell]:
    """Return the cells of a case whose arms are so many times as fast as the engine as it is.

    Round by round that differs by the noise at most, in both directions, and in the middle not.
    """
    half = ROUNDS // 2
    factors = [1 + noise * (place - half) / half for place in range(ROUNDS)]
    metric = RATE if rate else LATENCY
    speeds = {AS_IT_IS: 1.0, WITH_TENSORWIRE: times}
    if by_hand is not None:
        speeds[BY_HAND] = by_hand
    found = []
    for arm, speed in speeds.items():
        speeds_of = [speed * (factor if arm != AS_IT_IS else 1) for factor in factors]
        samples = [1_000 * each if rate else 0.01 / each for each in speeds_of]
        lost = failures if arm == AS_IT_IS else 0
        found.append(Cell(engine, case, arm, metric, samples, lost, 1_000))
    return found


def planted() -> Run:
    """Return a run with each verdict, a skipped scenario and one that failed."""
    fast = Result(
        "fast",
        "A benchmark of two engines",
        "Is it fast?",
        Known("9 requests/s", "their paper"),
        {"swift": "1.2"},
        [
            *cells("Swift", "100,000 values, JSON", 15.0, 12.0, failures=250),
            *cells("Swift", "100,000 values, binary", 54.0, 12.0, rate=False),
            *cells("Swift", "1 value, JSON", 1.0, 1.0),
            *cells("Sloth", "1 value, JSON", 0.8),
            *cells("Sloth", "1 value, noise", 1.6, noise=0.6),
        ],
        ["batches of 12"],
        seconds=3.0,
    )
    return Run(
        [
            fast,
            Result("gone", "Another", "Is it there?", missing="java is not installed"),
            Result("torn", "A third", "Does it run?", failed="the engine has ended: oh"),
        ],
        quick=True,
        machine={"cpu": "A CPU", "cores": 2},
    )
