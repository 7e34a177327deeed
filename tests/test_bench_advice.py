"""The advice, on numbers made up to have one right answer."""

from __future__ import annotations

from bench.codecs.advice import Crossover, Scores, best, crossovers
from bench.codecs.answer import crossing_lines, overall, table

COLUMNS = ("1", "10", "100")
NDARRAY, TFTENSOR, RAW = "json/ndarray", "json/tftensor", "json/raw"


def scores(times: dict[str, tuple[float, float, float]], noise: float = 0.05) -> Scores:
    """Make scores of seconds by codec and column; bodies are alike."""
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
    assert best(made, "1", made.codecs) == [NDARRAY]
    assert best(made, "100", made.codecs) == [TFTENSOR]


def test_what_lies_inside_the_noise_is_a_tie() -> None:
    """Both are named, and the smaller body first."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (1.02e-6, 2.5e-6, 3e-6)})
    made.sizes["1", TFTENSOR] = 50  # type: ignore[index]
    assert best(made, "1", made.codecs) == [TFTENSOR, NDARRAY]


def test_a_codec_without_a_measurement_is_no_answer() -> None:
    """What cannot carry the payload is left out, in a column or everywhere."""
    made = scores({NDARRAY: (1e-6, 2e-6, 9e-6), TFTENSOR: (2e-6, 3e-6, 4e-6)})
    del made.seconds["1", NDARRAY]  # type: ignore[attr-defined]
    assert best(made, "1", made.codecs) == [TFTENSOR]
    assert best(made, "1", ["json/other"]) == []


def test_a_crossover_is_where_the_order_turns_for_good() -> None:
    """The loser of the small payloads wins from a column on, and on all after it."""
    made = scores({NDARRAY: (1e-6, 3e-6, 9e-6), TFTENSOR: (2e-6, 2e-6, 3e-6)})
    assert crossovers(made) == [Crossover(TFTENSOR, NDARRAY, "10", 3.0, before=True)]
    assert crossing_lines(made) == [
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
    lines = overall(made)
    assert lines[0] == "Best for small payloads (1): json/ndarray, 1.00 µs, 100 B."
    assert lines[1].startswith("  json/raw takes 900 ns")
    assert lines[2] == "Best for large payloads (100): json/tftensor, 3.00 µs, 100 B."
    drawn = table(made, "here", "encode")
    assert drawn.rows[0].cells == ("ndarray ", "tftensor ", "tftensor ")
    assert drawn.rows[1].cells == ("1.00 µs ", "2.00 µs ", "3.00 µs ")
