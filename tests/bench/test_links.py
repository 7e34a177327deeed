"""What is said and shown of links, from figures of which the answer is known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench import links
from bench.advice.links import advise_links
from bench.measure.transfers import Checked
from bench.payloads.casts import CastError
from tests.support.link_runs import sent, transfer

PLAIN = transfer("protobuf/tensor", "", 800_000, 0.0)
JSON = transfer("json/ndarray", "", 2_000_000, 0.02)
ZSTD = transfer("json/ndarray", "zstd-1", 80_000, 0.02)
GZIP = transfer("json/ndarray", "gzip-6", 160_000, 0.03)
ROUNDED = CastError("float32", 1.19e-7, 5.94e-8, 0, 0)


def said(*ways: object, errors: tuple[CastError, ...] = ()) -> list[str]:
    """Return the sentences."""
    (advice,) = advise_links(sent(ways, errors=errors))  # type: ignore[arg-type]
    return links.answer(advice)


def test_two_sentences_tell_whether_to_compress() -> None:
    """What to send over the slowest link, by how much, and up to which speed it pays."""
    first, second = said(PLAIN, JSON, ZSTD, GZIP)
    assert first == (
        "Over 10 Mb/s compress json/ndarray with zstd-1: 7.62 times as fast as protobuf/tensor not"
        " compressed; with gzip (json/ndarray gzip-6), 4.05 times."
    )
    assert second == (
        "Compression pays up to about 250 Mb/s; over 1 Gb/s and faster do not compress:"
        " protobuf/tensor."
    )


def test_a_line_of_the_answer_names_its_payload() -> None:
    """Of growing batches the largest is meant; a section of one payload needs no name."""
    results = sent([PLAIN, ZSTD], errors=[CastError("float16", 1.0, 1.0, 3, 0)])
    section = results.cases[0].section
    first, second = links.entries(results, section)
    assert (first.label, second.label) == ("compress", "float16")
    assert first.text.startswith("100 rows: Over 10 Mb/s compress json/ndarray with zstd-1: ")
    assert second.text == "100 rows: Do not send float16: 3 values would become infinite."
    assert list(links.entries(results, "another section")) == []


def test_random_numbers_do_not_compress() -> None:
    """The answer says so, and why."""
    packed = transfer("protobuf/tensor", "zstd-1", 767_000, 0.001)
    (only,) = said(PLAIN, packed)
    assert only == (
        "These values hardly compress (to 96 % at best): send protobuf/tensor uncompressed, over"
        " each of these links."
    )
    slow = transfer("protobuf/tensor", "gzip-6", 80_000, 9.0)
    assert said(PLAIN, slow)[0].startswith("Compression takes longer than it saves: send proto")


def test_what_compresses_at_no_cost_always_pays() -> None:
    """There is no speed up to which, then."""
    packed = transfer("protobuf/tensor", "lz4", 8_000, 0.0)
    assert said(PLAIN, packed)[1:] == ["Compression pays over each of these links."]


def test_a_smaller_dtype_comes_with_its_error() -> None:
    """Bytes, seconds and the largest change of a value; or what would be lost."""
    ways = (PLAIN, transfer("protobuf/tftensor", "", 400_000, 0.0, "float32"))
    assert said(*ways, errors=(ROUNDED,))[-1] == (
        "If your model takes float32: protobuf/tftensor, 400 kB instead of 800 kB, is 2.00 times as"
        " fast over 10 Mb/s and 2.00 times as fast over 10 Gb/s; a value changes by at most"
        " 1.2e-07 (relative 5.9e-08)."
    )
    exact = CastError("float32", 0.0, 0.0, 0, 0)
    assert said(*ways, errors=(exact,))[-1].endswith("; no value changes.")
    lost = CastError("float16", 1.0, 1.0, 3, 1)
    assert said(*ways, errors=(lost,))[-1] == (
        "Do not send float16: 3 values would become infinite and 1 value would become 0."
    )


def test_a_smaller_dtype_that_is_slower_is_not_offered() -> None:
    """Text that compresses well may be smaller than the numbers it stands for."""
    ways = (PLAIN, ZSTD, transfer("protobuf/tftensor", "", 400_000, 0.05, "float32"))
    assert said(*ways, errors=(ROUNDED,))[-1] == (
        "float32 by tftensor is not faster over any of these links."
    )
    assert said(PLAIN, errors=(ROUNDED,)) == said(PLAIN)  # without a tftensor nothing is known


def test_tables_show_each_link_and_each_body() -> None:
    """The choice beside what is not compressed; bytes and seconds of every compressor."""
    results = sent([PLAIN, JSON, ZSTD, GZIP])
    (advice,) = advise_links(results)
    table = links.table(results, advice)
    assert table.title == "Over a link: 100 rows"
    assert [(row.label, row.cells) for row in table.rows[::3]] == [
        ("10 Mb/s", ("json/ndarray zstd-1", "84.0 ms", "protobuf/tensor", "640 ms", "7.62x")),
        ("10 Gb/s", ("protobuf/tensor", "640 µs", "protobuf/tensor", "640 µs", "1.00x")),
    ]
    sizes, times = links.bodies(results, advice)
    assert sizes.columns == ("as it is", "zstd-1", "gzip-6")
    assert [(row.label, row.cells) for row in sizes.rows] == [
        ("protobuf/tensor", ("800 kB", "-", "-")),
        ("json/ndarray", ("2.00 MB", "80.0 kB", "160 kB")),
    ]
    assert times.rows[1].cells == ("10.0 ms", "15.0 ms")


@pytest.mark.parametrize(("speed", "text"), [(2.512e9, "2.5 Gb/s"), (1.096e8, "110 Mb/s")])
def test_speeds_have_two_digits(speed: float, text: str) -> None:
    """More are not known."""
    assert links.bits(speed) == text


def test_agreement_is_counted() -> None:
    """Within 10 % of what was predicted, or not; nothing where nothing was checked."""
    results = sent([PLAIN])
    assert links.agreement(results) == ""
    assert not links.checks(results).rows
    assert results.links is not None
    checked = (Checked(0, "10 Mb/s", 0.64, 0.65, 0.7), Checked(0, "1 Gb/s", 0.01, 0.0125, 0.02))
    brief = replace(results.links, checked=(Checked(0, "1 Gb/s", 1e-3, 1.25e-3, 2e-3),))
    assert links.agreement(replace(results, links=brief)).endswith(
        "0 of 1 agree within 10 %; the largest difference is 25 %, 250 µs. Caches are cold after a"
        " wait for the wire: that is no part of the sums."
    )
    results = replace(results, links=replace(results.links, checked=checked))
    assert links.agreement(results) == (
        "ratio: measured to predicted; 1 if it is from the fastest to the median. 1 of 2 agree"
        " within 10 %; the largest difference is 25 %, 2.50 ms. Close other programs, or give it"
        " more --seconds."
    )
    assert [row.cells for row in links.checks(results).rows] == [
        ("protobuf/tensor, 800 kB", "640 ms", "650 ms", "700 ms", "1.02x"),
        ("protobuf/tensor, 800 kB", "10.0 ms", "12.5 ms", "20.0 ms", "1.25x"),
    ]
