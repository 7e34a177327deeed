"""The advice, on numbers made up to have one right answer."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from bench.advice.advice import Alternative, recommend, transport_shares
from bench.advice.scores import Scores
from bench.measure import transport

COLUMNS = ("1", "10", "100")
NDARRAY, TENSOR, TFTENSOR = "json/ndarray", "json/tensor", "json/tftensor"
RAW = "json/raw"


def scores(times: dict[str, tuple[float, float, float]]) -> Scores:
    """Make scores of seconds by codec and column; three processes agree, bodies are equal."""
    seconds = {
        (column, name): each
        for name, row in times.items()
        for column, each in zip(COLUMNS, row, strict=True)
    }
    processes = {cell: [each] * 3 for cell, each in seconds.items()}
    return Scores(COLUMNS, tuple(times), seconds, processes, dict.fromkeys(seconds, 100))


def alone(*processes: tuple[float, ...]) -> Scores:
    """Make scores of one payload, from what each process measured of each codec."""
    names = (NDARRAY, TENSOR, TFTENSOR)[: len(processes)]
    found = {("1", name): each for name, each in zip(names, processes, strict=True)}
    seconds = {cell: sorted(each)[len(each) // 2] for cell, each in found.items()}
    return Scores(("1",), names, seconds, found, dict.fromkeys(seconds, 100))


def test_best_is_the_quickest() -> None:
    """Without a tie there is one answer per column."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (2e-6, 2.5e-6, 3e-6)})
    assert made.best("1", made.codecs) == [NDARRAY]
    assert made.best("100", made.codecs) == [TFTENSOR]


def test_less_than_ten_per_cent_is_a_tie() -> None:
    """Both are named, and the smaller body first."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (1.09e-6, 2.5e-6, 3e-6)})
    made.sizes["1", TFTENSOR] = 50  # type: ignore[index]
    assert made.best("1", made.codecs) == [TFTENSOR, NDARRAY]


def test_a_codec_without_a_measurement_is_no_answer() -> None:
    """What cannot carry the payload is left out, in a column or everywhere."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (2e-6, 3e-6, 4e-6)})
    del made.seconds["1", NDARRAY]  # type: ignore[attr-defined]
    assert made.best("1", made.codecs) == [TFTENSOR]
    assert made.best("1", ["json/other"]) == []


def test_three_processes_of_four_must_agree() -> None:
    """A third of them is no reason, unless the others found it twice as fast."""
    assert alone((1.0,) * 4, (1.5, 1.5, 1.5, 0.9)).best("1", (NDARRAY, TENSOR)) == [NDARRAY]
    assert alone((1.0,) * 4, (1.5, 1.5, 0.9, 0.9)).best("1", (NDARRAY, TENSOR)) == [
        NDARRAY,
        TENSOR,
    ]
    assert alone((1.0,) * 3, (2.5, 2.5, 0.9)).best("1", (NDARRAY, TENSOR)) == [NDARRAY]


def test_processes_are_compared_one_by_one() -> None:
    """A process in which all takes three times as long decides nothing."""
    made = alone((1.0, 3.0, 1.1), (1.3, 3.9, 1.4))
    assert made.best("1", made.codecs) == [NDARRAY]
    assert made.ratios("1", TENSOR, NDARRAY) == pytest.approx([1.3, 1.3, 1.4 / 1.1])


def test_none_that_is_named_is_slower_than_another() -> None:
    """What is quicker by its median than one that is as good as the best is named as well."""
    unsure, between = (1.3, 1.3, 0.9, 0.9, 1.3), (1.2,) * 5
    made = alone((1.0,) * 5, unsure, between)
    assert made.is_slower("1", TFTENSOR, NDARRAY)
    assert not made.is_slower("1", TENSOR, NDARRAY)
    assert set(made.best("1", made.codecs)) == {NDARRAY, TENSOR, TFTENSOR}


def test_a_choice_is_kept_while_nothing_is_quicker() -> None:
    """One range per change; the figures are of its far end, against the next that is slower."""
    made = scores(
        {NDARRAY: (1e-6, 3e-6, 9e-6), TENSOR: (1.5e-6, 4e-6, 8e-6), TFTENSOR: (2e-6, 2e-6, 2e-6)}
    )
    small, large = recommend(made, made.codecs)
    assert (small.codec, small.columns, small.at) == (NDARRAY, ("1",), "1")
    assert small.next == Alternative(TENSOR, 1.5e-6 / 1e-6, 1.0, sure=True)
    assert (large.codec, large.columns, large.at) == (TFTENSOR, ("10", "100"), "100")
    assert large.next == Alternative(TENSOR, 8e-6 / 2e-6, 1.0, sure=True)
    assert (large.level_with, large.objects) == ((), None)


def test_a_choice_does_not_change_for_what_is_level() -> None:
    """Quicker by less than 10 % here and there: one choice for all, the other is as good."""
    made = scores({NDARRAY: (1e-6, 2.1e-6, 3e-6), TENSOR: (1.08e-6, 2e-6, 3.2e-6)})
    made.sizes["100", TENSOR] = 90  # type: ignore[index]
    (choice,) = recommend(made, made.codecs)
    assert (choice.codec, choice.level_with, choice.next) == (TENSOR, (NDARRAY,), None)
    assert choice.columns == COLUMNS


def test_payloads_that_are_no_series_are_grouped() -> None:
    """Those with the same best codecs share a choice, wherever they stand."""
    made = scores({NDARRAY: (1e-6, 3e-6, 2e-6), TFTENSOR: (2e-6, 2e-6, 4e-6)})
    found = recommend(replace(made, series=False), made.codecs)
    assert [(each.codec, each.columns) for each in found] == [
        (NDARRAY, ("1", "100")),
        (TFTENSOR, ("10",)),
    ]
    assert len(recommend(made, made.codecs)) == 3


@pytest.mark.parametrize(
    ("processes", "time", "sure"),
    [
        ((1.5, 1.6, 1.6, 1.7), 1.6, True),
        ((1.5, 1.6, 1.6, 5.0), 1.6, False),
        ((1.5, 1.6, 4.0, 5.0), None, False),  # 2.8 times by the ratios, 4 times by the table
        ((1.5, 1.5), None, True),  # two cannot say which of them is wrong
    ],
)
def test_a_factor_is_known_or_not(
    processes: tuple[float, ...], time: float | None, *, sure: bool
) -> None:
    """It is the median of the ratios; where the table has another one, there is none."""
    made = alone((1.0,) * len(processes), processes)
    found = recommend(made, (NDARRAY, TENSOR))[0].next
    assert found == Alternative(TENSOR, time, 1.0, sure=sure)


def test_of_level_codecs_the_one_that_keeps_the_dtype_is_first() -> None:
    """A smaller body is no reason to get another dtype back."""
    made = scores({TENSOR: (1e-6, 1e-6, 1e-6), TFTENSOR: (1e-6, 1e-6, 1e-6)})
    made.sizes["1", TENSOR] = 50  # type: ignore[index]
    assert made.best("1", made.codecs) == [TENSOR, TFTENSOR]
    made = replace(made, casts=frozenset({("1", TENSOR)}))
    assert made.best("1", made.codecs) == [TFTENSOR, TENSOR]


def test_whether_it_counts_is_weighed_against_a_request() -> None:
    """10 % of a plain request and the codec in it: below any will do."""
    made = scores({NDARRAY: (9e-6, 50e-6, 1e-3), TFTENSOR: (1e-6, 2e-6, 3e-6)})
    one, ten, hundred = transport_shares(
        made, recommend(made, made.codecs), {64: 99e-6, 164: 99e-6}
    )
    assert (one.codec, one.request) == (TFTENSOR, 99e-6)
    assert one.share == pytest.approx(1 / 99)
    assert (one.slow, one.will_do) == ((), (NDARRAY, TFTENSOR))
    assert (ten.slow, ten.will_do) == ((NDARRAY,), (TFTENSOR,))
    assert hundred.worst == NDARRAY
    assert [hundred.total, hundred.worst_total] == pytest.approx([102e-6, 1099e-6])


def test_without_a_request_nothing_is_said_of_it() -> None:
    """A file of before has none."""
    made = scores({NDARRAY: (9e-6, 50e-6, 1e-3)})
    first, *_ = transport_shares(made, recommend(made, made.codecs), {})
    assert (first.request, first.share, first.total, first.worst_total) == (None,) * 4
    assert (first.will_do, first.slow) == ((), ())


def test_requests_between_two_sizes() -> None:
    """Linear between the bodies that were sent, in proportion above, the least below."""
    trips = {100: 1.0, 300: 3.0, 1000: 4.0}
    asked = (1, 100, 200, 300, 650, 1000, 2000)
    assert [transport.seconds_of(trips, size) for size in asked] == [1, 1, 2, 3, 3.5, 4, 8]
    assert transport.seconds_of({}, 5) is None


def test_requests_are_really_sent() -> None:
    """Each size gets a time, and the connection is gone afterwards."""
    before = threading.active_count()
    found = transport.measure(100, 0.1)
    assert list(found) == [64, 256, 1024, 4096]
    assert min(found.values()) > 0
    assert threading.active_count() == before


def test_where_nobody_may_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine that forbids sockets costs the run one sentence, not its life."""

    def forbidden(*_: object) -> None:
        raise PermissionError(13, "forbidden")

    monkeypatch.setattr(transport, "_Server", forbidden)
    assert transport.measure(100, 0.1) == {}
