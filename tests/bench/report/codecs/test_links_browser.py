"""Compression and links on a page, in a real browser: wide and narrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.measure.runfile import Run
from bench.report.codecs import page_of
from bench.report.page import render
from tests.support.link_runs import sent, transfer
from tests.support.report_browser import Visit, browser
from tests.support.report_runs import METADATA

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.mark.parametrize("width", [1280, 390])
def test_the_section_fits_the_window(width: int, tmp_path: Path) -> None:
    """Nothing is wider than the window, every label is within its chart, nothing complains."""
    ways = [
        transfer(codec, compressor, 800_000 // (1 + 9 * bool(compressor)), 0.01)
        for codec in ("json/ndarray", "protobuf/tftensor")
        for compressor in ("", "zstd-1", "lz4", "gzip-isal")
    ]
    path = tmp_path / "run.html"
    path.write_text(render(page_of(Run("run.json", sent(ways), METADATA))), "utf-8")
    with browser() as started:
        visit = Visit(started, path, viewport={"width": width, "height": 900})
        assert visit.overflow() == 0
        section = visit.page.locator("section", has_text="Compression and links")
        chart = section.locator(".panels svg").first.bounding_box()
        labels = section.locator(".panels svg text").all()
        assert {"as it is", "zstd", "lz4", "gzip"} <= {each.text_content() for each in labels}
        for each in labels:
            box = each.bounding_box()
            assert box["x"] + box["width"] <= chart["x"] + chart["width"] + 1
        assert visit.complaints == []
        visit.context.close()
