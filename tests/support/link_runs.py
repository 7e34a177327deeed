"""Made-up ways to send a payload: bytes and seconds are known, so the answer is, too."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.measure.transfers import Links, Transfer
from tests.support.report_runs import run, series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure.results import Results
    from bench.payloads.casts import CastError

CASE = 2
"""The place of the payload that is sent: the largest of three."""


def transfer(
    codec: str, compressor: str, size: int, seconds: float, dtype: str = "float64"
) -> Transfer:
    """Return one; a quarter of the seconds is in each part, or half where nothing is compressed."""
    part = seconds / (4 if compressor else 2)
    packing = part if compressor else 0.0
    return Transfer(CASE, codec, dtype, compressor, size, part, packing, packing, part)


def sent(
    transfers: Sequence[Transfer],
    noise: float = 0.01,
    errors: Sequence[CastError] = (),
    trips: dict[int, float] | None = None,
) -> Results:
    """Return a run with these transfers of its largest payload."""
    links = Links(tuple(transfers), {CASE: tuple(errors)} if errors else {}, {CASE: noise})
    return replace(run(series()), links=links, http_round_trips=trips or {})
