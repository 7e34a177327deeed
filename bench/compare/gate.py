"""What counts as a regression: much slower with ``--fail-over``, any growth with ``--exact``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.compare import alike
from bench.compare.facts import ALLOCATIONS, BYTES, COPIES, DECODE, facts, refusals
from bench.compare.tables import amount
from bench.measure.results import level
from bench import figures

if TYPE_CHECKING:
    from bench.compare.changes import Change, Comparison
    from bench.compare.facts import Fact

GATED = (BYTES, DECODE, COPIES, ALLOCATIONS)
ANEW = "python -m bench.compare.record NEW makes the file of exact facts anew"


def too_slow(change: Change, bound: float) -> bool:
    """Whether a codec is slower by more than that, and that beyond doubt and noise."""
    sure = change.low > 1 and not level(change.low, 1, change.noise)
    return change.ours and change.ratio > 1 + bound and sure


def over(comparison: Comparison, bound: float) -> list[str]:
    """Name the codecs that are slower, and the bodies that are larger, by more than a bound."""
    slow = [change for change in comparison.changes if too_slow(change, bound)]
    slow.sort(key=lambda change: -change.ratio)
    large = [
        fact
        for fact in facts(comparison)
        if fact.what == BYTES and fact.old and fact.new and fact.new / fact.old > 1 + bound
    ]
    limit = figures.ratio(1 + bound)
    return [
        *(f"{each.name}: {figures.ratio(each.ratio)} the time, over {limit}" for each in slow),
        *(f"{told(each)}, over {limit}" for each in large),
    ]


def told(fact: Fact) -> str:
    """Say what a fact was and is."""
    return f"{fact.name}: {amount(fact.what, fact.old)} -> {amount(fact.what, fact.new)}"


def exact(comparison: Comparison) -> tuple[list[str], list[str]]:
    """Compare what is exact: regressions, and what else a person must know.

    What the old file knows the new one must know too: a check that is silently left out is none.
    """
    other = alike.uncounted(comparison.old.metadata, comparison.new.metadata)
    wrong = [f"{name} is refused: {reason}" for name, reason, came in refusals(comparison) if came]
    wrong += [f"not measured: {name}" for name in comparison.gone]
    notes, unread, fallen, counted = [], dict.fromkeys(GATED, 0), 0, 0
    for fact in facts(comparison):
        if fact.what not in GATED or fact.old is None:
            continue
        if fact.what == ALLOCATIONS and other:
            counted += fact.old != fact.new
        elif fact.new is None:
            unread[fact.what] += 1
        elif fact.grew:
            wrong.append(told(fact))
        else:
            fallen += fact.fell
    for what, times in unread.items():
        if what in (COPIES, ALLOCATIONS) and times:
            wrong.append(
                f"{what} of {times} cells are not known: measure with --memory, memray installed"
            )
    if other:
        notes.append(
            f"Allocations do not gate ({counted} of them differ): they depend on versions, and"
            f" these are others: {'; '.join(other)}. {ANEW}."
        )
    if fallen:
        notes.append(f"{fallen} facts are better than the old file says. {ANEW}.")
    return wrong, notes
