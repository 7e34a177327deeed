"""One line per cell, for a spreadsheet or a script."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, TextIO

from bench.compare.facts import DECODE, WHAT, facts
from bench.compare.tables import amount
from bench.implementations.implementation import MEASURED

if TYPE_CHECKING:
    from bench.compare.changes import Comparison

COLUMNS = (
    *("payload", "label", "way", "operation", "old_s", "new_s", "ratio", "low", "high"),
    *("noise", "verdict"),
    *(f"{age}_{what}" for what in WHAT for age in ("old", "new")),
)


def write(comparison: Comparison, stream: TextIO) -> None:
    """Write every cell that both files have timed; nothing where a number is unknown."""
    known: dict[tuple[str, ...], tuple[int | None, int | None]] = {}
    for fact in facts(comparison):
        operations = (fact.operation,) if fact.operation else (*MEASURED, "time")
        for operation in operations:
            known[fact.case.title, fact.way, operation, fact.what] = fact.old, fact.new
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for change in comparison.changes:
        cell = (change.case.title, change.way, change.operation)
        pairs = {what: known.get((*cell, what), (None, None)) for what in WHAT}
        writer.writerow(
            (
                cell[0],
                change.case.label,
                *cell[1:],
                *(f"{value:.4g}" for value in (change.old, change.new, change.ratio)),
                *(f"{value:.4g}" for value in (change.low, change.high, change.noise)),
                change.verdict,
                *(_text(what, value) for what, pair in pairs.items() for value in pair),
            )
        )


def _text(what: str, value: int | None) -> str:
    if value is None:
        return ""
    return amount(what, value) if what == DECODE else str(value)
