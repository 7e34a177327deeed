"""Numbers as a person reads them, three digits and a unit; and text that a terminal can show."""

from __future__ import annotations

from math import floor, log10


def three_digits(value: float) -> str:
    """Write three significant digits, never as an exponent."""
    if value <= 0:
        return "0"
    digits = max(0, 2 - floor(log10(value)))
    # 9.999 would round up to 10.00, which has a digit too many.
    if round(value, digits) >= 10 ** (3 - digits):
        digits = max(0, digits - 1)
    return f"{value:.{digits}f}"


def duration(seconds: float | None) -> str:
    """Write a time: ``1.23 µs``."""
    if seconds is None:
        return "-"
    for unit, scale in (("ns", 1e9), ("µs", 1e6), ("ms", 1e3)):
        if float(three_digits(seconds * scale)) < 1000:
            return f"{three_digits(seconds * scale)} {unit}"
    return f"{three_digits(seconds)} s"


def size(count: float) -> str:
    """Write bytes: ``812 B``, ``80.1 kB``; a kB is 1,000 bytes."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit, scale in (("kB", 1e3), ("MB", 1e6)):
        if float(three_digits(count / scale)) < 1000:
            return f"{three_digits(count / scale)} {unit}"
    return f"{three_digits(count / 1e9)} GB"


def ratio(value: float | None) -> str:
    """Write a ratio: ``1.23x``, ``45.6x``, ``1,234x``."""
    if value is None:
        return "-"
    if value >= 100:
        return f"{value:,.0f}x"
    return f"{three_digits(value)}x" if value >= 0.1 else f"{value:.2f}x"


def times(value: float) -> str:
    """Write a factor within a sentence: ``1.8 times``, ``41 times``, ``1,234 times``."""
    return f"{value:,.0f} times" if value >= 9.95 else f"{value:.1f} times"


def counted(number: int, what: str) -> str:
    """Write a number of things: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {what}{'s' * (number != 1)}"


def percent(share: float) -> str:
    """Write a share: ``0.4 %``, ``12 %``."""
    return f"{share * 100:.1f} %" if share < 0.1 else f"{share * 100:.0f} %"


def printable(text: str) -> str:
    """Escape control characters, which could move the cursor or set colours."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
