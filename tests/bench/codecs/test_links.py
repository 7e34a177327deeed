"""``--links``: what is asked for is measured, sent, written and shown; never how fast."""

from __future__ import annotations

import csv
import io
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tensorwire as tw
from bench.advice.links import SPEEDS
from bench.codecs import links
from bench.codecs.__main__ import main, parse
from bench.implementations import compressors
from bench.implementations.compressors import get_compressor
from bench.interrupt import UsageError
from bench.measure import runfile
from bench.payloads.case import Case, build
from bench.screen import Progress
from tests.support.link_runs import CASE, sent, transfer
from tests.support.report_runs import series

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAYLOAD = Case("1", "s", (1_000, 10), "float64", "normal")


def test_checking_needs_links() -> None:
    """One option implies the other; neither has a meaning for one direction, or for targets."""
    assert parse(["--check-links"]).links
    assert not parse([]).links
    for other in ("--targets", "--op=encode"):
        with pytest.raises(SystemExit):
            parse(["--links", other])


def test_bodies_that_fit_nowhere_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is measured, with what it takes."""
    options = parse(["--links"])
    monkeypatch.setattr(links, "free_memory", lambda: 1_000)
    with pytest.raises(UsageError, match=r"--links needs about .* choose smaller ones"):
        links.prepare(options, [PAYLOAD], ["json/raw"])
    assert links.prepare(parse([]), [PAYLOAD], ["json/raw"]) == []


def test_a_missing_package_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are measured all the same."""
    monkeypatch.setattr(links, "absent", lambda: ("zstandard",))
    (line,) = links.prepare(parse(["--links"]), [PAYLOAD], ["json/raw"])
    assert "zstandard: pip install" in line
    assert "[compress]" in line


class Sure:
    """A link that takes what it should: a latency of 1 ms, and the bits of each body."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self.arrived: list[Any] = []

    def seconds(self, write: Callable[[], bytes], read: Callable[[bytes], Any]) -> float:
        """Carry one body."""
        body = write()
        self.arrived.append(read(body))
        late = 0.5 if len(self.arrived) <= links.PROBES + 2 else 0.0  # all of the first turn
        return 0.001 + len(body) / self.rate + late


def test_a_prediction_is_the_sum_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was measured at both ends, the latency of this link, and the bits at its rate.

    The choice over each link is sent, and what is not compressed, each at least three times.
    """
    opened: list[Sure] = []

    @contextmanager
    def sure(rate: float) -> Iterator[Sure]:
        opened.append(Sure(rate))
        yield opened[-1]

    monkeypatch.setattr(links, "paced_link", sure)
    array = build(series()[CASE])
    body = tw.get_codec("json/ndarray").encode(array)
    packed = get_compressor("zstd-1").compress(body)
    ways = [
        transfer("json/ndarray", "", len(body), 0.0),
        transfer("json/ndarray", "zstd-1", len(packed), 1e-3),
    ]
    results = sent(ways)
    assert results.links is not None
    found = list(links.check(results, results.links, 0.0, Progress(quiet=True)))
    assert [(each.transfer, each.link) for each in found] == [
        *((1, "10 Mb/s"), (0, "10 Mb/s"), (0, "100 Mb/s"), (0, "1 Gb/s"))
    ]
    for each in found:
        way, rate = ways[each.transfer], SPEEDS[each.link] / 8
        assert each.predicted == pytest.approx(way.seconds + 0.001 + way.bytes / rate)
        assert each.fastest == pytest.approx(0.001 + way.bytes / rate)
        assert each.fastest <= each.median <= each.fastest + 0.5
    for link in opened:
        decoded = [one for one in link.arrived if isinstance(one, np.ndarray)]
        assert len(decoded) >= links.LEAST
        for values in decoded:
            np.testing.assert_array_equal(values, array)


@pytest.mark.slow
def test_a_run_has_links_in_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Tables and sentences, CSV, JSON and the file: all of the same codecs and compressors."""
    argv = ["--batch", "50", "--codec", "json/ndarray,protobuf/tftensor", "--seconds", "0.2"]
    argv += ["-p", "1", "--check-links"]
    path = str(tmp_path / "run.json")
    assert main([*argv, "-o", path]) == 0
    text = capsys.readouterr().out
    for part in ("Over a link: 50 rows", "Checked: ", "\ncompress  ", "\nfloat32   "):
        assert part in text
    assert "bytes, compressed: " not in text
    found = runfile.read(path).results.links
    assert found is not None
    assert {each.compressor for each in found.transfers} == {"", *compressors.compressors()}
    assert {each.link for each in found.checked} == {"10 Mb/s", "100 Mb/s", "1 Gb/s"}
    assert all(each.predicted > 0 < each.fastest <= each.median for each in found.checked)

    assert main([*argv[:-1], "--links", "--details"]) == 0
    assert "bytes, compressed: 50 rows" in capsys.readouterr().out

    assert main([*argv[:-1], "--links", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    packed = [row for row in rows if row["operation"] == "compress zstd-1"]
    assert {(row["way"], row["payload"].split()[2]) for row in packed} == {
        ("json/ndarray", "float64"),
        ("protobuf/tftensor", "float64"),
        ("protobuf/tftensor", "float32"),
        ("protobuf/tftensor", "float16"),
    }

    assert main([*argv[:-1], "--links", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["links"]
    assert {each["compressor"] for each in told["transfers"]} == {"", *compressors.compressors()}
    (advice,) = told["advice"]
    assert [each["link"] for each in advice["choices"]][:4] == [
        *("10 Mb/s", "100 Mb/s", "1 Gb/s", "10 Gb/s")
    ]
