"""What a run times in which process, by a worker that is made up."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from bench.measure import run as measuring
from bench.measure.check import Facts
from bench.measure.results import Cell
from bench.measure.run import Session
from bench.payloads.case import Case
from bench.screen import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CASES = [Case(f"{n}", "section", (n, 10), "float64", "normal") for n in (1, 2)]
CODECS = ("json/ndarray", "protobuf/tensor")
SLOW, QUICK = "protobuf/tensor:objects", "json/ndarray:objects"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[dict[int, float]], list[list[Any]]]:
    """Measure two payloads in nine processes; return the cells that each process was asked for.

    A first argument says how many times as long each process takes with json/ndarray of one row.
    """

    def measured(disturbed: dict[int, float], seconds: float = 100.0) -> list[list[Any]]:
        plans: list[list[Any]] = []

        def work(_: str, plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
            plans.append(plan["cells"])
            factor = disturbed.get(plan["seed"], 1.0)
            samples = [
                (place, 1, 1e-6 * (factor if cell[:2] == (0, CODECS[0]) else 1.0))
                for place, cell in enumerate(plan["cells"])
            ]
            yield {"done": 1.0, "samples": samples, "waited": 0.0}

        def check(session: Session, *_: object) -> None:
            session.digests = {0: 0, 1: 0}
            session.facts = {
                (n, name): Facts(estimate=(2.0, 2.0) if name == SLOW else (1e-6, 1e-6))
                for n in (0, 1)
                for name in (*CODECS, SLOW, QUICK)
            }

        monkeypatch.setattr(measuring, "run_worker", work)
        monkeypatch.setattr(Session, "check", check)
        names = (*CODECS, SLOW, QUICK)
        started = time.time()
        session = Session(CASES, [names, names], ("encode", "decode"), started=started)
        measuring.run(session, seconds, 9, Progress(quiet=True))
        cell = Cell(0, CODECS[0], "encode")
        assert len(session.samples.seconds[cell]) == len(plans)
        return plans

    return measured


def named(plan: list[Any]) -> set[str]:
    """Return the implementations of a plan."""
    return {cell[1] for cell in plan}


def test_baselines_are_timed_in_few_processes(
    asked: Callable[[dict[int, float]], list[list[Any]]],
) -> None:
    """Codecs in all nine; slow baselines in the first, others in three."""
    plans = asked({})
    assert [named(plan) for plan in plans] == [
        {*CODECS, SLOW, QUICK},
        *[{*CODECS, QUICK}] * 2,
        *[set(CODECS)] * 6,
    ]


def test_a_payload_on_which_processes_disagree_is_measured_again(
    asked: Callable[[dict[int, float]], list[list[Any]]],
) -> None:
    """All codecs of it, in three processes more; one accident of nine is no reason."""
    assert len(asked({4: 20.0})) == 9
    plans = asked({4: 2.0, 5: 2.0})
    assert len(plans) == 12
    for plan in plans[9:]:
        assert named(plan) == set(CODECS)
        assert {cell[0] for cell in plan} == {0}


def test_a_run_ends_when_its_time_is_over(
    asked: Callable[..., list[list[Any]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine so busy that five processes take all of it, no more are started."""
    clock = iter(range(0, 10_000, 10))
    monkeypatch.setattr(time, "time", lambda: float(next(clock)))
    assert len(asked({}, 15.0)) == 5
