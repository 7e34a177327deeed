"""The arms of a case in turns: each is first in its turn, and a wrong reply is an error."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

import pytest

from bench.engines.rounds import QUICK_ROUNDS, calls, load, orders, rounds
from bench.engines.scenario import LATENCY, RATE, Context
from bench.measure.check import CheckError
from bench.process import WorkerError
from bench.serving.samples import Load
from tests.support.echo_service import echoing, request

if TYPE_CHECKING:
    from pathlib import Path


def context(folder: Path) -> Context:
    """Return what a scenario is given."""
    servers: Any = None
    return Context(True, Namespace(), {}, folder, servers, lambda *_: None)  # noqa: FBT003


@pytest.mark.parametrize("measured", [calls, lambda *given: load(*given, clients=2)])
def test_each_arm_in_turns(measured: Any, tmp_path: Path) -> None:
    """A cell of each arm has a sample a round; path, body and headers come as they are."""
    with echoing() as url:
        arms = {name: request(url, f"/{name}", f"x/{name}1".encode()) for name in "ab"}
        found = list(measured(context(tmp_path), "E", "c", arms))
    assert [(cell.engine, cell.case, cell.arm) for cell in found] == [
        ("E", "c", "a"),
        ("E", "c", "b"),
    ]
    for cell in found:
        assert cell.metric == (LATENCY if measured is calls else RATE)
        assert len(cell.samples) == QUICK_ROUNDS
        assert cell.requests > 0 == cell.failures
        assert min(cell.samples) > 0


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [("/broken", WorkerError, "/broken: REST 500"), ("/other", CheckError, "got x/other1")],
)
def test_a_wrong_reply(path: str, error: type[Exception], said: str, tmp_path: Path) -> None:
    """Whatever else was measured, an engine that answers wrongly is no result."""
    with echoing() as url:
        arms = {"a": request(url, "/a", b"x/a1"), "b": request(url, path, b"right")}
        with pytest.raises(error, match=said):
            list(calls(context(tmp_path), "E", "c", arms))


def test_no_server(tmp_path: Path) -> None:
    """Where nothing listens, that is said in a line."""
    with echoing() as url:
        arms = {"a": request(url, "/a", b"")}
    with pytest.raises(WorkerError, match="/a: REST: "):
        list(calls(context(tmp_path), "E", "c", arms))


def test_orders() -> None:
    """Of as many rounds as arms each is first once; no arm always follows the same one."""
    found = list(orders("abcd", 8))
    assert all(sorted(order) == list("abcd") for order in found)
    assert {order[0] for order in found} == set("abcd")
    before = {order[order.index("c") - 1] for order in found if order[0] != "c"}
    assert len(before) > 1


def test_a_round_has_every_arm(tmp_path: Path) -> None:
    """What a round measures is in the place of that round."""
    seen: list[str] = []

    def once(arm: str, _: float) -> Load:
        seen.append(arm)
        return Load("none", 1, 1.0, 0, [float(len(seen))])

    found = rounds(context(tmp_path), {"a": "a", "b": "b"}, once)
    assert len(seen) == 2 * QUICK_ROUNDS
    for place in range(QUICK_ROUNDS):
        assert sorted(seen[2 * place : 2 * place + 2]) == ["a", "b"]
        assert {found[arm][place].latencies[0] for arm in "ab"} == {2 * place + 1, 2 * place + 2}


def test_there_is_an_end(tmp_path: Path) -> None:
    """Past its time a scenario ends."""
    late = context(tmp_path).__class__(**{**vars(context(tmp_path)), "until": 0.0})
    with pytest.raises(WorkerError, match="not done in time"):
        rounds(late, {"a": "a"}, lambda *_: Load("none", 1, 1.0, 0, [1.0]))
