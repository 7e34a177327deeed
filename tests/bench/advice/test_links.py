"""The choice over links of known speed, from bytes and seconds of which the answer is known."""

from __future__ import annotations

import random

import pytest

from bench.advice.links import LOOPBACK, SPEEDS, advise_links, over
from bench.payloads.casts import CastError
from tests.support.link_runs import sent, transfer

PLAIN = transfer("protobuf/tensor", "", 800_000, 0.0)
"""Takes 640 ms over 10 Mb/s, and a tenth of it over each next link."""
RUNS = 1_000


def test_the_sum_is_arithmetic() -> None:
    """All that is done at both ends, and the bits at the speed of the link."""
    found = over(transfer("json/tensor", "lz4", 1_250_000, 0.5), 10e6, {})
    assert (found.wire, found.seconds) == pytest.approx((1.0, 1.5))


def test_no_link_is_quicker_than_loopback() -> None:
    """Over a fast link a body takes no less than what its bytes took over 127.0.0.1."""
    trips = {64: 1e-4, 1_000_000: 2.1e-3}
    one = transfer("json/tensor", "", 1_000_000, 0.0)
    assert over(one, None, trips).wire == pytest.approx(2.1e-3)
    assert over(one, 10e9, trips).wire == pytest.approx(2e-3)
    assert over(one, 1e9, trips).wire == pytest.approx(8e-3)


def test_compression_pays_up_to_the_speed_where_it_does() -> None:
    """720,000 bytes less for 20 ms more: even at 288 Mb/s, and 10 % better below some 250."""
    (advice,) = advise_links(sent([PLAIN, transfer("protobuf/tensor", "zstd-1", 80_000, 0.02)]))
    names = [each.choice.transfer.name for each in advice.choices]
    assert names == ["protobuf/tensor zstd-1"] * 2 + ["protobuf/tensor"] * 2
    assert [each.factor for each in advice.choices] == pytest.approx(
        [0.64 / 0.084, 0.064 / 0.0264, 1, 1]
    )
    assert advice.pays_up_to is not None
    # 0.02 s + 640,000 bits / speed = 6,400,000 bits / speed / 1.1
    even = (6.4e6 / 1.1 - 640_000) / 0.02
    assert even / 1.05 <= advice.pays_up_to <= even


@pytest.mark.parametrize("size", [800_000, 790_000, 730_000])
def test_less_than_a_tenth_is_no_reason(size: int) -> None:
    """Random numbers hardly compress: however little time it takes, the answer is not to."""
    (advice,) = advise_links(sent([PLAIN, transfer("protobuf/tensor", "zstd-1", size, 0.0)]))
    assert {each.choice.transfer.compressor for each in advice.choices} == {""}
    assert advice.pays_up_to is None
    assert advice.smallest.bytes == size


def test_noise_counts_for_what_was_measured_only() -> None:
    """Seconds of the wire are arithmetic: over a slow link even a noisy run has an answer."""
    packed = transfer("protobuf/tensor", "zstd-1", 80_000, 2e-3)
    (advice,) = advise_links(sent([PLAIN, packed], noise=2.0))
    chosen = [each.choice.transfer.compressor for each in advice.choices]
    assert chosen == ["zstd-1", "zstd-1", "", ""]  # 1 Gb/s: 2.6 ms and 6.4 ms, give or take 4 ms


def test_raw_is_no_answer() -> None:
    """What has neither shape nor dtype is not chosen, though it is the quickest."""
    raw = transfer("protobuf/raw", "", 10, 0.0)
    (advice,) = advise_links(sent([raw, PLAIN]))
    assert {each.plain.transfer.codec for each in advice.choices} == {"protobuf/tensor"}
    assert advise_links(sent([raw])) == []


def test_gzip_is_named_where_another_is_chosen() -> None:
    """Fewer servers read zstd: the best by gzip is there as long as it pays, too."""
    zstd = transfer("protobuf/tensor", "zstd-1", 80_000, 0.001)
    gzip = transfer("protobuf/tensor", "gzip-6", 90_000, 0.03)
    (advice,) = advise_links(sent([PLAIN, zstd, gzip]))
    named = [each.gzip.transfer.compressor if each.gzip else None for each in advice.choices]
    assert named == ["gzip-6", "gzip-6", None, None]
    (advice,) = advise_links(sent([PLAIN, gzip]))
    assert [each.gzip for each in advice.choices] == [None] * 4


def test_equals_are_all_named_and_the_same_one_is_first() -> None:
    """What is quicker by 1 % over one link and slower over another does not change the choice."""
    first = transfer("msgpack/tensor", "", 800_000, 3e-5)
    second = transfer("protobuf/tensor", "", 800_100, 2e-5)
    (advice,) = advise_links(sent([first, second], noise=2.0))
    assert len({each.choice.transfer.name for each in advice.choices}) == 1
    assert all(len(each.level_with) == 1 for each in advice.choices)


def test_loopback_is_there_where_requests_were_measured() -> None:
    """Without a request of this run there is nothing to tell of it."""
    links = [each.link for each in advise_links(sent([PLAIN]))[0].choices]
    assert links == list(SPEEDS)
    found = advise_links(sent([PLAIN], trips={64: 1e-4, 1_000_000: 1e-3}))
    assert [each.link for each in found[0].choices] == [*SPEEDS, LOOPBACK]


def test_a_smaller_dtype_is_compressed_only_where_that_pays() -> None:
    """Half the bytes; no choice at all where values would be lost."""
    rounded, lost = CastError("float32", 1e-7, 1e-8, 0, 0), CastError("float16", 1.0, 1.0, 3, 0)
    ways = [
        PLAIN,
        transfer("protobuf/tftensor", "", 400_000, 0.0, "float32"),
        transfer("protobuf/tftensor", "zstd-1", 200_000, 0.02, "float32"),
        transfer("protobuf/tftensor", "lz4", 390_000, 0.0, "float32"),  # quicker, by too little
    ]
    (advice,) = advise_links(sent(ways, errors=[rounded, lost]))
    best, none = advice.smaller
    assert [each.transfer.compressor for each in best.choices.values()] == ["zstd-1", "", "", ""]
    assert (none.error.lost, none.choices) == (True, {})
    assert {each.choice.transfer.dtype for each in advice.choices} == {"float64"}


def test_what_was_planted_is_found() -> None:
    """Of random ways, the one that is quickest by 15 % is chosen; no choice is beaten by more."""
    order = random.Random(12)  # noqa: S311 - a test's
    for _ in range(RUNS):
        ways = [
            transfer(
                f"json/{kind}",
                compressor,
                int(800_000 * (10 ** order.uniform(-2, 0) if compressor else 1)),
                10 ** order.uniform(-5, -1),
            )
            for kind in ("ndarray", "tensor")
            for compressor in ("", "zstd-1", "lz4", "gzip-6")
        ]
        (advice,) = advise_links(sent(ways, noise=0.01))
        for each, bits in zip(advice.choices, SPEEDS.values(), strict=True):
            totals = {way.name: way.seconds + way.bytes * 8 / bits for way in ways}
            best, second = sorted(totals, key=lambda name: totals[name])[:2]
            chosen = each.choice.transfer.name
            assert totals[chosen] <= 1.1 * 1.1 * totals[best]
            if totals[second] > 1.15 * totals[best]:
                assert chosen == best


def test_a_choice_that_is_not_compressed_is_its_own_comparison() -> None:
    """Of two bodies of equal size, which differ by microseconds, one is named, not both."""
    (advice,) = advise_links(sent([PLAIN, transfer("msgpack/tensor", "", 800_000, 1e-6)]))
    assert [each.plain for each in advice.choices] == [each.choice for each in advice.choices]
    (advice,) = advise_links(sent([PLAIN, transfer("msgpack/tensor", "", 799_999, 1e-6)]))
    assert [each.plain for each in advice.choices] == [each.choice for each in advice.choices]
