"""What is measured for an answer about links: which payloads, which bodies, what comes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import tensorwire as tw
from bench.implementations.compressors import Compressor, compressors, get_compressor
from bench.measure import links, runfile
from bench.measure.check import CheckError, Facts
from bench.measure.run import Session
from bench.measure.transfers import Checked
from bench.payloads.case import Case, build
from bench.payloads.casts import cast_error
from bench.screen import Progress
from tests.support.link_runs import CASE, sent, transfer
from tests.support.report_runs import other, series

if TYPE_CHECKING:
    from pathlib import Path

    from bench.measure.transfers import Links

SMALL = Case("40", "s", (40, 5), "float64", "normal")


def measured(case: Case, *codecs: str) -> Links:
    """Measure in one short process."""
    progress = Progress(quiet=True)
    session = Session([case], [codecs], ("encode", "decode"))
    session.check(1.0, progress)
    found, interrupted = links.measure(session.results(), 0.2, 1, progress)
    assert not interrupted
    return found


def test_the_largest_of_a_series_and_all_others_are_sent() -> None:
    """Small batches of a payload that grows tell nothing more."""
    assert links.chosen([*series(), other("a"), other("b")]) == [2, 3, 4]


@pytest.mark.slow
def test_every_body_is_compressed_by_each_compressor() -> None:
    """Bytes are those of bodies made here; raw is left out; float32 and float16 by tftensor."""
    found = measured(SMALL, "json/ndarray", "protobuf/tftensor", "json/raw")
    array = build(SMALL)
    ways = {(each.codec, each.dtype, each.compressor): each for each in found.transfers}
    assert set(ways) == {
        (codec, dtype, compressor)
        for codec, dtype in (
            ("json/ndarray", "float64"),
            ("protobuf/tftensor", "float64"),
            ("protobuf/tftensor", "float32"),
            ("protobuf/tftensor", "float16"),
        )
        for compressor in ("", *compressors())
    }
    for (codec, dtype, compressor), each in ways.items():
        body = tw.get_codec(codec).encode(array.astype(dtype))
        packed = get_compressor(compressor).compress(body) if compressor else body
        assert each.bytes == len(packed)
        assert (each.compress > 0, each.decompress > 0) == (bool(compressor), bool(compressor))
        assert min(each.encode, each.decode) > 0
    assert [each.dtype for each in found.casts[0]] == ["float32", "float16"]


@pytest.mark.slow
def test_a_dtype_that_loses_values_is_not_measured() -> None:
    """70,000 integers go beyond what float16 has: its error is known, and nothing is sent."""
    case = Case("1", "s", (70_000, 1), "float64", "ints")
    found = measured(case, "protobuf/tftensor")
    assert {each.dtype for each in found.transfers} == {"float64", "float32"}
    assert [each.lost for each in found.casts[0]] == [False, True]


def test_a_compressor_that_takes_too_long_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """How long is guessed from the beginning of a large body, which is then not compressed."""
    seen: list[int] = []

    def compress(body: bytes) -> bytes:
        seen.append(len(body))
        return body

    monkeypatch.setattr(links, "PROBE", 100)
    monkeypatch.setattr(links, "get_compressor", lambda name: Compressor(name, compress, bytes))
    assert links.tried("x", bytes(1_000), patience=0.0) is None
    assert seen == [100]
    tried = links.tried("x", bytes(1_000), patience=60.0)
    assert tried is not None
    assert tried[0] == 1_000


def test_a_body_that_does_not_come_back_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A compressor is checked before it is timed."""
    broken = Compressor("x", bytes, lambda body: body[:-1])
    monkeypatch.setattr(links, "get_compressor", lambda _: broken)
    with pytest.raises(CheckError, match=r"x does not return the 3 bytes it got"):
        links.tried("x", b"abc", patience=1.0)


@pytest.mark.parametrize(("predicted", "ratio"), [(1.0, 2.0), (2.5, 1.0), (4.0, 0.75)])
def test_a_prediction_is_right_from_the_fastest_to_the_median(
    predicted: float, ratio: float
) -> None:
    """Transfers took 2 to 3 s: below and above it counts how far the nearer end is."""
    assert Checked(0, "1 Gb/s", predicted, 2.0, 3.0).ratio == ratio


def test_a_file_of_a_run_has_it_all(tmp_path: Path) -> None:
    """What is read is what was written, though payloads without a time have other numbers there."""
    errors = [cast_error(build(SMALL), "float32")]
    made = sent([transfer("json/ndarray", "lz4", 9, 0.1)], errors=errors)
    assert made.links is not None
    known = replace(made.links, checked=(Checked(0, "10 Mb/s", 1.0, 1.25, 1.5),))
    refused = Facts(cannot="EncodeError: no")
    facts = {key: refused if key[0] == 0 else found for key, found in made.facts.items()}
    kept = {cell: each for cell, each in made.samples.seconds.items() if cell.case != 0}
    samples = replace(made.samples, seconds=kept)
    path = str(tmp_path / "run.json")
    runfile.write(replace(made, links=known, facts=facts, samples=samples), path)
    read = runfile.read(path).results
    assert read.links is not None
    assert read.cases[read.links.transfers[0].case] == made.cases[CASE]
    assert read.links.transfers[0].case == CASE - 1
    assert read.links.casts[CASE - 1] == tuple(errors)
    assert read.links.noise == {CASE - 1: 0.01}
    assert read.links.checked == known.checked
    runfile.write(replace(made, links=None), path)
    assert runfile.read(path).results.links is None
