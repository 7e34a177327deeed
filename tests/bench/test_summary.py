"""What is written around the tables of a run."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest

from bench.measure.check import Facts
from bench.measure.results import Cell, Results, Samples
from bench.measure.run import Session
from bench.payloads.case import Case
from bench.screen import Screen
from bench.summary import ended, trust

if TYPE_CHECKING:
    from collections.abc import Sequence


def told(
    by_process: list[list[float]], *, rigorously: bool = False, waited: Sequence[float] = ()
) -> str:
    """Return what is said of a run of three codecs that took so long in each process."""
    case = Case("2", "section", (2, 2), "float64", "normal")
    names = ("json/raw", "json/tensor", "json/ndarray")
    samples = Samples(waited=[*waited])
    for name, seconds in zip(names, by_process, strict=True):
        cell = Cell(0, name, "encode")
        samples.seconds[cell] = [[each, each] for each in seconds]
        if rigorously:
            samples.runs[cell] = ["a run"]
    facts = {(0, name): Facts() for name in names}
    stream = io.StringIO()
    session = Session([case], [names], ("encode",))
    trust(session, Results([case], names, ("encode",), facts, samples), Screen(stream))
    return " ".join(stream.getvalue().split())


@pytest.mark.parametrize("rigorously", [True, False])
@pytest.mark.parametrize("platform", ["linux", "win32"])
def test_noise_suggests_a_quieter_machine(
    platform: str, monkeypatch: pytest.MonkeyPatch, *, rigorously: bool
) -> None:
    """Most times differ by a quarter: what to do, by mode and system; quiet ones: nothing."""
    monkeypatch.setattr(sys, "platform", platform)
    noisy = told([[1e-6, 1.2e-6], [1e-6, 1.3e-6], [1e-6, 1.01e-6]], rigorously=rigorously)
    assert "the same time differs by 20 % between processes, 1 of 3 times by more than 25 %" in (
        noisy
    )
    assert ("a higher -p" if rigorously else "more --seconds") in noisy
    assert ("sudo python -m pyperf system tune" in noisy) == (platform == "linux")
    quiet = told([[1e-6, 1.01e-6]] * 3, rigorously=rigorously)
    assert "differs by 1.0 % between processes." in quiet
    assert "busy" not in quiet
    assert "tune" not in quiet


def test_a_time_that_is_half_in_one_process_is_noise() -> None:
    """Of three processes none is left out; of five one accident is, at either end."""
    assert "1 of 3 times" in told([[1.12, 1.12, 0.57], [1.0] * 3, [1.0] * 3])
    assert "1 of 3 times" not in told([[1.12, 1.12, 1.12, 1.12, 0.57], [1.0] * 5, [1.0] * 5])
    assert "1 of 3 times" in told([[1.12, 1.12, 1.12, 0.57, 0.57], [1.0] * 5, [1.0] * 5])


@pytest.mark.parametrize(
    ("interrupted", "failure", "says"),
    [
        (True, "", "Interrupted: this is what was measured until then."),
        (False, "it died", "A worker failed: this is what was measured until then."),
        (False, "", ""),
    ],
)
def test_a_run_that_ended_early_says_so(*, interrupted: bool, failure: str, says: str) -> None:
    """The line stands below the tables, beside the answer."""
    session = Session([], [], ("encode",), interrupted=interrupted, failure=failure)
    stream = io.StringIO()
    trust(session, Results([], (), ("encode",), {}, Samples()), Screen(stream))
    assert stream.getvalue().strip() == says
    assert ended(session) == [says] * bool(says)


def test_of_one_process_the_noise_is_unknown() -> None:
    """How far processes differ takes two of them."""
    assert "Noise: unknown, since a single process measured." in told([[1.0]] * 3)


def test_what_others_took_is_told() -> None:
    """Slow calls wait for the processor every time: no spread shows it, so it is measured."""
    quiet, busy = told([[1.0] * 3] * 3), told([[1.0] * 3] * 3, waited=[0.4, 0.5, 0.0])
    assert "Others had the processor in 40 % of the time" in busy
    assert "The machine is busy: close other programs" in busy
    assert "processor" not in quiet
