"""What a person sees of a run: one table, then what peers cannot do, then what went wrong."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.screen.table import Row, Table
from interop.exchange import CHECKS
from interop.known_faults import FAULTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bench.screen.render import Screen
    from interop.exchange import Outcome

__all__ = ["Report", "listed"]

SHOWN = 3
"""Failures to a way and check that are printed; the rest are counted."""
WIDTH = 240
"""Characters of a reason that are printed."""
NOT_OURS = "not ours to read"


@dataclass
class Report:
    """What is known of a run so far."""

    checked: dict[str, Sequence[str]] = field(default_factory=dict)
    """The ways of each peer whose messages were exchanged."""
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
        tried = self.checked.keys() - self.missing.keys()
        return [
            f"{fault.peer}, {fault.where}: {fault.reason}"
            for fault in FAULTS
            if fault.peer in tried and id(fault) not in shown
        ]

    @property
    def good(self) -> bool:
        """Whether every peer was tried, and nothing was found that is not declared."""
        return not (self.failures or self.stale or self.missing)

    def show(self, screen: Screen) -> None:
        """Write the report, but for what was not tried."""
        for peer, versions in self.versions.items():
            screen.line(f"{peer}: " + ", ".join(f"{name} {one}" for name, one in versions.items()))
        if self.checked:
            screen.table(self._table())
        listed("What peers cannot do, as declared in known_faults.py:", self._cannot(), screen)
        listed("Faults declared in known_faults.py that did not show:", self.stale, screen)
        listed("FAILED:", self._failed(), screen)

    def show_missing(self, screen: Screen) -> None:
        """Write what was not tried, and why."""
        missing = [f"{peer}: {reason}" for peer, reason in self.missing.items()]
        listed("NOT TRIED to the end:", missing, screen)

    def _table(self) -> Table:
        passed, total = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
        cannot = Counter((each.peer, each.way) for each in self.outcomes if each.fault)
        for each in self.outcomes:
            key = (each.peer, each.way, each.check)
            total[key] += each.fault is None
            passed[key] += not each.reason
        made = Table("Messages that are read as they were written", (*CHECKS, "peer cannot"))
        for peer, ways in self.checked.items():
            made.rows.append(Row(peer, style="group"))
            for way in ways:
                keys = [(peer, way, check) for check in CHECKS]
                counts = [f"{passed[k]} of {total[k]}" if total[k] else "-" for k in keys]
                if not any(key in total for key in keys):
                    counts[0] = NOT_OURS
                made.rows.append(Row(way, (*counts, str(cannot[peer, way] or "-"))))
        return made

    def _cannot(self) -> Iterator[str]:
        found = Counter(each.fault for each in self.outcomes if each.fault)
        for fault, count in found.items():
            yield f"{fault.peer}, {count} checks: {fault.reason}"

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


def listed(title: str, lines: Iterable[str], screen: Screen) -> None:
    """Write a title and a list under it, where there is anything to list."""
    found = list(lines)
    if found:
        screen.line()
        screen.line(title)
    for line in found:
        screen.line(f"- {line}")
