"""Ramps of Locust: each call is counted for the arm whose turn it was, and failures apart."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from typing import TYPE_CHECKING, Any

import pytest

from bench.engines import ramps
from bench.engines.ramps import Turn, ramp
from bench.engines.scenario import Context
from bench.measure.check import CheckError
from bench.serving.proxies import free_ports
from tests.support.echo_service import echoing, request

if TYPE_CHECKING:
    from pathlib import Path


def context(folder: Path) -> Context:
    """Return what a scenario is given."""
    servers: Any = None
    return Context(True, Namespace(), {}, folder, servers, lambda *_: None)  # noqa: FBT003


@pytest.mark.slow
def test_a_ramp(tmp_path: Path) -> None:
    """A master and two workers call each arm in its turn, with its own body and headers."""
    with echoing() as url:
        arms = {name: request(url, f"/{name}", f"x/{name}1".encode()) for name in "ab"}
        found = ramp(context(tmp_path), arms, (3, 6), rounds=2, seconds=1.0)
    assert list(found) == [(3, "a"), (3, "b"), (6, "a"), (6, "b")]
    for turns in found.values():
        assert len(turns) == 2
        assert sum(len(turn.seconds) for turn in turns) > 0
        assert not any(turn.failed for turn in turns)


@pytest.mark.slow
def test_workers_of_other_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They come from elsewhere, get file and plan from the master, and end with it."""
    (port,) = free_ports(1)
    monkeypatch.setattr(ramps, "PORT", port)
    words = ramps.join("127.0.0.1").partition("; do ")[2].partition(";")[0].split()
    command = [sys.executable, "-m", *words, "--master-port", str(port)]
    with (
        echoing() as url,
        subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as worker,
    ):
        arms = {"a": request(url, "/a", b"x/a1")}
        found = ramp(context(tmp_path), arms, (3,), rounds=1, seconds=1.5, hosts=1)
        worker.wait(60)
    (turn,) = found[3, "a"]
    assert len(turn.seconds) > 0
    assert not turn.failed


def test_a_wrong_reply(tmp_path: Path) -> None:
    """No load is made where an arm answers wrongly."""
    with echoing() as url, pytest.raises(CheckError, match="got x/a1"):
        ramp(context(tmp_path), {"a": request(url, "/a", b"other")}, (1,), rounds=1, seconds=0.1)


def test_calls_by_turn() -> None:
    """What Locust wrote is told apart by the number of the turn, in the order of the plan."""
    turns = [(5, ["a", "b"]), (5, ["b", "a"]), (9, ["a", "b"])]
    done: list[tuple[int, float | str]] = [(0, 0.1), (0, 0.3), (0, "503"), (1, 0.2), (2, 0.5)]
    done += [(3, "503"), (3, "503"), (3, "500"), (4, 0.7)]
    found = ramps._turns(turns, 6, done)
    assert found == {
        (5, "a"): [Turn([0.1, 0.3], {"503": 1}), Turn([], {"503": 2, "500": 1})],
        (5, "b"): [Turn([0.2], {}), Turn([0.5], {})],
        (9, "a"): [Turn([0.7], {})],
        (9, "b"): [Turn([], {})],
    }
    assert (9, "b") not in ramps._turns(turns, 5, done)
    assert [turn.median for turn in found[5, "a"]] == [pytest.approx(0.2), None]


def test_what_other_hosts_type() -> None:
    """They need Locust alone: its file comes from the master."""
    assert "locust -f - --worker --master-host 192.0.2.1;" in ramps.join("192.0.2.1")
    source = ramps.LOCUSTFILE.read_text("utf-8")
    assert "import tensorwire" not in source
    assert "from ." not in source
