"""Numbers and text as a person reads them."""

from __future__ import annotations

import pytest

from bench import figures
from bench.figures import printable


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1.234e-9, "1.23 ns"),
        (9.996e-6, "10.0 µs"),
        (999.6e-6, "1.00 ms"),
        (0.1234, "123 ms"),
        (12.34, "12.3 s"),
        (None, "-"),
    ],
)
def test_durations_have_three_digits(seconds: float | None, text: str) -> None:
    """Rounding up never adds a digit or leaves a unit of a thousand."""
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.98765, "0.988x"), (1.234, "1.23x"), (99.96, "100x"), (1234.5, "1,234x"), (0.01, "0.01x")],
)
def test_ratios_are_readable(value: float, text: str) -> None:
    """Small ratios keep their digits, large ones get their comma."""
    assert figures.ratio(value) == text


@pytest.mark.parametrize(("count", "text"), [(7, "7 B"), (1_050, "1.05 kB"), (8e5, "800 kB")])
def test_sizes_are_decimal(count: float, text: str) -> None:
    """A kB is 1,000 bytes."""
    assert figures.size(count) == text


def test_control_characters_are_shown_not_sent() -> None:
    """Nor do bytes of a file's name that are no text."""
    assert printable("a\x1b[31m\r\n\x9b配\udcff") == "a\\x1b[31m\\r\\n\\x9b配\\udcff"
