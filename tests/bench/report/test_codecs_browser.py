"""The page of a run, in a real browser: switches, sorting, values, and what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bench.measure.runfile import Run
from bench.report.codecs import page_of
from bench.report.page import render
from tests.support.report_browser import Visit, browser
from tests.support.report_runs import METADATA, WAYS, other, run, series

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def started() -> Iterator[Any]:
    """One browser for all of these tests."""
    with browser() as found:
        yield found


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a run with a section that grows, and payloads beside it."""
    cases = [*series((1, 10, 100, 1_000)), other("int"), other("image")]
    results = run(cases, (*WAYS, "protobuf/ndarray", "msgpack/raw"), refused=[(4, WAYS[2], "no")])
    found = tmp_path_factory.mktemp("page") / "run.html"
    found.write_text(render(page_of(Run("run.json", results, METADATA))), "utf-8")
    return found


@pytest.fixture
def visit(started: Any, path: Path) -> Iterator[Visit]:
    """Open the page; at the end it has complained of nothing, and asked for nothing else."""
    found = Visit(started, path)
    yield found
    assert found.complaints == []
    assert found.requests == [path.as_uri()]
    found.context.close()


def shown(page: Any, selector: str) -> int:
    """Return how many of these can be seen."""
    return int(page.locator(selector).locator("visible=true").count())


@pytest.mark.parametrize("script", [True, False])
def test_switches_show_and_hide(started: Any, path: Path, *, script: bool) -> None:
    """One view at a time, and only the containers that are checked: with and without a script."""
    page = Visit(started, path, java_script_enabled=script).page
    figure = page.locator("figure").first
    assert figure.locator(".v-both").locator("visible=true").count() == 3
    assert figure.locator(".v-encode").locator("visible=true").count() == 0
    figure.get_by_label("encode", exact=True).check()
    assert figure.locator(".v-both").locator("visible=true").count() == 0
    assert figure.locator(".v-encode").locator("visible=true").count() == 3
    figure.get_by_label("protobuf", exact=True).uncheck()
    assert figure.locator(".c-protobuf").locator("visible=true").count() == 0
    assert figure.locator(".v-encode").locator("visible=true").count() == 2
    assert figure.locator("g.baselines path").locator("visible=true").count() > 0
    figure.get_by_label("without tensorwire", exact=True).uncheck()
    assert figure.locator("g.baselines").locator("visible=true").count() == 0
    # The other figure has switches of its own.
    assert page.locator("figure").nth(1).locator(".v-both").locator("visible=true").count() == 2
    page.context.close()


def test_switches_answer_to_keys(visit: Visit) -> None:
    """Arrow keys choose a view, the space bar a container; the focus can be seen."""
    visit.page.locator("input[type=radio]").first.focus()
    visit.page.keyboard.press("ArrowRight")
    assert visit.page.locator("input[value=v-encode]").first.is_checked()
    outline = "e => getComputedStyle(e.nextElementSibling).outlineStyle"
    assert visit.page.locator("input[value=v-encode]").first.evaluate(outline) == "solid"
    visit.page.locator("input[value=c-json]").first.focus()
    visit.page.keyboard.press("Space")
    assert shown(visit.page, "figure .c-json") == 0


def test_a_table_sorts_by_what_figures_mean(visit: Visit) -> None:
    """Nanoseconds before milliseconds, up and then down, and aria-sort says which."""
    page = visit.page
    head = page.locator("thead th").nth(2)
    assert head.get_attribute("aria-sort") is None
    scales = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3, "s": 1.0}

    def column() -> list[float]:
        texts = page.locator("tbody tr td:nth-of-type(2)").all_text_contents()
        return [float(text.split()[0]) * scales[text.split()[1]] for text in texts]

    before = column()
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "ascending"
    assert column() == sorted(before) != before
    head.get_by_role("button").press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert column() == sorted(before, reverse=True)
    page.locator("thead th").nth(1).get_by_role("button").click()
    assert head.get_attribute("aria-sort") is None
    names = page.locator("tbody tr td:nth-of-type(1)").all_text_contents()
    assert names == sorted(names)


def test_rows_can_be_found(visit: Visit) -> None:
    """What is typed leaves the rows that have all of its words."""
    visit.page.get_by_label("Show rows with").fill("100 tftensor")
    rows = visit.page.locator("tbody tr").locator("visible=true").all_text_contents()
    assert len(rows) == 1
    assert rows[0].startswith("100 rows")
    visit.page.get_by_label("Show rows with").fill("")
    assert shown(visit.page, "tbody tr") > 30


FIRST = "figure svg[role] >> nth=0"
"""The chart of json, there and back."""


def test_the_pointer_finds_a_value(visit: Visit) -> None:
    """Near a mark its name and value are shown, inside the window; far from all nothing is."""
    page = visit.page
    mark = page.locator(FIRST).locator(".symbol.codecs path").first
    mark.scroll_into_view_if_needed()
    place = mark.bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + 5, place["y"] + 5)
    tip = page.locator(".tip")
    assert tip.is_visible()
    assert tip.locator("b").text_content() == "json/ndarray"
    assert "1 row: 5.00 µs, 10.0x memcpy" in (tip.text_content() or "")
    box = tip.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    line = page.locator(FIRST).locator(".line.codecs path").first
    assert line.evaluate("e => getComputedStyle(e).strokeWidth") == "3px"
    page.mouse.move(2, 2)
    assert not tip.is_visible()
    assert line.evaluate("e => getComputedStyle(e).strokeWidth") == "1.8px"


def test_keys_find_every_value(visit: Visit) -> None:
    """A chart takes the focus, can be seen to have it, and arrow keys go to each of its marks."""
    page = visit.page
    chart = page.locator(FIRST)
    page.locator("input[value=baselines]").first.focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        if chart.evaluate("e => e === document.activeElement"):
            break
    assert chart.evaluate("e => e === document.activeElement")
    assert chart.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    tip = page.locator(".tip")
    names = [tip.locator("b").text_content()]
    for _ in range(4):
        page.keyboard.press("ArrowDown")
        names.append(tip.locator("b").text_content())
    # From the slowest to the quickest.
    assert names == [
        "json/ndarray through Python objects",
        "json/ndarray by orjson alone",
        "json/ndarray",
        "one memcpy",
        "json/tftensor",
    ]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert "1,000 rows: " in (tip.text_content() or "")
    page.keyboard.press("ArrowLeft")
    assert "100 rows: " in (tip.text_content() or "")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert "1 row: " in (tip.text_content() or "")
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    mark = chart.locator(".symbol.codecs path").first
    assert (mark.get_attribute("aria-label") or "").startswith("json/ndarray, 1 row: 5.00 µs")


def test_without_a_script_values_are_told_too(started: Any, path: Path) -> None:
    """A mark has a title, which a browser shows; the table is whole; no box is useless."""
    page = Visit(started, path, java_script_enabled=False).page
    title = page.locator(FIRST).locator(".symbol.codecs title").first
    assert "1 row: 5.00 µs" in (title.text_content() or "")
    assert shown(page, "tbody tr") > 30
    assert page.locator(".find").count() == 0
    page.context.close()


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_a_page_is_never_wider_than_its_window(started: Any, path: Path, width: int) -> None:
    """From the smallest phone on, only what scrolls by itself is wider; names stay in sight."""
    found = Visit(started, path, viewport={"width": width, "height": 740})
    assert found.overflow() <= 0
    rights = found.page.locator("figure text").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).filter(r => r.width).map(r => r.right)"
    )
    assert max(rights) <= width
    found.context.close()


def test_names_of_lines_do_not_cover_one_another(visit: Visit) -> None:
    """In each panel, whatever is written at the ends of lines stands free."""
    named = ".codecs text, .baselines text, .limit text"
    script = """all => all.map(e => [...e.querySelectorAll('NAMED')]
        .map(t => t.getBoundingClientRect()).filter(r => r.width)
        .map(r => [r.left, r.right, r.top + r.height * .15, r.bottom - r.height * .15]))"""
    for names in visit.page.locator("svg").evaluate_all(script.replace("NAMED", named)):
        for place, (left, right, top, bottom) in enumerate(names):
            for other_left, other_right, other_top, other_bottom in names[:place]:
                apart = right <= other_left or other_right <= left
                assert apart or bottom <= other_top or other_bottom <= top


def test_dark_and_print_have_their_own_colours(started: Any, path: Path) -> None:
    """Dark where that is preferred, but never on paper."""
    found = Visit(started, path, color_scheme="dark")
    colour = "getComputedStyle(document.body).backgroundColor"
    assert found.page.evaluate(colour) == "rgb(20, 24, 29)"
    found.page.emulate_media(media="print", color_scheme="dark")
    assert found.page.evaluate(colour) == "rgb(255, 255, 255)"
    # The table is whole on paper, and switches that are off are not on it.
    assert (
        found.page.locator(".scroll").first.evaluate("e => getComputedStyle(e).maxHeight") == "none"
    )
    assert found.page.get_by_text("decode", exact=True).first.is_hidden()
    assert len(found.page.pdf(format="A4")) > 10_000
    found.context.close()


def test_what_is_not_ours_cannot_run(started: Any, path: Path, tmp_path: Path) -> None:
    """The policy holds: a script, a style or a picture that got in would do nothing."""
    evil = (
        "<script>document.title='owned'</script><img src=http://127.0.0.1:9/x.png"
        " onerror=\"document.title='owned'\"><style>body{color:red}</style>"
    )
    page = tmp_path / "evil.html"
    page.write_text(path.read_text("utf-8").replace("<main>", f"<main>{evil}"), "utf-8")
    found = Visit(started, page)
    assert found.page.title() == "Which format for this payload?"
    assert found.page.evaluate("getComputedStyle(document.body).color") != "rgb(255, 0, 0)"
    assert len(found.complaints) >= 3
    found.context.close()
