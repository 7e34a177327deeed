"""The scenario of Multi Model Server: its rows, and our server beside it."""

from __future__ import annotations

from socket import create_server
from typing import TYPE_CHECKING

import pytest

from bench.engines.scenario import ARMS, AS_IT_IS, BY_HAND, RATE, WITH_TENSORWIRE, Cell
from bench.engines.scenarios import multi_model_server
from bench.engines.scenarios.multi_model_server import (
    BINARY,
    ENGINE,
    OURS,
    OURS_BINARY,
    OWN,
    low_port,
    requests,
    told,
)
from bench.engines.servers import Servers

if TYPE_CHECKING:
    from pathlib import Path


def test_rows() -> None:
    """Each arm beyond the three is beside the engine as it is, in a row of its own."""
    arms = [*ARMS, OURS, BINARY, OURS_BINARY]
    cells = [Cell(ENGINE, "x", arm, RATE, [place + 1.0]) for place, arm in enumerate(arms)]
    found = {(cell.engine, cell.case, cell.arm): cell.samples for cell in told(iter(cells))}
    assert found == {
        (ENGINE, "x", AS_IT_IS): [1.0],
        (ENGINE, "x", WITH_TENSORWIRE): [2.0],
        (ENGINE, "x", BY_HAND): [3.0],
        (ENGINE, "x, binary", AS_IT_IS): [1.0],
        (ENGINE, "x, binary", WITH_TENSORWIRE): [5.0],
        (ENGINE, "x, binary", BY_HAND): [3.0],
        (OURS, "x", AS_IT_IS): [1.0],
        (OURS, "x", WITH_TENSORWIRE): [4.0],
        (OURS, "x, binary", AS_IT_IS): [1.0],
        (OURS, "x, binary", WITH_TENSORWIRE): [6.0],
    }
    assert {cell.case for cell in told(iter(cells[:4]))} == {"x"}


def test_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are below 32767, and one that is taken is not returned."""
    assert low_port() < 32_767
    with create_server(("127.0.0.1", 0)) as taken:
        free = low_port()
        numbers = iter([taken.getsockname()[1], free])
        monkeypatch.setattr(multi_model_server, "randrange", lambda *_: next(numbers))
        assert low_port() == free


@pytest.mark.slow
def test_our_server(tmp_path: Path) -> None:
    """It answers the requests of the scenario with twice the numbers."""
    with Servers({}, tmp_path, 60.0) as servers:
        own = servers.start_own((*OWN, "--rest-port", "{port}"), ready="/ready")
        made = requests(multi_model_server.Managed(own, 0), own, 3, binary=True)
        assert made[AS_IT_IS].body == made[OURS].body
        for arm in (OURS, OURS_BINARY):
            made[arm].check()
