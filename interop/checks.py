"""Check what a peer and tensorwire write for each other: they read ours, we read theirs.

Every implementation that both sides have is tried with every case of `cases`, in both directions.
Where two writers must agree, the bytes are compared too. `Report` counts the results.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.screen import Row, Table
from interop.cases import CONTENTS, cases
from interop.implementations import IMPLEMENTATIONS
from interop.known_faults import KNOWN_FAULTS
from interop.process import Refusal
from interop.workers.loop import LENGTH, SIDES, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bench.screen import Screen
    from interop.cases import Case
    from interop.implementations import Implementation
    from interop.known_faults import Fault
    from interop.process import PeerProcess
    from interop.workers.loop import Encoded
    from interop.workers.tensors import Tensor

__all__ = ["CHECKS", "Outcome", "Report", "checks", "fault_of", "listed"]

THEY_READ, WE_READ, SAME = CHECKS = ("they read ours", "we read theirs", "same bytes")

EMPTY_META = b"\x12\0"
"""Seldon's wrapper writes an empty ``meta`` before every reply."""


class Outcome(NamedTuple):
    """The result of one check."""

    peer: str
    implementation: str
    side: str
    check: str
    case: str
    reason: str = ""
    """Why not; empty where it passed."""
    fault: Fault | None = None
    """The declared fault of the peer that it is."""


def fault_of(outcome: Outcome) -> Fault | None:
    """Return the known fault because of which a check failed."""
    where = f"{outcome.implementation} {outcome.side} {outcome.check}"
    about = outcome.peer, where, outcome.case, outcome.reason
    return next((fault for fault in KNOWN_FAULTS if fault.explains(*about)), None)


def checks(peer: PeerProcess) -> Iterator[Outcome]:
    """Try every implementation that we speak too with every message that it can hold."""
    for name, able in peer.implementations.items():
        implementation = IMPLEMENTATIONS[peer.peer, name]
        if not implementation.ours.shared:
            continue
        for case in cases(CONTENTS[implementation.content]):
            for side in SIDES:
                found: list[tuple[str, str]] = []
                if ("decode", side) in able:
                    found.append((THEY_READ, _they_read(peer, name, side, implementation, case)))
                if ("encode", side) in able:
                    found += _we_read(peer, name, side, implementation, case)
                for check, reason in found:
                    one = Outcome(peer.peer, name, side, check, case.title, reason)
                    yield one._replace(fault=fault_of(one)) if reason else one


def _they_read(
    peer: PeerProcess, name: str, side: str, implementation: Implementation, case: Case
) -> str:
    try:
        encoded = implementation.ours.encode(side, case.tensors, case.fields)
    except Exception as error:  # noqa: BLE001 - whatever we raise, it is to be reported
        return f"we do not write it: {one_line(error)}"
    try:
        tensors, fields = peer.decode(name, side, encoded)
    except Refusal as error:
        return f"they do not read it: {error}"
    return difference(case.tensors, tensors) or _other(fields, case)


def _we_read(
    peer: PeerProcess, name: str, side: str, implementation: Implementation, case: Case
) -> list[tuple[str, str]]:
    try:
        encoded = peer.encode(name, side, case.tensors, case.fields)
    except Refusal as error:
        return [(WE_READ, f"they do not write it: {error}")]
    try:
        tensors, read = implementation.ours.decode(side, encoded)
    except Exception as error:  # noqa: BLE001 - as above
        return [(WE_READ, f"we do not read it: {one_line(error)}")]
    reason = difference(case.tensors, tensors) or _other(read, case)
    if not implementation.same:
        return [(WE_READ, reason)]
    try:
        again = implementation.ours.rewrite(side, encoded)
    except Exception as error:  # noqa: BLE001 - as above
        return [(WE_READ, reason), (SAME, f"we do not write it again: {one_line(error)}")]
    same = _comparable(encoded, implementation.same) == _comparable(again, implementation.same)
    return [(WE_READ, reason), (SAME, "" if same else _first_difference(again.body, encoded.body))]


def difference(expected: Sequence[Tensor], found: Sequence[Tensor]) -> str:
    """Return the first difference; values before shapes, so that neither hides the other."""
    theirs = {each.name: each for each in found}
    if sorted(theirs) != sorted(each.name for each in expected):
        return f"tensors {sorted(theirs)}"
    for each in expected:
        other = theirs[each.name]
        if each.dtype != other.dtype and (each.dtype, other.dtype) != ("text", "bytes"):
            return f"{each.name}: dtype {other.dtype}, not {each.dtype}"
        if (each.data, each.lengths) != (other.data, other.lengths):
            return f"{each.name}: other values"
    for each in expected:
        other = theirs[each.name]
        if each.shape != other.shape:
            return f"{each.name}: shape {other.shape}, not {each.shape}"
    return ""


def _other(found: Mapping[str, Any], case: Case) -> str:
    """Return which other field differs; peers add parameters and meta that are ignored."""
    for key, value in found.items():
        expected = case.fields[key]
        if isinstance(expected, dict) and isinstance(value, dict):
            seen = {name: value.get(name) for name in expected}
        else:
            seen = value
        if seen != expected:
            return f"{key} {seen!r}, not {expected!r}"
    return ""


def _comparable(encoded: Encoded, same: str) -> Any:
    """Return what two writers must have in common."""
    if same == "bytes":
        return encoded.body.removeprefix(EMPTY_META)
    headers = {key.lower(): value for key, value in encoded.headers.items()}
    size = int(headers.get(LENGTH.lower(), len(encoded.body)))
    blobs = encoded.body[size:]
    return (json.loads(encoded.body[:size]), blobs) if same == "header" else blobs


def _first_difference(ours: bytes, theirs: bytes) -> str:
    pairs = zip(ours, theirs, strict=False)
    at = next((i for i, (one, two) in enumerate(pairs) if one != two), min(len(ours), len(theirs)))
    start = max(at - 8, 0)
    return (
        f"byte {at}: ours {ours[start : at + 8].hex()} of {len(ours)} bytes, "
        f"theirs {theirs[start : at + 8].hex()} of {len(theirs)}"
    )


REPORTED = 3
"""Failures to an implementation and check that are printed; the rest are counted."""
WIDTH = 240
"""Characters of a reason that are printed."""
NOT_OURS = "not ours to read"


@dataclass
class Report:
    """What is known of a run so far."""

    checked: dict[str, Sequence[str]] = field(default_factory=dict)
    """The implementations of each peer whose messages were exchanged."""
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
            for fault in KNOWN_FAULTS
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
        cannot = Counter((each.peer, each.implementation) for each in self.outcomes if each.fault)
        for each in self.outcomes:
            key = (each.peer, each.implementation, each.check)
            total[key] += each.fault is None
            passed[key] += not each.reason
        made = Table("Messages that are read as they were written", (*CHECKS, "peer cannot"))
        for peer, implementations in self.checked.items():
            made.rows.append(Row(peer, style="group"))
            for name in implementations:
                keys = [(peer, name, check) for check in CHECKS]
                counts = [f"{passed[k]} of {total[k]}" if total[k] else "-" for k in keys]
                if not any(key in total for key in keys):
                    counts[0] = NOT_OURS
                made.rows.append(Row(name, (*counts, str(cannot[peer, name] or "-"))))
        return made

    def _cannot(self) -> Iterator[str]:
        found = Counter(each.fault for each in self.outcomes if each.fault)
        for fault, count in found.items():
            yield f"{fault.peer}, {count} checks: {fault.reason}"

    def _failed(self) -> Iterator[str]:
        shown = Counter[tuple[str, ...]]()
        for each in self.failures:
            key = (each.peer, each.implementation, each.check)
            shown[key] += 1
            if shown[key] <= REPORTED:
                where = f"{each.peer} {each.implementation}, {each.side}, {each.check}"
                yield f"{where}: {each.case}: {each.reason[:WIDTH]}"
        for whole, count in shown.items():
            if count > REPORTED:
                yield f"{' '.join(whole)}: and {count - REPORTED} more"


def listed(title: str, lines: Iterable[str], screen: Screen) -> None:
    """Write a title and a list under it, where there is anything to list."""
    found = list(lines)
    if found:
        screen.line()
        screen.line(title)
    for line in found:
        screen.line(f"- {line}")
