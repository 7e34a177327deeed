"""What a person sees of a run: one table, then what peers cannot do, then what went wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.peers.checks import CHECKS
from bench.peers.faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bench.peers.checks import Outcome

__all__ = ["Report"]

SHOWN = 3
"""Failures to a way and check that are printed; the rest are counted."""
WIDTH = 240
"""Characters of a reason that are printed."""


@dataclass
class Report:
    """What is known of a run so far."""

    outcomes: list[Outcome] = field(default_factory=list)
    versions: dict[str, Mapping[str, str]] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    """Peers that could not be tried to the end, and why."""

    @property
    def failures(self) -> list[Outcome]:
        """What did not pass, and is no declared fault of a peer."""
        return [each for each in self.outcomes if each.reason and each.fault is None]

    @property
    def stale(self) -> list[str]:
        """Declared faults that did not show, of peers that were tried to the end."""
        shown = {id(each.fault) for each in self.outcomes}
        checked = {each.peer for each in self.outcomes}
        tried = (self.versions.keys() & checked) - self.missing.keys()
        return [
            f"{fault.peer}, {fault.where}: {fault.reason}"
            for fault in FAULTS
            if fault.peer in tried and id(fault) not in shown
        ]

    @property
    def good(self) -> bool:
        """Whether every peer was tried, and nothing was found that is not declared."""
        return not (self.failures or self.stale or self.missing)

    def lines(self) -> Iterator[str]:
        """Give the text of the report."""
        for peer, versions in self.versions.items():
            yield f"{peer}: " + ", ".join(f"{name} {one}" for name, one in versions.items())
        if self.outcomes:
            yield ""
            yield from _aligned(self._rows())
        yield from self._cannot()
        yield from _titled("Faults declared in faults.py that did not show", self.stale)
        yield from _titled("FAILED", self._failed())
        not_tried = [f"{peer}: {reason}" for peer, reason in self.missing.items()]
        yield from _titled("NOT TRIED to the end", not_tried)

    def _rows(self) -> Iterator[Sequence[str]]:
        yield "peer", "way", *CHECKS, "peer cannot"
        passed, total = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
        ways = dict.fromkeys((each.peer, each.way) for each in self.outcomes)
        cannot = Counter((each.peer, each.way) for each in self.outcomes if each.fault)
        for each in self.outcomes:
            key = (each.peer, each.way, each.check)
            total[key] += each.fault is None
            passed[key] += not each.reason
        for way in ways:
            counts = [
                f"{passed[(*way, check)]} of {total[(*way, check)]}"
                if total[(*way, check)]
                else "-"
                for check in CHECKS
            ]
            yield *way, *counts, str(cannot[way] or "-")

    def _cannot(self) -> Iterator[str]:
        found = Counter(each.fault for each in self.outcomes if each.fault)
        lines = [f"{fault.peer}, {count} checks: {fault.reason}" for fault, count in found.items()]
        yield from _titled("What peers cannot do, as declared in faults.py", lines)

    def _failed(self) -> Iterator[str]:
        shown = Counter[tuple[str, ...]]()
        for each in self.failures:
            key = (each.peer, each.way, each.check)
            shown[key] += 1
            if shown[key] <= SHOWN:
                where = f"{each.peer} {each.way}, {each.side}, {each.check}"
                yield f"{where}: {each.case}: {each.reason[:WIDTH]}"
        for whole, count in shown.items():
            if count > SHOWN:
                yield f"{' '.join(whole)}: and {count - SHOWN} more"


def _titled(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from ("", f"{title}:", *(f"  {line}" for line in found))


def _aligned(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    table = list(rows)
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    for row in table:
        cells = [
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield "  ".join(cells).rstrip()
