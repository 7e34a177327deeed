"""The advice, on numbers made up to have one right answer."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from bench.advice.advice import Alternative, Crossover, crossovers, recommend, transport_shares
from bench.advice.scores import Scores
from bench.advice.wording import crossing_lines
from bench.measure import transport
from bench.protocols.show import overall
from bench.tables import answer

COLUMNS = ("1", "10", "100")
NDARRAY, TENSOR, TFTENSOR = "json/ndarray", "json/tensor", "json/tftensor"
RAW = "json/raw"


def scores(times: dict[str, tuple[float, float, float]], noise: float = 0.05) -> Scores:
    """Make scores of seconds by codec and column; bodies are equal."""
    seconds = {
        (column, name): each
        for name, row in times.items()
        for column, each in zip(COLUMNS, row, strict=True)
    }
    sizes = dict.fromkeys(seconds, 100)
    return Scores(COLUMNS, tuple(times), seconds, dict.fromkeys(COLUMNS, noise), sizes)


def test_best_is_the_quickest() -> None:
    """Without a tie there is one answer per column."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (2e-6, 2.5e-6, 3e-6)})
    assert made.best("1", made.codecs) == [NDARRAY]
    assert made.best("100", made.codecs) == [TFTENSOR]


def test_what_lies_inside_the_noise_is_a_tie() -> None:
    """Both are named, and the smaller body first."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (1.02e-6, 2.5e-6, 3e-6)})
    made.sizes["1", TFTENSOR] = 50  # type: ignore[index]
    assert made.best("1", made.codecs) == [TFTENSOR, NDARRAY]


def test_a_codec_without_a_measurement_is_no_answer() -> None:
    """What cannot carry the payload is left out, in a column or everywhere."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (2e-6, 3e-6, 4e-6)})
    del made.seconds["1", NDARRAY]  # type: ignore[attr-defined]
    assert made.best("1", made.codecs) == [TFTENSOR]
    assert made.best("1", ["json/other"]) == []


def test_a_crossover_is_where_the_order_turns_for_good() -> None:
    """The loser of the small payloads wins from a column on, and on all after it."""
    made = scores({NDARRAY: (1e-6, 3e-6, 9e-6), TFTENSOR: (2e-6, 2e-6, 3e-6)})
    assert crossovers(made) == [Crossover(TFTENSOR, NDARRAY, "10", 3.0, before=True)]
    assert crossing_lines(crossovers(made), "100") == [
        "json/tftensor beats json/ndarray from 10 on, 3.00x at 100; it loses below"
    ]


def test_a_tie_before_the_win_is_told_apart() -> None:
    """Level at first, quicker later: a crossover, but nobody lost before it."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (1.01e-6, 1.99e-6, 3e-6)})
    assert crossovers(made) == [Crossover(TFTENSOR, NDARRAY, "100", 3.0, before=False)]


def test_no_crossover_without_a_change() -> None:
    """Always quicker, always level, or back and forth: nothing to say."""
    same = (1e-6, 2e-6, 3e-6)
    assert crossovers(scores({NDARRAY: (2e-6, 4e-6, 6e-6), TFTENSOR: same})) == []
    assert crossovers(scores({NDARRAY: same, TFTENSOR: same})) == []
    assert crossovers(scores({NDARRAY: (1e-6, 4e-6, 3e-6), TFTENSOR: same})) == []


def test_strangers_are_not_compared() -> None:
    """Crossovers are between kinds of a container or containers of a kind, and not with raw."""
    slow, quick = (1e-6, 4e-6, 9e-6), (2e-6, 2e-6, 2e-6)
    assert crossovers(scores({NDARRAY: slow, "protobuf/tftensor": quick})) == []
    assert crossovers(scores({NDARRAY: slow, RAW: quick})) == []
    assert len(crossovers(scores({NDARRAY: slow, "protobuf/ndarray": quick}))) == 1


def test_unordered_payloads_have_no_crossover() -> None:
    """Between an image and a number nothing crosses over."""
    made = scores({NDARRAY: (1e-6, 3e-6, 9e-6), TFTENSOR: (2e-6, 2e-6, 3e-6)})
    loose = Scores(made.columns, made.codecs, made.seconds, made.noise, made.sizes, series=False)
    assert crossovers(loose) == []


def test_the_answer_names_small_and_large() -> None:
    """One best codec at either end; raw is mentioned, not recommended."""
    made = scores(
        {NDARRAY: (1e-6, 3e-6, 9e-6), TFTENSOR: (2e-6, 2e-6, 3e-6), RAW: (9e-7, 1e-6, 1e-6)}
    )
    lines = list(overall(made))
    assert lines[0] == "Best for small payloads (1): json/ndarray, 1.00 µs, 100 B."
    assert lines[1].startswith("  json/raw takes 900 ns")
    assert lines[2] == "Best for large payloads (100): json/tftensor, 3.00 µs, 100 B."
    drawn = answer(made, "here", "encode")
    assert drawn.rows[0].cells == ("ndarray ", "tftensor ", "tftensor ")
    assert drawn.rows[1].cells == ("1.00 µs ", "2.00 µs ", "3.00 µs ")


def test_a_choice_is_kept_while_nothing_is_quicker() -> None:
    """One range per change; the figures are of its far end, against the next that is slower."""
    made = scores(
        {NDARRAY: (1e-6, 3e-6, 9e-6), TENSOR: (1.5e-6, 4e-6, 8e-6), TFTENSOR: (2e-6, 2e-6, 2e-6)}
    )
    small, large = recommend(made, made.codecs)
    assert (small.codec, small.columns, small.at) == (NDARRAY, ("1",), "1")
    assert small.next == Alternative(TENSOR, 1.5e-6 / 1e-6, 1.0)
    assert (large.codec, large.columns, large.at) == (TFTENSOR, ("10", "100"), "100")
    assert large.next == Alternative(TENSOR, 8e-6 / 2e-6, 1.0)
    assert (large.level_with, large.objects) == ((), None)


def test_a_choice_does_not_change_for_what_is_level() -> None:
    """Quicker by less than 10 % here and there: one choice for all, the other is as good."""
    made = scores({NDARRAY: (1e-6, 2.1e-6, 3e-6), TENSOR: (1.08e-6, 2e-6, 3.2e-6)}, noise=0.01)
    made.sizes["100", TENSOR] = 90  # type: ignore[index]
    (choice,) = recommend(made, made.codecs)
    assert (choice.codec, choice.level_with, choice.next) == (TENSOR, (NDARRAY,), None)
    assert choice.columns == COLUMNS


def test_processes_must_agree() -> None:
    """A median is no reason if one process of three says otherwise, unless it is far apart."""
    made = scores({NDARRAY: (1e-6, 1e-6, 1e-6), TENSOR: (1.5e-6, 1.5e-6, 2.5e-6)})
    processes = {
        **{(column, NDARRAY): (1e-6, 1e-6, 3e-6) for column in COLUMNS},
        **{(column, TENSOR): (2.5e-6, 2.5e-6, 2e-6) for column in COLUMNS},
        ("10", TENSOR): (1.5e-6, 1.5e-6, 3.1e-6),
    }
    made = replace(made, processes=processes)
    assert [made.is_tie(column, NDARRAY, TENSOR) for column in COLUMNS] == [True, False, False]


def test_of_level_codecs_the_one_that_keeps_the_dtype_is_first() -> None:
    """A smaller body is no reason to get another dtype back."""
    made = scores({TENSOR: (1e-6, 1e-6, 1e-6), TFTENSOR: (1e-6, 1e-6, 1e-6)})
    made.sizes["1", TENSOR] = 50  # type: ignore[index]
    assert made.best("1", made.codecs) == [TENSOR, TFTENSOR]
    made = replace(made, casts=frozenset({("1", TENSOR)}))
    assert made.best("1", made.codecs) == [TFTENSOR, TENSOR]


def test_whether_it_matters_is_weighed_against_a_request() -> None:
    """10 % of a plain request and the codec in it: below any will do, above it matters."""
    made = scores({NDARRAY: (9e-6, 50e-6, 1e-3), TFTENSOR: (1e-6, 2e-6, 3e-6)})
    one, ten, hundred = transport_shares(
        made, recommend(made, made.codecs), {64: 99e-6, 164: 99e-6}
    )
    assert (one.codec, one.request) == (TFTENSOR, 99e-6)
    assert one.share == pytest.approx(1 / 99)
    assert (one.slow, one.verdict) == ((), "any")
    assert (ten.slow, ten.verdict) == ((NDARRAY,), "matters")
    assert hundred.worst == NDARRAY
    assert hundred.worst_adds == pytest.approx(997e-6)
    assert [one.wire_1_gbit, one.wire_10_gbit] == pytest.approx([800e-9, 80e-9])


def test_one_slow_codec_is_an_exception() -> None:
    """Where all but one will do, it is named."""
    quick = dict.fromkeys((NDARRAY, TENSOR, TFTENSOR, "msgpack/tensor"), (1e-6,) * 3)
    made = scores({**quick, "msgpack/tftensor": (40e-6,) * 3})
    first, *_ = transport_shares(made, recommend(made, made.codecs), {64: 99e-6})
    assert (first.slow, first.verdict) == (("msgpack/tftensor",), "but")


def test_without_a_request_nothing_is_said_of_it() -> None:
    """A file of before has none: only the arithmetic of the wire is left."""
    made = scores({NDARRAY: (9e-6, 50e-6, 1e-3)})
    first, *_ = transport_shares(made, recommend(made, made.codecs), {})
    assert (first.request, first.share, first.worst_adds, first.will_do) == (None, None, None, ())


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
