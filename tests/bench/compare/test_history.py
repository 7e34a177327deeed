"""``python -m bench.compare --history``: runs by date and machine, figures of a codec, a page."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from typing import TYPE_CHECKING

import pytest

from bench import figures
from bench.compare.__main__ import main
from bench.compare.history import BARS, sparkline
from tests.support.commands import outcome
from tests.support.run_files import WAYS, results, written

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pyperf")
run = partial(outcome, main)
FACTORS = (1.0, 1.0, 3.0)
RUNS = [
    results(number, factors={("json/raw", "encode", b): factor for b in (1, 1000)})
    for number, factor in enumerate(FACTORS)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write three runs, whose names are not in the order of their dates, and two broken files."""
    for number, name in enumerate(("c", "a", "b")):
        commit = ("abcdef0123456", "bcdef01234567 dirty", "cdef012345678")[number]
        date = f"2026-02-0{number + 1} 10:20:30.123"
        written(tmp_path, f"{name}.json", RUNS[number], date=date, git_commit=commit)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "notes.txt").write_text("no run")
    return tmp_path


def test_runs_stand_in_the_order_of_their_dates(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A row per run: date, medians, the ratio to the run before, commit and versions."""
    code, text, err = run(capsys, "--history", str(folder), "--codec", "json/raw", "--op", "encode")
    assert code == 0
    lines = [line.split() for line in text.splitlines() if line.startswith("  2026-")]
    assert [line[0] for line in lines] == ["2026-02-01", "2026-02-02", "2026-02-03"]
    for line, made in zip(lines, RUNS, strict=True):
        for case, place in ((0, 2), (1, 4)):
            median = made.seconds(case, "json/raw", "encode")
            assert " ".join(line[place : place + 2]) == figures.duration(median)
    assert [line[-3:] for line in lines] == [
        ["abcdef0", "3.12.1", "2.1.0"],
        ["bcdef01+", "3.12.1", "2.1.0"],
        ["cdef012", "3.12.1", "2.1.0"],
    ]
    assert lines[0][-4] == "-"
    assert float(lines[2][-4].rstrip("x=")) == pytest.approx(3, rel=0.1)
    last = next(line.split() for line in text.splitlines() if "last by first" in line)
    assert [float(cell.rstrip("x=")) for cell in last[3:]] == pytest.approx([3, 3, 3], rel=0.1)
    assert "commit+: with changes" in text
    assert err.startswith("skipped ")
    assert "broken.json: expected a file of pyperf" in err
    assert len(err.splitlines()) == 1


def test_all_codecs_in_short(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --codec a row per codec: the last run by the first and by the one before."""
    code, text, _ = run(capsys, "--history", str(folder))
    assert code == 0
    lines = text[text.index("\njson\n") : text.index("\n\nx first")].splitlines()
    rows = [line.split() for line in lines if line.startswith("  ")]
    assert [row[0] for row in rows] == [*(way.partition("/")[2] for way in WAYS), "baselines"]
    ratios = [float(cell.rstrip("x=")) for cell in rows[2] if "x" in cell]
    assert ratios == pytest.approx([3, 3, 1, 1], rel=0.1)  # encode, decode: by first, by before
    ratios = [float(cell.rstrip("x=")) for cell in rows[-1] if "x" in cell]
    assert ratios == pytest.approx([1, 1, 1, 1], rel=0.1)


def test_other_machines_stand_apart(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The machine that was used last comes first; ratios stay within a machine."""
    date = "2026-03-01 00:00:00"
    written(folder, "z.json", RUNS[2], date=date, cpu="Abacus 4000", cores=8)
    code, text, _ = run(capsys, "--history", str(folder), "--codec", "json/raw", "--op", "encode")
    assert code == 0
    last, first = text.index("Abacus 4000, 8 CPUs, Linux x86_64: 1 run"), text.index("Abacus 3000")
    assert last < text.index("2026-03-01") < first < text.index("2026-02-01")
    assert text.count("last by first") == 1


def test_one_payload(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--batch takes a label with or without its comma."""
    for label in ("1000", "1,000"):
        code, text, _ = run(
            capsys, "--history", str(folder), "--codec", "json/raw", "--batch", label
        )
        assert code == 0
        heading = next(line for line in text.splitlines() if "x before" in line)
        assert heading.split()[:3] == ["1,000", "x", "before"]


def test_a_payload_that_came_later(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run without a payload has a dash there, and is compared by what both have."""
    made = results(9, batches=(1, 50))
    written(folder, "d.json", made, date="2026-02-04 00:00:00")
    _, text, _ = run(capsys, "--history", str(folder), "--codec", "json/tensor", "--op", "encode")
    shown = [line for line in text.splitlines() if "commit Python" in line or "3.12.1" in line]
    heading, *lines = map(str.split, shown)
    assert heading[:3] == ["1", "50", "1,000"]
    assert lines[0][4] == "-"
    assert lines[-1][6] == "-"
    assert float(lines[-1][7].rstrip("x=")) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--history", "nowhere"], "nowhere: expected a folder, got none"),
        (["--codec", "json/odd", "--history", "."], "expected a run that timed what was asked for"),
        (["--batch", "77", "--history", "."], "expected a run that timed what was asked for"),
        (["--op", "both", "--history", "."], "invalid choice: 'both'"),
        ([], "expected two files, --against OLD or --history DIR"),
    ],
)
def test_nothing_to_show(
    argv: list[str],
    says: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Exit code 2, and the last line says why."""
    monkeypatch.chdir(folder)
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert says in err.splitlines()[-1]


def test_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder without a run is an error, not an empty table."""
    code, out, err = run(capsys, "--history", str(tmp_path))
    assert (code, out) == (2, "")
    assert "expected files of runs, got none" in err


def test_sparklines() -> None:
    """Lowest to highest on a log scale; noise is no mountain, a gap is a space."""
    assert sparkline([1, 10, 100]) == BARS[0] + BARS[4] + BARS[7]
    assert len(set(sparkline([1.0, 1.01, 0.99]))) <= 2
    assert sparkline([1, None, 100]) == BARS[0] + " " + BARS[7]
    assert sparkline([None]) == ""


@pytest.mark.slow
@pytest.mark.parametrize("width", [80, 200])
def test_it_fits(
    width: int,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nine payloads and twenty runs fit the width, and every payload is there."""
    monkeypatch.setenv("COLUMNS", str(width))
    batches = (1, 2, 5, 10, 20, 50, 100, 1000, 10_000)
    made = results(3, batches=batches, ways=("json/raw",))
    for day in range(10, 30):
        written(folder, f"{day}.json", made, date=f"2026-02-{day} 00:00:00")
    for more in (["--codec", "json/raw"], []):
        _, text, _ = run(capsys, "--history", str(folder), *more)
        assert max(map(len, text.splitlines())) <= width
    _, text, _ = run(capsys, "--history", str(folder), "--codec", "json/raw", "--op", "encode")
    headings = " ".join(line for line in text.splitlines() if "x before" in line).split()
    assert {f"{batch:,}" for batch in batches} <= set(headings)


def test_bars_are_for_utf8(folder: Path) -> None:
    """Where the encoding has no bars, there are none, and the ratios say of what they are."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.compare", "--history", str(folder)],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr
    text = done.stdout.decode("ascii")
    assert "encode x first" in text
