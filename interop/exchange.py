"""One message between a peer and us, both ways, and what came of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from interop.cases import CONTENTS, cases
from interop.implementations import WAYS
from interop.known_faults import fault_of
from interop.process import Refusal
from interop.workers.loop import LENGTH, SIDES, line

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from interop.cases import Case
    from interop.implementations import Way
    from interop.known_faults import Fault
    from interop.process import PeerProcess
    from interop.workers.loop import Spoken
    from interop.workers.tensors import Tensor

__all__ = ["CHECKS", "Outcome", "checks"]

THEY_READ, WE_READ, SAME = CHECKS = ("they read ours", "we read theirs", "same bytes")

EMPTY_META = b"\x12\0"
"""Seldon's wrapper puts one before every reply; it says nothing."""


class Outcome(NamedTuple):
    """What came of one check."""

    peer: str
    way: str
    side: str
    check: str
    case: str
    reason: str = ""
    """Why not; empty where it passed."""
    fault: Fault | None = None
    """The declared fault of the peer that it is."""


def checks(peer: PeerProcess) -> Iterator[Outcome]:
    """Try every way that we speak too with every message that it can hold."""
    for name, able in peer.ways.items():
        way = WAYS[peer.peer, name]
        if not way.ours.shared:
            continue
        for case in cases(CONTENTS[way.content]):
            for side in SIDES:
                found: list[tuple[str, str]] = []
                if ("decode", side) in able:
                    found.append((THEY_READ, _they_read(peer, name, side, way, case)))
                if ("encode", side) in able:
                    found += _we_read(peer, name, side, way, case)
                for check, reason in found:
                    one = Outcome(peer.peer, name, side, check, case.title, reason)
                    yield one._replace(fault=fault_of(one)) if reason else one


def _they_read(peer: PeerProcess, name: str, side: str, way: Way, case: Case) -> str:
    try:
        spoken = way.ours.encode(side, case.tensors, case.fields)
    except Exception as error:  # noqa: BLE001 - whatever we raise, it is to be reported
        return f"we do not write it: {line(error)}"
    try:
        tensors, fields = peer.decode(name, side, spoken)
    except Refusal as error:
        return f"they do not read it: {error}"
    return difference(case.tensors, tensors) or _other(fields, case)


def _we_read(
    peer: PeerProcess, name: str, side: str, way: Way, case: Case
) -> list[tuple[str, str]]:
    try:
        spoken = peer.encode(name, side, case.tensors, case.fields)
    except Refusal as error:
        return [(WE_READ, f"they do not write it: {error}")]
    try:
        tensors, read = way.ours.decode(side, spoken)
    except Exception as error:  # noqa: BLE001 - as above
        return [(WE_READ, f"we do not read it: {line(error)}")]
    reason = difference(case.tensors, tensors) or _other(read, case)
    if not way.same:
        return [(WE_READ, reason)]
    try:
        again = way.ours.rewrite(side, spoken)
    except Exception as error:  # noqa: BLE001 - as above
        return [(WE_READ, reason), (SAME, f"we do not write it again: {line(error)}")]
    same = _comparable(spoken, way.same) == _comparable(again, way.same)
    return [(WE_READ, reason), (SAME, "" if same else _first_difference(again.body, spoken.body))]


def difference(expected: Sequence[Tensor], found: Sequence[Tensor]) -> str:
    """Say what is not as it was; values before shapes, so that neither hides the other."""
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
    """Say which field of the envelope differs; peers add parameters and meta of their own."""
    for key, value in found.items():
        expected = case.fields[key]
        if isinstance(expected, dict) and isinstance(value, dict):
            seen = {name: value.get(name) for name in expected}
        else:
            seen = value
        if seen != expected:
            return f"{key} {seen!r}, not {expected!r}"
    return ""


def _comparable(spoken: Spoken, same: str) -> Any:
    """Give what two writers must have in common."""
    if same == "bytes":
        return spoken.body.removeprefix(EMPTY_META)
    headers = {key.lower(): value for key, value in spoken.headers.items()}
    size = int(headers.get(LENGTH.lower(), len(spoken.body)))
    blobs = spoken.body[size:]
    return (json.loads(spoken.body[:size]), blobs) if same == "header" else blobs


def _first_difference(ours: bytes, theirs: bytes) -> str:
    pairs = zip(ours, theirs, strict=False)
    at = next((i for i, (one, two) in enumerate(pairs) if one != two), min(len(ours), len(theirs)))
    start = max(at - 8, 0)
    return (
        f"byte {at}: ours {ours[start : at + 8].hex()} of {len(ours)} bytes, "
        f"theirs {theirs[start : at + 8].hex()} of {len(theirs)}"
    )
