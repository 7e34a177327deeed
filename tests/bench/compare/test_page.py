"""``python -m bench.compare --history DIR --html FILE``: the page says what the runs hold."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from bench.compare.__main__ import main
from bench.measure.results import Memory
from tests.support.commands import outcome
from tests.support.report_browser import Visit, browser
from tests.support.run_files import WAYS, results, written

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

for package in ("pyperf", "jinja2", "vl_convert"):
    pytest.importorskip(package)
run = partial(outcome, main)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write three runs: one codec is slower and allocates more from the second on."""
    for number, (factor, count) in enumerate(((1.0, 12), (2.0, 15), (2.0, 15))):
        memory = {way: Memory(900, 0, count if way == "json/raw" else 12, 2) for way in WAYS}
        factors = {("json/raw", "encode", batch): factor for batch in (1, 1000)}
        made = results(number, factors=factors, memory=memory)
        date = f"2026-02-0{number + 1} 10:20:30"
        written(tmp_path, f"{number}.json", made, date=date, git_commit=f"abcde{number}0123456")
    return tmp_path


@pytest.fixture
def page(folder: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """Write the page of these runs."""
    path = folder / "history.html"
    assert run(capsys, "--history", str(folder), "--html", str(path))[0] == 0
    return path


def test_the_page_says_what_changed(page: Path) -> None:
    """The answer first, then a chart for times, allocations and bytes, and the runs by date."""
    text = page.read_text("utf-8")
    answer = text[text.index("<header>") : text.index("</header>")]
    assert re.search(r"Slower than in the first run: json/raw encode \((1\.9|2\.0)\dx\)\.", answer)
    assert "json/raw encode (12 to 15 allocations), json/raw decode (12 to 15" in answer
    assert "Faster" not in answer
    for title in ("json: Time of encode", "protobuf decode: allocations of a call", "json: Bytes"):
        assert f'aria-label="{title}' in text
    assert "json/raw\n2026-02-02 10:20, abcde10: 15 allocations" in text
    assert "json/raw\n2026-02-01 10:20, abcde00: 80,100 bytes" in text
    assert text.index('<td class="t">2026-02-01 10:20</td>') < text.index(
        '<td class="t">2026-02-03 10:20</td>'
    )
    assert "default-src &#39;none&#39;" in text


def test_other_machines_are_left_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Times of another machine are no history of this one: they are counted, not drawn."""
    date = "2026-01-01 00:00:00"
    written(folder, "other.json", results(9, speed=9.0), date=date, cpu="Abacus 4000")
    path = folder / "history.html"
    assert run(capsys, "--history", str(folder), "--html", str(path))[0] == 0
    text = path.read_text("utf-8")
    assert "1 run of other machines: not shown." in text
    assert "2026-01-01" not in text


def test_a_page_is_not_overwritten(page: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --force an existing file stays as it is."""
    page.write_text("mine")
    code, out, err = run(capsys, "--history", str(page.parent), "--html", str(page))
    assert (code, out) == (2, "")
    assert "--force" in err
    assert page.read_text() == "mine"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Start a browser for all tests here."""
    with browser() as started:
        yield started


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scripts", [True, False])
def test_in_a_browser(chromium: Any, page: Path, width: int, scripts: bool) -> None:  # noqa: FBT001
    """It fits, asks for nothing else, and shows encode or decode without a script too."""
    size = {"width": width, "height": 900}
    visit = Visit(chromium, page, viewport=size, java_script_enabled=scripts)
    shown = [visit.page.locator(f".v-{name}").first for name in ("encode", "decode")]
    assert [each.is_visible() for each in shown] == [True, False]
    visit.page.locator('label:has(input[value="v-decode"])').first.click()
    assert [each.is_visible() for each in shown] == [False, True]
    boxes = [each.bounding_box() for each in visit.page.locator(".panel svg:visible").all()]
    assert len(boxes) == 6
    for one in boxes:
        assert one["x"] >= 0
        assert one["x"] + one["width"] <= width
        overlapping = [
            other
            for other in boxes
            if abs(other["x"] - one["x"]) < 5 and one["y"] < other["y"] < one["y"] + one["height"]
        ]
        assert not overlapping
    assert visit.complaints == []
    assert visit.requests == [page.as_uri()]
