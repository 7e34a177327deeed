"""The command, its file, and the page that shows what it prints."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from bench.scaling.__main__ import main
from bench.scaling.records import read, to_bytes
from tests.support.commands import exit_code

ROOT = Path(__file__).parents[3]
RECORDED = str(ROOT / "docs/scaling.json")


def test_the_page_is_what_it_prints(capsys: pytest.CaptureFixture[str]) -> None:
    """Each row of docs/scaling.md, and what breaks first, is computed from the recorded file."""
    assert exit_code(main, RECORDED, "--markdown") == 0
    shown = capsys.readouterr().out
    page = (ROOT / "docs/scaling.md").read_text(encoding="utf-8")
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(rows) > 30
    assert [line for line in page.splitlines() if line.startswith("|")] == rows
    joined = " ".join(page.split())
    for sentence in shown.partition("What breaks first?\n\n")[2].splitlines():
        assert sentence in joined


@pytest.mark.parametrize("columns", [80, 120])
def test_tables_fit(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No line is wider than the terminal, and no table is split."""
    monkeypatch.setenv("COLUMNS", str(columns))
    assert exit_code(main, RECORDED) == 0
    shown = capsys.readouterr().out
    assert [line for line in shown.splitlines() if len(line) > columns] == []
    assert " to balancer" not in shown


def test_what_is_stated_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a model the network breaks first; the fleets are those that were asked for."""
    assert exit_code(main, RECORDED, "--model", "0", "--nodes", "7", "--network", "1") == 0
    shown = capsys.readouterr().out
    assert "The network of a node: " in shown
    assert "7 nodes, 14,000 requests/s" in shown
    assert "100 nodes" not in shown
    assert "7 nodes have 7,000." in shown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--cores", "0"), "expected a number from 1 on, got '0'"),
        (("--model", "-1"), "expected a number from 0 on, got '-1'"),
        (("--nodes", "x"), "expected numbers such as 1,10,100, got 'x'"),
        ((RECORDED, "-o", "new.json"), "expected FILE or -o, got both"),
        (("nowhere.json",), "nowhere.json: No such file or directory"),
        ((str(ROOT / "pyproject.toml"),), "expected a file of python -m bench.scaling -o"),
    ],
)
def test_refusals(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong is one line."""
    assert exit_code(main, *arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    """All fields, those of the machine too."""
    measured = read(RECORDED)
    (tmp_path / "again.json").write_bytes(to_bytes(measured))
    assert read(str(tmp_path / "again.json")) == measured
    assert measured.machine


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_measuring(tmp_path: Path) -> None:
    """Each form is asked and checked; its bytes are those that it has."""
    path = tmp_path / "now.json"
    assert exit_code(main, "--quick", "--values", "100", "-q", "-o", str(path)) == 0
    measured = read(str(path))
    costs = {cost.form: cost for cost in measured.costs}
    assert len(costs) == 7
    assert all(cost.core_s > 0 for cost in measured.costs)
    assert costs["protobuf/tftensor"].bytes_in > 800
    assert costs["json/ndarray"].bytes_in > costs["oip/binary"].bytes_in > 800
    assert measured.worker_bytes > 10_000_000
