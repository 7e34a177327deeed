"""The scenarios of Seldon's wrapper: their rows, their turns, and the replies that they refuse."""

from __future__ import annotations

from argparse import Namespace
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest

from bench.engines.scenario import AS_IT_IS, BY_HAND, WITH_TENSORWIRE, Context
from bench.engines.scenarios.seldon import (
    ENGINES,
    HAND,
    INSTALL,
    OURS,
    QUICK_ROUNDS,
    RAW,
    TURNS,
    WRAPPER,
    Arm,
    Ports,
    case_of,
    connected,
    gain,
    in_turns,
    of_case,
    without,
)
from bench.measure.check import CheckError
from bench.serving import cells
from bench.serving.clients import Reply
from tensorwire.server import EchoServer

CELL = cells.Cell("REST", "predict", 100_000, "ndarray", cells.OURS)


class Caller:
    """Stands for a connection; it counts the calls."""

    def __init__(self, name: str, called: list[str]) -> None:
        self.name, self.called = name, called

    def call(self, body: bytes) -> Reply:
        """Answer with the request."""
        self.called.append(self.name)
        return Reply(body)


def context() -> Context:
    """Return the context of a quick run, without servers."""
    return Context(True, Namespace(), {}, Path(), cast("Any", None), lambda *_: None)  # noqa: FBT003


def test_rows() -> None:
    """Each way to use tensorwire is beside the wrapper as it is; by hand is beside `raw`."""
    samples = {WRAPPER: [4.0], INSTALL: [2.0], RAW: [1.0], HAND: [3.0], OURS: [0.5]}
    found = [(each.engine, each.arm, *each.samples) for each in of_case("x", samples)]
    assert found == [
        (ENGINES[INSTALL], AS_IT_IS, 4.0),
        (ENGINES[INSTALL], WITH_TENSORWIRE, 2.0),
        (ENGINES[RAW], AS_IT_IS, 4.0),
        (ENGINES[RAW], WITH_TENSORWIRE, 1.0),
        (ENGINES[RAW], BY_HAND, 3.0),
        (ENGINES[OURS], AS_IT_IS, 4.0),
        (ENGINES[OURS], WITH_TENSORWIRE, 0.5),
    ]
    assert gain({WRAPPER: [4.0, 2.0, 9.0], OURS: [2.0, 2.0, 3.0]}, OURS) == 2.0


def test_cells() -> None:
    """There are 18, whose names fit; what install() does not touch is not measured with it."""
    found = [cells.Cell(*key, cells.OURS) for key in cells.KNOWN]
    assert len({case_of(cell) for cell in found}) == 18
    assert max(len(case_of(cell)) for cell in found) <= 30
    assert not without(CELL)
    assert without(CELL._replace(transport="gRPC")) == {HAND}
    assert without(CELL._replace(transport="gRPC", method="predict_raw")) == {HAND, INSTALL}


def test_turns() -> None:
    """Every arm has all its turns, every reply is checked, and a round is a sample."""
    called: list[str] = []
    seen: list[bytes] = []
    arms = {
        name: Arm(cast("Any", Caller(name, called)), name.encode(), seen.append) for name in "abc"
    }
    found = in_turns(context(), arms)
    assert [len(samples) for samples in found.values()] == [QUICK_ROUNDS] * 3
    assert all(called.count(name) >= QUICK_ROUNDS * TURNS for name in "abc")
    assert set(seen) == {b"a", b"b", b"c"}
    assert len(seen) == len(called)


@pytest.mark.slow
@pytest.mark.parametrize("transport", ["REST", "gRPC"])
def test_replies_are_checked(transport: str) -> None:
    """A request of the scenario has the right reply of a model that adds up, and no other."""
    from bench.serving.models import Echo, Sum

    for model, right in ((Sum(), True), (Echo(), False)):
        with EchoServer(model) as server, ExitStack() as connections:
            ports = Ports(server.rest_port or 0, server.grpc_port or 0)
            arm = connected(CELL._replace(transport=transport), ports, connections)
            reply = arm.caller.call(arm.body).body
            if right:
                arm.check(reply)
            else:
                with pytest.raises(CheckError):
                    arm.check(reply)
