"""The page for serving runs in Chromium: it says its values, sorts, switches, and fits."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

if any(find_spec(name) is None for name in ("grpc", "uvicorn", "flask", "pyperf")):
    pytest.skip("needs tensorwire[server,load,bench]", allow_module_level=True)

from bench.report.page import render
from bench.report.serving import build
from tests.support import serving_runs as made
from tests.support.report_browser import Visit, browser

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.slow]
UNITS = {"ns": 1e-9, "µs": 1e-6, "ms": 1e-3}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """Start a browser for all tests here."""
    with browser() as started:
        yield started


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the page of all modes."""
    folder = tmp_path_factory.mktemp("page")
    file = folder / "page.html"
    file.write_text(render(build(made.write_all(folder))), "utf-8")
    return file


@pytest.mark.parametrize("width", [360, 1240])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_error_and_nothing_too_wide(chromium: Any, page: Path, scheme: str, width: int) -> None:
    """No complaint, no request but for the page itself, and no sideways scrolling."""
    visit = Visit(chromium, page, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert visit.overflow() <= 0
    assert visit.complaints == []
    assert visit.requests == [page.as_uri()]


def test_a_long_part_answers_anywhere_in_it(chromium: Any, page: Path) -> None:
    """The pointer near the end of a part of a bar; and the first drawing by the keyboard."""
    tab = Visit(chromium, page).page
    part = tab.locator(".rect.bar path").nth(1)
    part.scroll_into_view_if_needed()
    box = part.bounding_box()
    tab.mouse.move(box["x"] + 4, box["y"] + box["height"] / 2)
    tip = tab.locator(".tip")
    assert tip.inner_text().startswith("ndarray, tensorwire: ")
    assert "transport: 45 %" in tip.inner_text()
    tab.locator("h1").click()
    tab.keyboard.press("Tab")
    assert "usual way: " in tip.inner_text()
    tab.keyboard.press("ArrowLeft")
    assert "tensorwire: " in tip.inner_text()


def test_times_are_sorted_whatever_their_unit(chromium: Any, page: Path) -> None:
    """From microseconds to milliseconds, and back with a second click."""
    matrix = Visit(chromium, page).page.locator("table").first
    heading = matrix.locator("th button", has_text="usual p50")
    for reverse in (False, True):
        heading.click()
        texts = matrix.locator("tbody tr td:nth-child(5)").all_inner_texts()
        found = [re.fullmatch(r"([\d.]+) (ns|µs|ms)", text) for text in texts]
        times = [float(each[1]) * UNITS[each[2]] for each in found if each]
        assert len(times) == 32
        assert times == sorted(times, reverse=reverse)
        assert len({each[2] for each in found if each}) == 2


def test_what_is_added_is_sorted_by_its_sign(chromium: Any, page: Path) -> None:
    """What is less stands before what is more."""
    hops = Visit(chromium, page).page.locator("table").last
    hops.locator("th button", has_text="bytes").click()
    hops.locator("th button", has_text="nginx adds").click()
    texts = hops.locator("tbody tr td:nth-child(5)").all_inner_texts()
    added = [float(text.split()[0]) for text in texts]
    assert added == sorted(added)
    assert texts[0] == "-0.10 ms (-10 %)"
    assert texts[-1] == "+10.00 ms (+100 %)"


def test_the_switch_works_without_a_script(chromium: Any, page: Path) -> None:
    """Requests/s first; the latency is shown when it is chosen."""
    tab = Visit(chromium, page, java_script_enabled=False).page
    rates, times = (tab.locator(f".v-{each}").first for each in ("requests", "latency"))
    assert (rates.is_visible(), times.is_visible()) == (True, False)
    tab.get_by_label("latency (p50)").check()
    assert (rates.is_visible(), times.is_visible()) == (False, True)


def test_print_has_no_controls(chromium: Any, page: Path) -> None:
    """On paper: no field to search in, all rows of each table, one of the two views."""
    tab = Visit(chromium, page).page
    assert tab.locator(".find").first.is_visible()
    tab.emulate_media(media="print")
    assert not tab.locator(".find").first.is_visible()
    whole = tab.locator(".scroll").first.evaluate("each => each.scrollHeight - each.clientHeight")
    assert whole <= 1
