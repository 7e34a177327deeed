"""The matrix of Ray Serve: its cells, their names, and their requests."""

from __future__ import annotations

import json

import numpy as np
import pytest

from bench.engines.scenario import ARMS
from bench.engines.scenarios.ray_microbenchmark import BINARY, Case, cases, requests


def test_the_matrix() -> None:
    """Clients, replicas and batches in every combination, and one of many values."""
    small = {case[:4] for case in cases(is_quick=False) if case.values == 1}
    batches = [(1, 1), (1, 10_000), (10_000, 10_000)]
    assert small == {
        (clients, replicas, *batch)
        for clients in (1, 8)
        for replicas in (1, 8)
        for batch in batches
    }
    assert [case.values for case in cases(is_quick=False)].count(100_000) == 1
    assert set(cases(is_quick=True)) < set(cases(is_quick=False))


def test_names_fit_the_table() -> None:
    """They differ, and are short with what is added to them."""
    names = [case.name for case in cases(is_quick=False)]
    assert len(set(names)) == len(names)
    assert max(len(f"{name}, bin") for name in names) <= 30


@pytest.mark.parametrize("values", [1, 100])
def test_requests(values: int) -> None:
    """All arms are asked for the same numbers, and only twice the numbers are right."""
    made = requests(Case(1, 8, 1, 1, values))
    assert set(made) == {*ARMS, *([BINARY] if values > 1 else [])}
    assert all("/r8/" in request.url for request in made.values())
    numbers = json.loads(made[ARMS[0]].body)["data"]["ndarray"]
    twice = (np.array(numbers) * 2).tolist()
    for arm in ARMS:
        assert made[arm].body == made[ARMS[0]].body
        assert made[arm].right(json.dumps({"data": {"ndarray": twice}}).encode())
        assert not made[arm].right(made[arm].body)
    if BINARY in made:
        assert made[BINARY].body.endswith(np.array(numbers).tobytes())
        assert made[BINARY].right(b"{}" + np.array(twice).tobytes())
        assert not made[BINARY].right(made[BINARY].body)
