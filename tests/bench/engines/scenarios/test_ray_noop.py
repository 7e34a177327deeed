"""Ray Serve's noop: what is told of each arm."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bench.engines.rounds import Request
from bench.engines.scenario import ARMS, AS_IT_IS, LATENCY, P99, RATE, Context
from bench.engines.scenarios import ray_noop
from bench.serving.samples import Load

if TYPE_CHECKING:
    import pytest


def test_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    """Median, p99 and rate of each arm; noop is as it is, alone; lost requests are counted."""
    arms = [ray_noop.NOOP, *ARMS]

    def sent(_: Context, request: Request, clients: int, queries: int) -> Load:
        place = arms.index(request.url) + 1
        return Load("h2load", clients, 2.0 * place, place, [0.1 * place] * (queries - place))

    monkeypatch.setattr(ray_noop, "sent", sent)
    monkeypatch.setattr(Request, "check", lambda _: None)
    context = Context(True, Namespace(), {}, Path(), cast("Any", None), lambda *_: None)  # noqa: FBT003
    asked = {arm: Request(arm, b"", bool) for arm in arms}
    found = list(ray_noop.cells(context, asked, 8, 20))
    assert [cell.metric for cell in found if cell.arm == AS_IT_IS] == [LATENCY, P99, RATE] * 2
    noop = [cell for cell in found if cell.case == ray_noop.NOOP]
    assert {cell.arm for cell in noop} == {AS_IT_IS}
    assert noop[0].samples == [0.1] * ray_noop.ROUNDS
    assert noop[2].samples == [19 / 2.0] * ray_noop.ROUNDS
    assert (noop[0].failures, noop[0].requests) == (3, 60)


def test_requests() -> None:
    """Each arm is asked by a path of its own; noop has no body."""
    made = ray_noop.requests()
    assert len({request.url for request in made.values()}) == 4
    assert made[ray_noop.NOOP].body == b""
    assert made[ray_noop.NOOP].right(b"")
    assert not made[AS_IT_IS].right(b"")


def test_options() -> None:
    """They are those of Ray's noop."""
    parser = ArgumentParser()
    ray_noop.add_options(parser.add_argument_group("x"))
    given = parser.parse_args(["--num-replicas", "2", "--num-queries", "9", "--blocking"])
    assert (given.num_replicas, given.num_queries, given.blocking) == (2, 9, True)
    assert given.max_concurrent_queries == 10_000
