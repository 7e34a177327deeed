"""The sequential sign test: exact levels, and its power over recorded noise of a busy machine."""

from __future__ import annotations

import json
import random
from itertools import product
from math import exp
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.compare import signs
from bench.compare.against import BOUND
from bench.compare.signs import CANNOT_TELL, FINE, SLOWER, Judge, decide

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RECORDED = Path(__file__).with_name("busy_pairs.json")
EQUAL: list[list[int]] = json.loads(RECORDED.read_text())["ratios"]
CELLS = len(EQUAL[0])
RUNS = 200


def pairs(equal: list[list[int]], order: random.Random) -> Iterator[list[float]]:
    """Yield recorded pairs of equal code from one on, in the order in which they were measured.

    Old and new are the same code, so that either may be called the new one: each pair is turned
    round or not.
    """
    number = order.randrange(len(equal))
    while True:
        turned = order.choice((1, -1))
        yield [(each / 1000) ** turned for each in equal[number % len(equal)]]
        number += 1


def simulated(slowdown: float, cell: int | None, seed: int, noise: float = 1.0) -> dict[int, str]:
    """Return the verdicts of a run over recorded noise, with a slowdown in one cell."""
    drawn = pairs(EQUAL, random.Random(seed))  # noqa: S311 - order only

    def measure(left: Sequence[int]) -> Iterator[tuple[int, float]]:
        ratios = next(drawn)
        for each in left:
            yield each, ratios[each] ** noise * (1 + slowdown * (each == cell))

    cells = range(CELLS)
    judge = Judge(BOUND, len(cells))
    return {each: judge.verdict(found) for each, found in decide(cells, BOUND, measure).items()}


@pytest.mark.slow
def test_a_slowdown_of_a_quarter_is_found() -> None:
    """In at least 95 of 100 runs, and nothing else is called slower."""
    found = others = 0
    for seed in range(RUNS):
        cell = random.Random(seed).randrange(CELLS)  # noqa: S311
        verdicts = simulated(0.25, cell, seed)
        found += verdicts.pop(cell) == SLOWER
        others += SLOWER in verdicts.values()
    assert found >= 0.95 * RUNS
    assert others <= 0.01 * RUNS


@pytest.mark.slow
def test_every_cell_is_watched() -> None:
    """Whichever cell is slower by a quarter, it is found: the noisiest in most runs too."""
    missed = [cell for cell in range(CELLS) if simulated(0.25, cell, 7 * cell)[cell] != SLOWER]
    assert len(missed) <= 0.05 * CELLS


@pytest.mark.slow
def test_equal_code_does_not_fail() -> None:
    """In at most 1 of 100 runs, exit code 3 as well as 1; twice the noise alarms no more."""
    failed = alarmed = 0
    for seed in range(RUNS):
        failed += set(simulated(0.0, None, seed).values()) != {FINE}
        alarmed += SLOWER in simulated(0.0, None, seed, noise=2.0).values()
    assert failed <= 0.01 * RUNS
    assert alarmed <= 0.01 * RUNS


@pytest.mark.slow
def test_a_cell_at_the_bound_is_not_told() -> None:
    """A slowdown of the bound itself is neither fine nor slower in most runs."""
    verdicts = [simulated(BOUND, cell, cell)[cell] for cell in range(100)]
    assert verdicts.count(SLOWER) <= 5
    assert verdicts.count(CANNOT_TELL) > 50


@pytest.mark.parametrize("error", [0.05, 0.01, 0.01 / 190])
def test_errors_hold_after_every_pair(error: float) -> None:
    """Of all sequences of fair signs, a share of no more than the error ever reaches a limit."""
    alive, reached = {0: 1.0}, 0.0  # how many agree: how likely that is, and no limit before
    for pairs in range(1, 60):
        after: dict[int, float] = {}
        for (agree, chance), more in product(alive.items(), (0, 1)):
            after[agree + more] = after.get(agree + more, 0.0) + chance / 2
        rank = signs.needed(pairs, error)
        reached += sum(chance for agree, chance in after.items() if agree >= rank)
        alive = {agree: chance for agree, chance in after.items() if agree < rank}
    assert error / 10 < reached <= error


def test_limits_are_ratios_of_pairs() -> None:
    """Five pairs that agree limit a median at 5 %; with one that does not, ten do."""
    assert signs.limits([1.0, 1.1, 0.9, 1.05], 0.05) == (0.0, float("inf"))
    assert signs.limits([1.0, 1.1, 0.9, 1.05, 0.95], 0.05) == (0.9, 1.1)
    ten = [1 + number / 100 for number in range(10)]
    assert signs.limits(ten, 0.05) == (1.01, 1.08)


def test_verdicts() -> None:
    """Slower needs the level of all cells together; a disturbed pair does not decide."""
    judge = Judge(0.12, 100)
    assert judge.verdict([1.0] * 4) == CANNOT_TELL
    assert judge.verdict([1.0] * 5) == FINE
    assert judge.verdict([1.0] * 4 + [9.0]) == CANNOT_TELL
    assert judge.verdict([1.0] * 9 + [9.0]) == FINE
    assert judge.verdict([1.25] * 14) == CANNOT_TELL
    assert judge.verdict([1.25] * 15) == SLOWER
    assert Judge(0.12, 1).verdict([1.25] * 8) == SLOWER


def test_how_many_more() -> None:
    """As many more as the verdict then takes; none would do where pairs disagree."""
    judge = Judge(0.12, 100)
    for ratios in ([1.25] * 6, [1.0] * 3, [1.0] * 8 + [1.3]):
        more = judge.more(ratios)
        assert more is not None
        middle = sorted(ratios)[len(ratios) // 2]
        assert judge.verdict(ratios + [middle] * more) != CANNOT_TELL
    assert judge.more([1.0, 1.25] * 5) is None


def test_only_what_is_open_is_measured_again() -> None:
    """A cell that is told is left alone; the pairs of one that cannot be are bounded."""
    asked: list[int] = []

    def measure(left: Sequence[str]) -> Iterator[tuple[str, float]]:
        asked.append(len(left))
        for each in left:
            yield each, {"fine": 1.0, "slow": exp(0.3), "odd": (1.0, 1.3)[len(asked) % 2]}[each]

    found = decide(["fine", "slow", "odd"], 0.12, measure, most=30)
    counts = {name: len(ratios) for name, ratios in found.items()}
    assert counts == {"fine": 5, "slow": 9, "odd": 30}
    assert asked[:5] == [3] * 5
