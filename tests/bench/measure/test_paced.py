"""A link of a known rate, by a clock that nobody waits for; and whole bodies through sockets."""

from __future__ import annotations

import random

import pytest

from bench.measure.paced import LARGEST, SMALLEST, Pacer, paced_link


class Clock:
    """Time that passes only where somebody sleeps, or a test says so."""

    def __init__(self, late: float = 0.0) -> None:
        self.now = 100.0
        self.late = late
        self.slept: list[float] = []

    def read(self) -> float:
        """Return the time."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Wake up, always a bit too late."""
        self.slept.append(seconds)
        self.now += seconds + self.late


def pacer(rate: float, clock: Clock) -> Pacer:
    """Make one that looks at this clock."""
    return Pacer(rate, clock.read, clock.sleep)


@pytest.mark.parametrize("rate", [1.25e6, 1.25e7, 1.25e8])
def test_bytes_take_their_time(rate: float) -> None:
    """A body in pieces of any size passes in bytes / rate."""
    clock, order = Clock(), random.Random(5)  # noqa: S311 - sizes only
    link = pacer(rate, clock)
    pieces = [order.randint(1, link.piece) for _ in range(200)]
    for number, piece in enumerate(pieces):
        link.carry(piece, queued=number > 0)
    assert clock.now - 100 == pytest.approx(sum(pieces) / rate)


def test_waking_up_late_costs_nothing_while_bytes_wait() -> None:
    """A link is not idle while its process sleeps: only the last piece may be late."""
    clock = Clock(late=0.004)
    link = pacer(1e6, clock)
    for number in range(100):
        link.carry(10_000, queued=number > 0)
    assert 1.0 <= clock.now - 100 <= 1.0 + 0.004 + 1e-9


def test_an_idle_link_saves_no_time_up() -> None:
    """After a pause the next bytes take as long as any."""
    clock = Clock()
    link = pacer(1e6, clock)
    link.carry(1_000, queued=False)
    clock.now += 60
    link.carry(1_000, queued=False)
    assert clock.slept == pytest.approx([0.001, 0.001])


def test_two_bodies_do_not_overlap() -> None:
    """One that is sent while another passes waits for its end."""
    clock = Clock()
    link = pacer(1e6, clock)
    link.carry(50_000, queued=False)
    clock.now -= 0.02  # it was sent while the first one was under way
    link.carry(10_000, queued=False)
    assert clock.now == pytest.approx(100.06)


def test_a_piece_is_a_frame_or_worth_a_call() -> None:
    """A slow link passes on frames of Ethernet, a quick one no more than fits a call."""
    assert pacer(1.0, Clock()).piece == SMALLEST
    assert pacer(1e12, Clock()).piece == LARGEST


def test_bodies_arrive_as_they_were_sent() -> None:
    """Empty, small and large ones, one after another, each to its own reader."""
    arrived: list[bytes] = []
    bodies = [b"", b"x", bytes(range(256)) * 3_000, b"last"]
    with paced_link(1e9) as link:
        for body in bodies:
            seconds = link.seconds(lambda body=body: body, arrived.append)  # type: ignore[misc]
            assert seconds > 0
    assert arrived == bodies


def test_what_fails_at_the_other_end_is_raised_here() -> None:
    """A body that cannot be decoded ends the measurement, not the thread in silence."""
    with paced_link(1e9) as link:
        with pytest.raises(ZeroDivisionError):
            link.seconds(lambda: b"abc", lambda _: 1 / 0)
        assert link.seconds(lambda: b"abc", len) > 0
