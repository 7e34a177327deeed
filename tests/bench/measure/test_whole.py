"""The mean request of some traffic, against sums that are done by hand."""

from __future__ import annotations

from math import isnan

import pytest

from bench.measure.check import Facts
from bench.measure.results import Cell, Results, Samples
from bench.measure.whole import as_recorded, mean_request
from bench.payloads.case import Case
from bench.payloads.traffic import Recorded, Request, Traffic

NAMES = ("json/raw", "protobuf/tensor")
WEIGHTS = [8.0, 2.0]
ENCODE = {(0, "json/raw"): 10.0, (1, "json/raw"): 100.0, (0, "protobuf/tensor"): 1.0}
ENCODE |= {(1, "protobuf/tensor"): 5.0}


def results(refusing: int | None = None) -> Results:
    """Return a run of two payloads in two processes, of which the second is twice as slow."""
    cases = [Case("a", "", (10,), "float64", "a"), Case("b", "", (1_000,), "float32", "b")]
    samples = Samples()
    facts = {}
    for (n, name), seconds in ENCODE.items():
        facts[n, name] = Facts(size=100 * (n + 1), view=name != "json/raw")
        for operation, factor in (("encode", 1.0), ("decode", 3.0)):
            cell = Cell(n, name, operation)
            samples.seconds[cell] = [[factor * seconds] * 3, [2 * factor * seconds] * 3, []]
    if refusing is not None:
        facts[refusing, "json/raw"] = Facts(
            cannot="EncodeError: expected bytes, got text - at $.data; x"
        )
    return Results(cases, NAMES, ("encode", "decode"), facts, samples)


def traffic() -> Traffic:
    """Return five requests of ten arrays: eight are small."""
    small = Recorded("a", "", "json/raw", "float64", (10,), 80)
    large = Recorded("b", "", "oip/binary", "float32", (1_000,), 4_000)
    requests = [Request("json/raw", 100, (small, small)) for _ in range(4)]
    return Traffic("t", (*requests, Request("oip/binary", 9_000, (large, large))), (), 0)


def test_times_and_bytes_are_weighted() -> None:
    """Each process gives the sum over the sample, by its weights, for each of the requests."""
    mean = mean_request(results(), traffic(), WEIGHTS)
    (case,) = mean.cases
    assert (case.label, case.dtype, case.size) == ("a request", "float32", round(2080 / 5))
    encode = mean.samples.seconds[Cell(0, "json/raw", "encode")]
    assert encode == [[(8 * 10 + 2 * 100) / 5], [2 * (8 * 10 + 2 * 100) / 5]]
    assert mean.facts[0, "json/raw"].size == (8 * 100 + 2 * 200) / 5
    assert mean.facts[0, "protobuf/tensor"].view
    assert not mean.facts[0, "json/raw"].view


def test_what_is_refused_once_has_no_time() -> None:
    """A codec that refuses some of the arrays is left out, with their share."""
    mean = mean_request(results(refusing=1), traffic(), WEIGHTS)
    assert mean.facts[0, "json/raw"].cannot == (
        "EncodeError: expected bytes, got text (20 % of the arrays)"
    )
    assert {cell.implementation for cell in mean.samples.seconds} == {"protobuf/tensor"}


def test_the_traffic_as_it_came() -> None:
    """Each array in its own form; what was not measured is told by the share that was."""
    run = results()
    usual = 1.5 * (1 + 3)  # of the processes, whose medians are 1 and 2; encode and decode
    seconds, share = as_recorded(run, WEIGHTS, ["json/raw", "protobuf/tensor"])
    assert seconds == pytest.approx(usual * (8 * 10 + 2 * 5))
    assert share == 1.0
    assert as_recorded(run, WEIGHTS, ["json/raw", "npy"])[1] == 0.8
    seconds, share = as_recorded(run, WEIGHTS, ["npy", "npy"])
    assert isnan(seconds)
    assert share == 0.0
