"""The table and the answers of planted runs."""

import io

import pytest

from bench.engines import table
from bench.screen import Screen
from tests.support.engine_runs import planted


def shown(columns: int, monkeypatch: pytest.MonkeyPatch, *, markdown: bool = False) -> str:
    """Return what is written of the planted run in a terminal of some width."""
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.StringIO()
    table.show(planted(), Screen(stream, markdown=markdown))
    return stream.getvalue()


def test_one_table_of_all_scenarios() -> None:
    """Each engine is a group; each case has a figure for each arm, and what it is worth."""
    rows = table.table(planted().results).rows
    assert [row.label for row in rows if row.style == "group"] == ["fast: Swift", "fast: Sloth"]
    worth = {row.label: row.cells[-1] for row in rows[1:4]}
    assert worth["1 value, JSON"] == "no gain"
    assert worth["100,000 values, JSON"].startswith("1")
    assert rows[1].cells[0] == "1,000/s (25 %)"
    assert rows[2].cells[0].endswith(" ms")
    assert rows[5].cells[2] == "-"
    assert rows[5].cells[3].endswith("x, slower")
    assert rows[6].cells[3] == "unclear"


@pytest.mark.parametrize("columns", [80, 120])
def test_it_fits_the_terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """No line is wider, and the table is in one part."""
    lines = shown(columns, monkeypatch).splitlines()
    assert [line for line in lines if len(line) > columns] == []
    assert sum("times as fast" in line for line in lines) == 1


def test_what_would_i_gain_tomorrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence for each engine is the end: the largest gain first, and where there is none."""
    last = [" ".join(text.split()) for text in shown(1000, monkeypatch).splitlines()]
    place = last.index("What would I gain tomorrow?")
    swift, sloth = list(table.answers(planted().results))
    assert swift.startswith("Swift: 5")
    assert swift.index("100,000 values, binary") < swift.index("100,000 values, JSON (by hand 1")
    assert swift.endswith(". No gain for 1 value, JSON.")
    assert sloth.startswith("Sloth: Slower: 1 value, JSON (0.")
    assert sloth.endswith(". Unclear for 1 value, noise.")
    assert len(last) > place + 2


def test_what_is_said_below(monkeypatch: pytest.MonkeyPatch) -> None:
    """Failed requests, published results, notes, and what was skipped or failed, each in a line."""
    text = shown(1000, monkeypatch)
    for said in (
        "fast: as published: 9 requests/s (their paper).",
        "fast: as it is: 250 of 5,000 requests failed.",
        "fast: batches of 12",
        "gone: skipped: java is not installed",
        "torn: failed: the engine has ended: oh",
    ):
        assert said in " ".join(text.split())


def test_quiet_and_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answers alone; and the same table in Markdown."""
    assert "| 1 value, JSON |" in shown(80, monkeypatch, markdown=True)
    stream = io.StringIO()
    table.show(planted(), Screen(stream), quiet=True)
    assert "times as fast" not in stream.getvalue()
    assert "Swift: " in stream.getvalue()
