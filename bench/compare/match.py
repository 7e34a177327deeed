"""Which payload and which cell of one file is which of the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from bench.measure.results import Results
    from bench.measure.run import Cell
    from bench.payloads.case import Case


def payloads(old: Results, new: Results) -> tuple[dict[int, int], list[str]]:
    """Pair the payloads, and say which are another's under the same name.

    Returns
    -------
    tuple
        The old number of each new one, and a line per payload that is not the same in both. Such
        are paired as well: it is the caller's to refuse them.
    """
    pairs: dict[int, int] = {}
    _pair(pairs, old, new, lambda results, n: (*_key(results.cases[n]), results.digests.get(n)))
    _pair(pairs, old, new, lambda results, n: _key(results.cases[n]))
    _pair(pairs, old, new, lambda results, n: results.cases[n].label)
    reasons = [reason for n, o in pairs.items() if (reason := _differ(old, o, new, n))]
    return pairs, reasons


def _key(case: Case) -> tuple[Hashable, ...]:
    # A person's own payload is known by its file's name: the folder is the checkout's affair.
    return case.shape, case.dtype, re.split(r"[/\\]", case.values)[-1]


def _pair(
    pairs: dict[int, int],
    old: Results,
    new: Results,
    key: Callable[[Results, int], Hashable],
) -> None:
    free: dict[Hashable, list[int]] = {}
    for number in range(len(old.cases)):
        if number not in pairs.values():
            free.setdefault(key(old, number), []).append(number)
    for number in range(len(new.cases)):
        if number not in pairs and free.get(key(new, number)):
            pairs[number] = free[key(new, number)].pop(0)


def _differ(old: Results, first: int, new: Results, second: int) -> str:
    one, other = old.cases[first], new.cases[second]
    if _key(one) != _key(other):
        return f"payload {other.label}: {one.title} -> {other.title}"
    digests = old.digests.get(first), new.digests.get(second)
    if None not in digests and digests[0] != digests[1]:
        return f"payload {other.title}: other values under the same name"
    return ""


def cells(old: Results, new: Results, pairs: dict[int, int]) -> dict[Cell, Cell]:
    """Return the old cell of each new one that both files have timed; twins are no cells."""
    found = {}
    for cell in new.samples.seconds:
        if not cell.twin and cell.case in pairs:
            other = cell._replace(case=pairs[cell.case])
            if old.count(other) and new.count(cell):
                found[cell] = other
    return found
