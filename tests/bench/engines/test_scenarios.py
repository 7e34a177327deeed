"""The scenarios of this folder's own, in their engines: every case has its arms, briefly."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import TYPE_CHECKING

import pytest

from bench.engines import rounds
from bench.engines.scenario import ARMS, AS_IT_IS, WITH_TENSORWIRE, Cell, Context
from bench.engines.scenarios import bentoml, web
from bench.engines.servers import Servers
from tests.support.engines import environment_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from bench.engines.scenario import Scenario

pytestmark = pytest.mark.slow

Measured = tuple[dict[str, list[str]], list[str]]


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Measured]:
    """Return what runs a scenario: the arms of each of its cases, and its notes."""
    monkeypatch.setattr(rounds, "QUICK_ROUNDS", 1)
    monkeypatch.setattr(rounds, "QUICK_SECONDS", 0.2)

    def run(scenario: Scenario, interpreter: str, **options: object) -> Measured:
        interpreters: Mapping[str, str] = dict.fromkeys(scenario.engines, interpreter)
        arms: dict[str, list[str]] = {}
        notes = []
        with Servers(interpreters, tmp_path, 300.0) as servers:
            given = Namespace(**options)
            context = Context(True, given, interpreters, tmp_path, servers, _quietly)  # noqa: FBT003
            found: Iterator[Cell | str] = scenario.measure(context)
            for each in found:
                if isinstance(each, Cell):
                    arms.setdefault(f"{each.engine}: {each.case}", []).append(each.arm)
                    assert each.samples
                else:
                    notes.append(each)
        return arms, notes

    return run


def _quietly(*_: object) -> None: ...


def test_web(measured: Callable[..., Measured]) -> None:
    """FastAPI and Flask answer rightly by each route, and each case has all arms."""
    arms, _ = measured(web.SCENARIOS[0], sys.executable)
    sizes = ("1 value", "100,000 values")
    wanted = [(engine, size) for engine in ("FastAPI", "Flask") for size in sizes]
    forms = ("JSON", "binary")
    assert list(arms) == [f"{one}: {size}, {form}" for one, size in wanted for form in forms]
    assert all(sorted(each) == sorted(ARMS) for each in arms.values())


def test_bentoml(measured: Callable[..., Measured], monkeypatch: pytest.MonkeyPatch) -> None:
    """BentoML answers rightly by each route; a ramp has both arms of each way of serving."""
    interpreter = environment_of("bentoml")
    for name, value in (("QUICK_USERS", (4,)), ("ROUNDS", 1), ("QUICK_SECONDS", 2.0)):
        monkeypatch.setattr(bentoml, name, value)
    options = {"load_workers": 0, "load_address": "127.0.0.1"}
    arms, notes = measured(bentoml.SCENARIOS[0], interpreter, **options)
    for mode in ("sync", "async", "batched"):
        assert arms.pop(f"BentoML: {mode}, 4 users") == [AS_IT_IS, WITH_TENSORWIRE]
    assert len(arms) == 3
    assert all(sorted(each) == sorted(ARMS) for each in arms.values())
    assert any(note.startswith("rows in a batch, with tensorwire: ") for note in notes)
