"""Samples, ratios and promises of ``bench.serving``: against the standard library and the issue."""

from __future__ import annotations

from statistics import quantiles

import numpy as np
import pytest

from bench.serving.cells import GRPC, KINDS, OBJECTS, OURS, REST, Cell, Choice, known
from bench.serving.samples import (
    SHARES,
    Parts,
    Request,
    Samples,
    percentile,
    read_timing,
    shares,
    write_timing,
)
from bench.serving.targets import advice, missed, target_of, verdict

OWN = Cell(GRPC, "predict", 100_000, "tensor", OURS)


OTHER = OWN._replace(side=OBJECTS)


def request(seconds: float) -> Request:
    """Return a request that took so long, all of it in the call."""
    return Request(0.0, seconds, 0.0, None)


def test_the_matrix_is_that_of_the_issue() -> None:
    """Two transports, two methods, two sizes, four kinds, two sides; figures where published."""
    cells = Choice().cells()
    assert len(cells) == len(set(cells)) == 2 * 2 * 2 * 4 * 2
    figures = {
        (REST, "predict", 100_000): (0.0198, 0.0197, 0.0162, None),
        (GRPC, "predict", 100_000): (0.253, 0.0084, 0.0055, None),
        (GRPC, "predict_raw", 100_000): (0.046, 0.0079, 0.005, None),
        (REST, "predict_raw", 100_000): (0.0133, 0.0133, 0.0111, None),
        (GRPC, "predict", 1): (0.00146, 0.00149, 0.00157, None),
        (REST, "predict_raw", 1): (None, None, None, None),
    }
    for row, times in figures.items():
        found = [known(Cell(*row, kind, side)) for kind in KINDS for side in (OURS, OBJECTS)]
        assert found == [pytest.approx(each) if each else None for each in times for _ in range(2)]


def test_targets_are_those_of_the_issue() -> None:
    """40x, 2x and 3x at 100,000 values of predict; never slower at 1."""
    many = {
        (cell.transport, cell.kind): target_of(cell)
        for cell in Choice(methods=("predict",), counts=(100_000,), sides=(OURS,)).cells()
    }
    assert many == {
        (REST, "ndarray"): 3,
        (REST, "tensor"): 3,
        (REST, "tftensor"): 3,
        (REST, "raw"): None,
        (GRPC, "ndarray"): 40,
        (GRPC, "tensor"): 2,
        (GRPC, "tftensor"): 2,
        (GRPC, "raw"): None,
    }
    assert {target_of(cell) for cell in Choice(counts=(1,)).cells()} == {1}


def test_percentiles_are_those_of_the_standard_library() -> None:
    """Between the two nearest values, both ends included."""
    values = sorted(np.random.default_rng(1).random(37).tolist())
    wanted = quantiles(values, n=100, method="inclusive")
    assert [percentile(values, n) for n in range(1, 100)] == pytest.approx(wanted)
    assert (percentile([5.0], 99), percentile(values, 100)) == (5.0, values[-1])


def test_shares_add_up() -> None:
    """What the server tells is taken out of the call; the slowest requests do not count."""
    parts = Parts(decode=0.2, model=0.1, encode=0.05)
    requests = [Request(0.1, 0.75, 0.15, parts)] * 9 + [Request(9.0, 90.0, 1.0, parts)]
    found = dict(zip(SHARES, shares(requests), strict=True))
    assert found == pytest.approx(
        {
            "client encode": 0.1,
            "wire + server": 0.4,
            "decode": 0.2,
            "model": 0.1,
            "encode": 0.05,
            "client decode": 0.15,
        }
    )


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    """One disturbed round changes nothing, and the noise says how far the others differ."""
    samples = Samples()
    samples.rounds[OTHER] = [[request(4.0)] * 3, [request(8.0)] * 3, [request(90.0)] * 3]
    samples.rounds[OWN] = [[request(1.0)] * 3, [request(2.0)] * 3, [request(2.0)] * 3]
    assert samples.matrix().ratio(OTHER, OWN) == (4.0, 0.0)
    assert samples.matrix().ratio(OTHER, OWN._replace(kind="raw")) is None
    assert list(missed(samples.matrix(), [OWN, OTHER])) == []
    slow = Samples({OWN: samples.rounds[OTHER], OTHER: samples.rounds[OWN]})
    (line,) = missed(slow.matrix(), [OWN, OTHER])
    assert "gRPC predict, 100,000, tensor: 0.250x" in line


def test_verdicts_know_the_noise() -> None:
    """What is short of a target by less than the noise is level with it."""
    assert verdict((2.1, 0.0), 2.0) == "met"
    assert verdict((1.9, 0.10), 2.0) == "level"
    assert verdict((1.9, 0.01), 2.0) == "MISSED"


def test_the_old_advice_is_compared() -> None:
    """``tensor`` is as good as ``tftensor`` if it is no slower, whatever the object way says."""
    samples = Samples()
    for side, kind, seconds in (
        (OURS, "tensor", 1.0),
        (OURS, "tftensor", 1.0),
        (OBJECTS, "tensor", 3.0),
        (OBJECTS, "tftensor", 1.5),
    ):
        samples.rounds[OWN._replace(side=side, kind=kind)] = [[request(seconds)]]
    (line,) = advice(samples.matrix(), [OWN])
    assert "tensor is as good as tftensor, 1.00x" in line
    assert "the object way has 0.500x" in line
    samples.rounds[OWN] = [[request(each)] for each in (0.8, 1.25, 2.5)]
    samples.rounds[OWN._replace(kind="tftensor")] = [[request(1.0)]] * 3
    (line,) = advice(samples.matrix(), [OWN])
    assert "tensor differs by no more than the noise from tftensor, 0.800x its speed" in line
    samples.rounds[OWN] = [[request(1.25)]] * 3
    (line,) = advice(samples.matrix(), [OWN])
    assert "tensor is not yet as good as tftensor, 0.800x" in line


def test_server_timing_is_read_as_the_w3c_has_it() -> None:
    """Milliseconds; names that are none of ours, and other parameters, are passed over."""
    text = 'cache;desc="hit";dur=3, decode;dur=1.5, encode;dur=0.25'
    assert read_timing(text) == Parts(0.0015, 0.0, 0.00025)
    assert read_timing("") is None
    assert write_timing(Parts(0.0015, 0.002, 0.0)) == (
        "decode;dur=1.5000, model;dur=2.0000, encode;dur=0.0000"
    )
