"""Which format and which compression over a link of some speed, as data.

The seconds of a transfer are encode + compress + wire + decompress + decode, one after another. The
wire takes a body's bytes at the speed of the link, and never less than a request over loopback did
in this run. The latency of a link is the same for all, and left out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..implementations.compressors import GZIP, format_of
from ..measure.results import LEAST_NOISE
from ..measure.transport import SMALLEST, seconds_of
from .scores import NEAR, describing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ..measure.results import Results
    from ..measure.transfers import Links, Transfer
    from ..payloads.casts import CastError

SPEEDS = {"10 Mb/s": 10e6, "100 Mb/s": 100e6, "1 Gb/s": 1e9, "10 Gb/s": 10e9}
"""Bits a second of the links."""
LOOPBACK = "loopback"
SCAN = [10 ** (6 + step / 50) for step in range(251)]
"""Bits a second, 1 Mb/s to 100 Gb/s, 5 % apart: where compression ceases to pay is one of them."""


@dataclass(frozen=True)
class Timed:
    """A transfer over one link."""

    transfer: Transfer
    wire: float
    seconds: float
    """All of it."""


@dataclass(frozen=True)
class LinkChoice:
    """What to send one payload with over one link."""

    link: str
    choice: Timed
    """Compressed only where that is quicker by more than the noise, and 10 %."""
    level_with: tuple[str, ...]
    """As good, of those that are compressed as well, or not compressed as well."""
    plain: Timed
    """The best that is not compressed: the choice itself, if that is not."""
    gzip: Timed | None
    """The best by gzip, which more servers read, where it pays; None where it is the choice."""

    @property
    def factor(self) -> float:
        """How many times as fast as what is not compressed."""
        return self.plain.seconds / self.choice.seconds


@dataclass(frozen=True)
class SmallerDtype:
    """The payload in a smaller dtype, where the model takes that."""

    error: CastError
    choices: Mapping[str, Timed]
    """The best over each link; none where values would be lost."""


@dataclass(frozen=True)
class LinkAdvice:
    """The advice on one payload."""

    case: int
    dtype: str
    choices: tuple[LinkChoice, ...]
    """Over each link, slowest first; loopback last."""
    pays_up_to: float | None
    """Bits a second up to which compression pays; None: it pays over no link."""
    smallest: Transfer
    """The smallest body of all, compressed or not,"""
    smallest_plain: Transfer
    """and the smallest that is not compressed."""
    smaller: tuple[SmallerDtype, ...]


def advise_links(results: Results) -> list[LinkAdvice]:
    """Return the advice on each payload that was sent in more than one way."""
    found = results.links
    if found is None:
        return []
    made = []
    for case in dict.fromkeys(each.case for each in found.transfers):
        own = results.cases[case].dtype
        known = [each for each in found.of(case) if describing([each.codec])]
        same = [each for each in known if each.dtype == own]
        plain = [each for each in same if not each.compressor]
        if plain:
            made.append(_advice(results, found, case, same, known))
    return made


def _advice(
    results: Results, found: Links, case: int, same: Sequence[Transfer], known: Sequence[Transfer]
) -> LinkAdvice:
    noise = found.noise.get(case, LEAST_NOISE)
    trips = results.http_round_trips
    links: dict[str, float | None] = dict(SPEEDS)
    if trips:
        links[LOOPBACK] = None
    timed = {link: [over(each, bits, trips) for each in same] for link, bits in links.items()}
    dtype = results.cases[case].dtype
    return LinkAdvice(
        case=case,
        dtype=dtype,
        choices=tuple(_choices(timed, noise)),
        pays_up_to=_pays_up_to(same, trips, noise),
        smallest=min(same, key=lambda each: each.bytes),
        smallest_plain=min((e for e in same if not e.compressor), key=lambda each: each.bytes),
        smaller=tuple(
            _smaller(error, known, links, trips, noise) for error in found.casts.get(case, ())
        ),
    )


def _smaller(
    error: CastError,
    known: Sequence[Transfer],
    links: Mapping[str, float | None],
    trips: Mapping[int, float],
    noise: float,
) -> SmallerDtype:
    """Return the best over each link, compressed only where that pays."""
    choices = {}
    cast = [each for each in known if each.dtype == error.dtype]
    for link, bits in links.items() if cast else ():
        timed = [over(each, bits, trips) for each in cast]
        plain = quickest(each for each in timed if not each.transfer.compressor)
        choices[link] = quickest([*_worth(timed, plain, noise), plain])
    return SmallerDtype(error, choices)


def over(transfer: Transfer, bits: float | None, trips: Mapping[int, float]) -> Timed:
    """Return a transfer over a link of so many bits a second; None: over loopback."""
    loopback = seconds_of(trips, transfer.bytes) or 0.0
    wire = loopback
    if bits is not None:
        fixed = seconds_of(trips, SMALLEST) or 0.0
        wire = max(transfer.bytes * 8 / bits, loopback - fixed)
    return Timed(transfer, wire, transfer.seconds + wire)


def quickest(timed: Iterable[Timed]) -> Timed:
    """Return the one that takes least."""
    return min(timed, key=lambda each: each.seconds)


def is_level(first: Timed, second: Timed, noise: float) -> bool:
    """Whether nobody should choose by the difference: below 10 % of all, or within the noise.

    The noise is of what was measured; the wire of a link is arithmetic, and has none.
    """
    quick, slow = sorted((first, second), key=lambda each: each.seconds)
    unsure = noise * max(first.transfer.seconds, second.transfer.seconds)
    return slow.seconds <= max((1 + NEAR) * quick.seconds, quick.seconds + unsure)


def _worth(timed: Sequence[Timed], plain: Timed, noise: float) -> list[Timed]:
    """Return what is compressed, and quicker than what is not."""
    return [
        each
        for each in timed
        if each.transfer.compressor
        and each.seconds < plain.seconds
        and not is_level(each, plain, noise)
    ]


def _choices(timed: Mapping[str, Sequence[Timed]], noise: float) -> Iterator[LinkChoice]:
    """Yield the choice over each link; of equals the one that is best over most links."""
    plains = {link: [e for e in each if not e.transfer.compressor] for link, each in timed.items()}
    best = {link: quickest(each) for link, each in plains.items()}
    pools = {link: _worth(timed[link], best[link], noise) or plains[link] for link in timed}
    level: dict[str, list[Timed]] = {}
    often: Counter[str] = Counter()
    cost: defaultdict[str, float] = defaultdict(float)
    for link, pool in pools.items():
        first = quickest(pool)
        level[link] = [each for each in pool if is_level(first, each, noise)]
        for each in level[link]:
            often[each.transfer.name] += 1
            cost[each.transfer.name] += each.seconds / first.seconds

    def rank(one: Timed) -> tuple[int, float]:
        return -often[one.transfer.name], cost[one.transfer.name]

    for link, equals in level.items():
        choice, *others = sorted(equals, key=rank)
        gzip = None
        if choice.transfer.compressor and format_of(choice.transfer.compressor) != GZIP:
            gzipped = [e for e in pools[link] if format_of(e.transfer.compressor) == GZIP]
            gzip = quickest(gzipped) if gzipped else None
        names = tuple(one.transfer.name for one in others)
        plain = best[link] if choice.transfer.compressor else choice
        yield LinkChoice(link, choice, names, plain, gzip)


def _pays_up_to(
    transfers: Sequence[Transfer], trips: Mapping[int, float], noise: float
) -> float | None:
    """Return the last speed of the scan up to which it pays without a gap."""
    last = None
    for bits in SCAN:
        timed = [over(each, bits, trips) for each in transfers]
        plain = quickest(each for each in timed if not each.transfer.compressor)
        if not _worth(timed, plain, noise):
            break
        last = bits
    return last
