"""What is written around the tables of a run."""

from __future__ import annotations

import io
import sys

import pytest

from bench.measure.check import Facts
from bench.measure.results import Cell, Results, Samples
from bench.measure.run import Session
from bench.payloads.case import Case
from bench.screen import Screen
from bench.summary import trust


@pytest.mark.parametrize("rigorously", [True, False])
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_noise_suggests_a_quieter_machine(
    platform: str,
    monkeypatch: pytest.MonkeyPatch,
    *,
    rigorously: bool,
) -> None:
    """Equal cells that differ by a quarter: what to do, by mode and system; quiet ones: nothing."""
    case = Case("2", "section", (2, 2), "float64", "normal")
    shown = []
    for second in (1.25e-6, 1.01e-6):
        samples = Samples()
        for twin, seconds in ((False, 1e-6), (True, second)):
            cell = Cell(0, "json/raw", "encode", twin)
            samples.seconds[cell] = [[seconds, seconds]]
            if rigorously:
                samples.runs[cell] = ["a run"]
        results = Results([case], ("json/raw",), ("encode",), {(0, "json/raw"): Facts()}, samples)
        stream = io.StringIO()
        with monkeypatch.context() as patch:
            patch.setattr(sys, "platform", platform)
            trust(Session([case], [["json/raw"]], ("encode",)), results, Screen(stream))
        shown.append(" ".join(stream.getvalue().split()))
    noisy, quiet = shown
    assert "measured twice: 2: 25 %." in noisy
    assert ("a higher -p" if rigorously else "more --seconds") in noisy
    assert ("sudo python -m pyperf system tune" in noisy) == (platform == "linux")
    assert "2: 1.0 %." in quiet
    assert "high" not in quiet
    assert "tune" not in quiet
