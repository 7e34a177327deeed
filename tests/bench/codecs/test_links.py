"""``--links``: what is asked for is measured, sent, written and shown; never how fast."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

from bench.codecs import links
from bench.codecs.__main__ import main, parse
from bench.implementations import compressors
from bench.interrupt import UsageError
from bench.measure import runfile
from bench.payloads.case import Case

if TYPE_CHECKING:
    from pathlib import Path

CASE = Case("1", "s", (1_000, 10), "float64", "normal")


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
        links.prepare(options, [CASE], ["json/raw"])
    assert links.prepare(parse([]), [CASE], ["json/raw"]) == []


def test_a_missing_package_is_told_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are measured all the same."""
    monkeypatch.setattr(links, "absent", lambda: ("zstandard",))
    (line,) = links.prepare(parse(["--links"]), [CASE], ["json/raw"])
    assert "zstandard: pip install" in line
    assert "[compress]" in line


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
    assert all(each.predicted > 0 < each.measured for each in found.checked)

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
