"""The noise of A/A controls, and what is level inside it."""

from __future__ import annotations

import pytest

from bench.measure.results import LEAST_NOISE, Cell, Results, Samples, choose_controls, level
from bench.payloads.case import Case


def results_of(medians: dict[Cell, float]) -> Results:
    """Make up a run of one sample per cell."""
    samples = Samples()
    for cell, seconds in medians.items():
        samples.seconds[cell] = [[seconds]]
        samples.loops[cell] = [1]
    cases = [Case("1", "s", (1, 10), "float64", "normal")]
    names = tuple(dict.fromkeys(cell.implementation for cell in medians))
    return Results(cases, names, ("encode",), {}, samples)


def test_noise_is_the_worst_pair_of_equal_cells() -> None:
    """Two cells that do the same job show how far equal things differ."""
    found = results_of(
        {
            Cell(0, "json/raw", "encode"): 1.0,
            Cell(0, "json/raw", "encode", control=True): 1.05,
            Cell(0, "json/tensor", "encode"): 2.0,
            Cell(0, "json/tensor", "encode", control=True): 1.98,
        }
    )
    assert found.noise(0) == pytest.approx(0.05)
    assert results_of({Cell(0, "json/raw", "encode"): 1.0}).noise(0) == LEAST_NOISE


def test_ties_are_symmetric() -> None:
    """Five per cent more or less is level under a noise of six per cent, ten is not."""
    assert level(1.05, 1.0, 0.06)
    assert level(1.0, 1.05, 0.06)
    assert not level(1.0, 1.1, 0.06)


def test_controls_come_from_every_container() -> None:
    """The noise is measured on quick and slow cells."""
    names = [f"{c}/{k}" for c in ("json", "protobuf") for k in ("ndarray", "tensor", "raw")]
    assert choose_controls(names) == ["json/ndarray", "protobuf/tensor"]
    assert choose_controls(["mine/odd"]) == ["mine/odd"]
