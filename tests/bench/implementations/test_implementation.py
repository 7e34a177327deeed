"""Decode, and decode with a first use of the values, are measured and shown apart."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any

import ml_dtypes
import numpy as np
import pytest

pytest.importorskip("pyperf")

from bench.advice.advice import advise
from bench.codecs.__main__ import main
from bench.compare.__main__ import main as compare
from bench.implementations.implementation import FIRST_USE
from bench.implementations.lookup import get_implementation
from bench.measure import runfile
from bench.measure.results import Cell
from bench.measure.worker import with_first_use
from bench.report.codecs import build, picture_of
from bench.report.page import render

if TYPE_CHECKING:
    from pathlib import Path

CODECS = "--codec=protobuf/tensor,protobuf/raw,json/ndarray"
RUN = (CODECS, "--batch=1,100", "--seconds=0.5", "--processes=1")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Measure once, into a file."""
    path = tmp_path_factory.mktemp("runs") / "run.json"
    assert main([*RUN, "-q", "-o", str(path)]) == 0
    return path


def test_it_is_measured_of_every_way(run: Path) -> None:
    """Each codec and the copy have three times, of which the sum is of two; baselines have two."""
    results = runfile.read(str(run)).results
    assert set(results.operations) == {"encode", "decode", FIRST_USE}
    for number in range(len(results.cases)):
        for way in results.implementations:
            times = [results.seconds(number, way, op) for op in ("encode", "decode", FIRST_USE)]
            assert [bool(each) for each in times] == [True, True, ":" not in way], way
            assert results.there_and_back(number, way) == sum(times[:2])  # type: ignore[arg-type]
    assert not any(cell.control for cell in results.samples.seconds if cell.operation == FIRST_USE)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6.0).reshape(2, 3),
        np.array([[1, 2]], np.float32),
        np.array([[1.5, 2]], ml_dtypes.bfloat16),
        np.array([[1, -2]], np.int8),
        np.array([[True, False, True]]),
        np.array([["a", "b"]]),
        np.array([[1 + 2j]]),
    ],
    ids=lambda array: str(array.dtype),
)
def test_all_values_are_read(array: Any) -> None:
    """A sum of what can be added up, a comparison of all else; raw bytes as the payload's dtype."""
    for name in ("protobuf/tftensor", "protobuf/raw", "json/raw:pybase64", "json/ndarray"):
        way = get_implementation(name)
        try:
            body = way.encode(array)
        except Exception:  # noqa: BLE001, S112 - what a way cannot carry is not timed
            continue
        if array.dtype.kind == "U" and name != "protobuf/tftensor":
            continue
        found = with_first_use(way.decode, array.dtype, raw="raw" in name)(body)
        assert found == (array.sum() if array.dtype.kind in "biufc" else True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("op", "wanted"),
    [("encode", {"encode"}), ("decode", {"decode", FIRST_USE})],
)
def test_it_belongs_to_decode(
    op: str, wanted: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """One direction alone has its first use, or none."""
    assert main([*RUN, "--csv", "--op", op]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {row["operation"] for row in rows} == wanted


@pytest.mark.slow
@pytest.mark.parametrize("columns", ["80", "120"])
def test_the_screen_shows_both(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table of its own, and a line of the answer, within the width of the terminal."""
    monkeypatch.setenv("COLUMNS", columns)
    assert main([*RUN, "--details"]) == 0
    text = capsys.readouterr().out
    lines = text.splitlines()
    assert max(map(len, lines)) <= int(columns)
    heads = [line.partition(":")[0] for line in lines if "[batch, 10], normal values" in line]
    tables = ["encode", "decode", "decode and first use", "bytes", "encode + decode, by rows"]
    assert heads[:5] == tables
    assert re.search(
        r"\nfirst use Decode and one pass over the values take \S+ \ws with\s+\w+/t\w*ensor\b", text
    )


def test_json_has_both(capsys: pytest.CaptureFixture[str]) -> None:
    """Programs get the cells, and the advice of each choice."""
    assert main([*RUN, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {cell["operation"] for cell in told["cells"]} == {"encode", "decode", FIRST_USE}
    (advice,) = told["advice"]
    assert advice["operations"] == ["encode", "decode"]
    chosen = {(choice["codec"], choice["at"]) for choice in advice["best"]}
    assert {(each["codec"], each["column"]) for each in advice["first_use"]} == chosen
    for each in advice["first_use"]:
        (number,) = [n for n, p in enumerate(told["payloads"]) if p["label"] == each["column"]]
        cells = {
            cell["operation"]: cell["median_s"]
            for cell in told["cells"]
            if (cell["payload"], cell["way"]) == (number, each["codec"])
        }
        assert (each["decode"], each["decode_and_use"]) == (cells["decode"], cells[FIRST_USE])


def test_the_page_shows_both(run: Path) -> None:
    """The report has a view, and a column, of a first use."""
    text = render(build(str(run)))
    assert "decode and first use" in text
    assert 'value="v-decode-use"' in text
    assert "first use: Decode and one pass over the values take " in text
    picture = picture_of(runfile.read(str(run)).results)
    assert picture is not None
    headings = [heading for row in picture[2] for heading, _ in row]
    assert [each for each in headings if each.startswith("protobuf")] == [
        f"protobuf, {label}" for label in ("encode", "decode", "decode and first use")
    ]


def without_first_use(run: Path, to: Path) -> Path:
    """Write the file as versions before this operation wrote it."""
    told = json.loads(run.read_text())
    told["benchmarks"] = [
        each for each in told["benchmarks"] if FIRST_USE not in json.dumps(each["metadata"])
    ]
    to.write_text(json.dumps(told))
    return to


def test_files_of_earlier_versions(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are read, shown and compared; what they have not is one line."""
    old = without_first_use(run, tmp_path / "old.json")
    results = runfile.read(str(old)).results
    assert set(results.operations) == {"encode", "decode"}
    assert Cell(0, "protobuf/tensor", FIRST_USE) not in results.samples.seconds
    section = results.cases[0].section
    assert advise(results, section).first_use == ()
    assert "first use" not in render(build(str(old)))
    compare([str(old), str(run)])
    text = capsys.readouterr().out
    assert "- decode and first use of all payloads" in text
    assert text.count("first use") == 1
