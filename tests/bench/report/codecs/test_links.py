"""The part of a page on compression and links, from figures that are known."""

from __future__ import annotations

from dataclasses import replace

from bench.advice.links import advise_links
from bench.measure.transfers import Checked
from bench.report.codecs.links import chart, sections
from bench.report.page import Page, render
from tests.support.link_runs import sent, transfer
from tests.support.report_runs import run, series

WAYS = (
    transfer("protobuf/tensor", "", 800_000, 0.0),
    transfer("json/ndarray", "", 2_000_000, 0.02),
    transfer("json/ndarray", "zstd-1", 80_000, 0.02),
    transfer("json/ndarray", "gzip-6", 160_000, 0.03),
)


def test_nothing_was_asked_for_nothing_is_shown() -> None:
    """A run without links has no such section."""
    assert list(sections(run(series()))) == []


def test_a_page_has_the_answer_the_lines_and_every_figure() -> None:
    """Sentences and a chart; where the seconds go over each link; each body; what was checked."""
    results = sent(WAYS)
    assert results.links is not None
    checked = replace(results.links, checked=(Checked(2, "10 Mb/s", 0.084, 0.0882, 0.1),))
    found = list(sections(replace(results, links=checked)))
    first, bodies, sent_for_real = found
    (panel,) = first.panels
    assert panel.items[0].startswith("Over 10 Mb/s compress json/ndarray with zstd-1: 7.62 times")
    assert first.table is not None
    row = dict(zip((each.title for each in first.table.columns), first.table.rows[0], strict=True))
    assert (row["fastest"], row["wire"], row["total"]) == (WAYS[2].name, "64.0 ms", "84.0 ms")
    assert (row["compress"], row["its total"], row["ratio"]) == ("5.00 ms", "640 ms", "7.62x")
    assert bodies.table is not None
    assert [line[4:6] for line in bodies.table.rows] == [
        *(["800 kB", "1.00x"], ["2.00 MB", "1.00x"], ["80.0 kB", "25.0x"], ["160 kB", "12.5x"])
    ]
    assert sent_for_real.table is not None
    assert sent_for_real.table.rows[0][-4:] == ["84.0 ms", "88.2 ms", "100 ms", "1.05x"]
    assert "<h2>Compression and links</h2>" in render(Page("t", [], [], [], [], found))


def test_a_line_is_the_best_of_its_way() -> None:
    """At 10 Mb/s: 640 ms as it is, 84 with zstd, 158 with gzip; readers get the codec, too."""
    results = sent(WAYS)
    drawn = chart(results, advise_links(results)[0]).svg()
    for text in ("10 Mb/s: 640 ms, protobuf/tensor", "10 Mb/s: 84.0 ms, json/ndarray zstd-1"):
        assert text in drawn
    assert "10 Mb/s: 158 ms, json/ndarray gzip-6" in drawn
