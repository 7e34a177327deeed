"""What was measured of recorded traffic, as one payload: the mean request."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import nan
from statistics import median
from typing import TYPE_CHECKING

from ..payloads.case import Case
from .check import Facts
from .results import Cell, Results, Samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..payloads.traffic import Traffic

LABEL = "a request"


def mean_request(results: Results, traffic: Traffic, weights: Sequence[float]) -> Results:
    """Return a run of one payload: each time and size is the mean of all requests.

    Parameters
    ----------
    weights
        Of each payload that was measured: how many arrays of the traffic it stands for.
    """
    count = len(traffic.requests)
    shares = [weight / count for weight in weights]
    bytes_of: Counter[str] = Counter()
    for array in traffic.arrays:
        bytes_of[array.dtype] += array.nbytes + 1
    size = sum(share * case.size for share, case in zip(shares, results.cases, strict=True))
    case = Case(
        LABEL,
        f"{traffic.name}, the mean of {count:,} requests",
        (max(1, round(size)),),
        bytes_of.most_common(1)[0][0],
        traffic.name,
    )
    facts = {(0, name): _facts(results, name, weights, shares) for name in results.implementations}
    samples = Samples()
    for first in {cell._replace(case=0) for cell in results.samples.seconds}:
        if facts[0, first.implementation].cannot is None:
            for seconds in _processes(results, first, shares):
                samples.seconds[first].append([seconds])
                samples.loops[first].append(1)
    return replace(results, cases=[case], facts=facts, samples=samples, memory={}, digests={})


def _facts(results: Results, name: str, weights: Sequence[float], shares: Sequence[float]) -> Facts:
    each = [results.facts.get((n, name)) for n in range(len(weights))]
    known = [facts for facts in each if facts is not None]
    if len(known) < len(each):
        return Facts(cannot="not all of it was checked")
    if refused := [n for n, facts in enumerate(known) if facts.cannot is not None]:
        share = sum(weights[n] for n in refused) / sum(weights)
        reason = str(known[refused[0]].cannot).partition(" - at $")[0].partition(";")[0]
        return Facts(cannot=f"{reason} ({100 * share:.2g} % of the arrays)")
    size = sum(share * facts.size for share, facts in zip(shares, known, strict=True))
    return Facts(size=round(size), view=all(facts.view for facts in known))


def _processes(results: Results, first: Cell, shares: Sequence[float]) -> Iterator[float]:
    """Yield the seconds of a request in each process that has timed all of it."""
    cells = [first._replace(case=n) for n in range(len(shares))]
    timed = [results.samples.seconds.get(cell, []) for cell in cells]
    for lists in zip(*timed, strict=False):
        if all(lists):
            yield sum(share * median(seconds) for share, seconds in zip(shares, lists, strict=True))


def as_recorded(
    results: Results, weights: Sequence[float], forms: Sequence[str]
) -> tuple[float, float]:
    """Return the seconds of encode and decode of all requests as they were recorded.

    The second is the share of the arrays whose form was measured; the first is not a number where
    that is none.
    """
    found = [
        (weight, results.there_and_back(n, form))
        for n, (weight, form) in enumerate(zip(weights, forms, strict=True))
    ]
    known = [(weight, seconds) for weight, seconds in found if seconds is not None]
    share = sum(weight for weight, _ in known) / sum(weights)
    return sum(weight * seconds for weight, seconds in known) if known else nan, share
