"""``--links``: compress what was encoded, and send some of it through a link of known speed."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from dataclasses import replace
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING, Any

from tensorwire.extras import advice

from ..advice.links import SPEEDS, advise_links
from ..implementations.compressors import absent, get_compressor
from ..implementations.lookup import get_implementation
from ..interrupt import UsageError
from ..measure import links
from ..measure.paced import SMALLEST, paced_link
from ..measure.transfers import Checked
from ..payloads.arrays import free_memory
from ..payloads.case import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..cli import Options
    from ..measure.paced import PacedLink
    from ..measure.results import Results
    from ..measure.run import Session
    from ..measure.transfers import Links, Transfer
    from ..payloads.case import Case
    from ..screen import Progress

MOST_PROCESSES = 3
"""As in a run that is not rigorous."""
FASTEST = 1e9
"""Bits a second that Python can still pass on in time."""
PROBES = 20
LEAST, MOST = 3, 60
"""Transfers of each body."""
LONGEST = 10.0
"""Seconds of a transfer that is worth the wait."""


def prepare(options: Options, cases: Sequence[Case], codecs: Sequence[str]) -> list[str]:
    """Return a line for compressors that are not installed, if any are wanted.

    Raises
    ------
    UsageError
        The bodies do not fit into memory together, compressed and not.
    """
    if not options.links:
        return []
    need, free = links.need(cases, codecs), free_memory()
    if free is not None and need > free:
        raise UsageError(
            f"--links needs about {need / 1e9:,.0f} GB for these payloads, {free / 1e9:,.1f} GB"
            " are free: choose smaller ones, or fewer codecs"
        )
    missing = absent()
    return [f"skipped some compressors: {advice('--links', missing)}"] if missing else []


def measure(session: Session, options: Options, progress: Progress) -> None:
    """Add what is known of links to the session, if that is wanted; as many seconds again."""
    if not options.links or session.interrupted:
        return
    processes = min(options.processes, MOST_PROCESSES)
    found, session.interrupted = links.measure(
        session.results(), options.seconds, processes, progress
    )
    session.links = found
    if options.check_links and not session.interrupted:
        with suppress(OSError):  # nobody may listen on 127.0.0.1 here
            checked = tuple(check(session.results(), found, options.seconds, progress))
            session.links = replace(found, checked=checked)
    progress.clear()


def check(results: Results, found: Links, seconds: float, progress: Progress) -> Iterator[Checked]:
    """Send the choice over each link, and what is not compressed, for about so many seconds.

    Yields
    ------
    Checked
        What was predicted from the cells, and what it took.

    Raises
    ------
    OSError
        This machine lets nobody listen on 127.0.0.1.
    """
    speeds = {link: bits for link, bits in SPEEDS.items() if bits <= FASTEST}
    for number, (link, bits) in enumerate(speeds.items()):
        progress.show("transfers", number / len(speeds))
        chosen: dict[Transfer, None] = {}
        for each in (one for payload in advise_links(results) for one in payload.choices):
            if each.link == link:
                chosen |= dict.fromkeys((each.choice.transfer, each.plain.transfer))
        rate = bits / 8
        sent = [each for each in chosen if each.bytes / rate <= LONGEST]
        with paced_link(rate) as opened:
            taken, latency = _sent(results, sent, opened, rate, seconds / len(speeds))
        for transfer in sent:
            yield Checked(
                found.transfers.index(transfer),
                link,
                transfer.seconds + latency + transfer.bytes / rate,
                min(taken[transfer]),
                median(taken[transfer]),
            )


def _sent(
    results: Results, sent: Sequence[Transfer], link: PacedLink, rate: float, seconds: float
) -> tuple[dict[Transfer, list[float]], float]:
    """Send each body several times, in turn; return the seconds, and the latency of the link."""
    ends, probe = monotonic() + seconds, bytes(SMALLEST)
    jobs = {each: _both_ends(results, each) for each in sent}
    empty: list[float] = []
    taken: dict[Transfer, list[float]] = defaultdict(list)
    for turn in range(MOST):
        if turn >= LEAST and monotonic() > ends:
            break
        empty += [link.seconds(lambda: probe, len) for _ in range(PROBES)]
        for each, (write, read) in jobs.items():
            taken[each].append(link.seconds(write, read))
    return taken, min(empty) - SMALLEST / rate


def _both_ends(
    results: Results, transfer: Transfer
) -> tuple[Callable[[], bytes], Callable[[bytes], Any]]:
    """Return what a sender does, and what a receiver does; both were done once."""
    array, codec = build(results.cases[transfer.case]), get_implementation(transfer.codec)
    packer = get_compressor(transfer.compressor) if transfer.compressor else None

    def write() -> bytes:
        body = codec.encode(array)
        return packer.compress(body) if packer else body

    def read(body: bytes) -> Any:
        return codec.decode(packer.decompress(body) if packer else body)

    read(write())
    return write, read
