"""The page of a planted run of ``python -m bench.engines``."""

from pathlib import Path

from bench.engines.records import to_bytes
from bench.report import engines
from bench.report.page import render
from tests.support.engine_runs import planted


def test_the_page_of_a_run(tmp_path: Path) -> None:
    """The answer of each engine stands first, then a table of each scenario, and versions."""
    path = tmp_path / "run.json"
    path.write_bytes(to_bytes(planted()))
    page = engines.build(str(path))
    ((question, answers),) = page.answers
    assert question == "What would I gain tomorrow?"
    assert [answer.partition(":")[0] for answer in answers] == ["Swift", "Sloth"]
    section, facts = page.sections
    assert section.table is not None
    assert len(section.table.rows) == 5
    first = section.table.rows[0]
    assert first[0] == "Swift: 100,000 values, JSON, requests/s"
    assert first[-3:] == ["15.0x", "14.85 to 15.15", "12.0x"]
    assert "as published: 9 requests/s (their paper)." in section.paragraphs
    assert "gone: skipped: java is not installed" in page.warnings
    assert ("fast", "swift 1.2, 3.00 s") in facts.facts
    text = render(page)
    assert "What would I gain tomorrow?" in text
    assert "0.800x, slower" in text
