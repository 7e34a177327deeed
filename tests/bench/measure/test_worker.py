"""How often and in which order a worker times its cells, and what it imports."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import numpy as np
import pytest

from bench.measure import worker


def test_cells_share_the_budget() -> None:
    """Each cell gets about the same time, slow ones at least one sample, all within bounds."""
    seconds = [1e-6, 1e-3, 0.2]
    counts = worker.visits(seconds, 1.0)
    assert counts[2] >= 1
    assert worker.LEAST <= counts[1] <= worker.MOST
    spent = [n * worker.cost_of(each) for n, each in zip(counts, seconds, strict=True)]
    assert sum(spent) <= 1.0


def test_every_cell_is_timed_even_without_a_budget() -> None:
    """A budget that is used up still leaves one sample for each cell, and three for quick ones."""
    assert worker.visits([1e-6, 1e-2, 3.0], 0.0) == [3, 1, 1]


def test_rounds_take_cells_in_turn() -> None:
    """Each cell comes up as often as planned, at most once a round, spread over the run."""
    counts = [60, 7, 1]
    turns = list(worker.rounds(counts, Random(1)))  # noqa: S311 - an order, no secret
    assert len(turns) == 60
    assert [sum(cell in due for due in turns) for cell in range(3)] == counts
    assert all(len(set(due)) == len(due) for due in turns)
    assert max(np.diff([n for n, due in enumerate(turns) if 1 in due])) <= 10


def test_a_first_call_that_imports_is_no_slow_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that takes long once, to import what it needs, is looped as any quick call is."""
    took = iter([0.03, 2e-6, 1e-6, 1e-6, 1e-6])
    monkeypatch.setattr(worker, "sample", lambda *_: next(took))
    guess = 0.02
    found = worker.calibrate([(len, "")], [(0, "json/raw", "encode", False, guess, "json/raw")])
    assert found == [1e-6]


def test_quick_calls_are_looped() -> None:
    """A sample of a call under a microsecond lasts long enough for the clock."""
    assert worker.loops_for(2e-7) * 2e-7 == pytest.approx(worker.SAMPLE, rel=0.01)
    assert worker.loops_for(1.0) == 1


def test_workers_stay_light() -> None:
    """Nothing that a measurement does not need is loaded in a worker."""
    code = (
        "import sys, bench.measure.worker\n"
        "print(sorted({'rich', 'pyperf', 'psutil', 'argparse', 'ml_dtypes'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {"[]", "['ml_dtypes']"}
