"""A run in a file, for programs: JSON of plain tables, one object to a row."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from bench.measure import machine
from interop.workers.fragile import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from interop.checks import Outcome
    from interop.run import Run
    from interop.speed import Speed

__all__ = ["write"]


def write(run: Run, path: str) -> None:
    """Write all that is known of a run."""
    found = {
        "good": run.good,
        "ours": machine.facts(),
        "peers": run.report.versions,
        "not tried to the end": run.report.missing,
        "checks": list(_checks(run.report.outcomes)),
        "losses": [
            {
                "by": column,
                "array": array,
                "loss": "" if verdict.kind == EXACT else verdict.kind,
                "detail": verdict.detail,
            }
            for column, array, verdict in run.losses
        ],
        "speed": [_speed(each) for each in run.speeds],
    }
    text = json.dumps(found, indent=1, ensure_ascii=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def _checks(outcomes: Sequence[Outcome]) -> Iterator[dict[str, Any]]:
    """Count what passed, what the peer cannot do, and what failed."""
    found: dict[tuple[str, str, str], Counter[str]] = {}
    for each in outcomes:
        count = found.setdefault((each.peer, each.implementation, each.check), Counter())
        count["passed" if not each.reason else "peer cannot" if each.fault else "failed"] += 1
    for (peer, implementation, check), count in found.items():
        counts = {name: count[name] for name in ("passed", "peer cannot", "failed")}
        yield {"peer": peer, "way": implementation, "check": check} | counts


def _speed(speed: Speed) -> dict[str, Any]:
    theirs, ours = speed.sizes or (None, None)
    timed = not speed.reason
    return {
        "peer": speed.peer,
        "way": speed.implementation,
        "payload": speed.payload,
        "operation": speed.operation,
        "theirs ns": median(speed.theirs) if timed else None,
        "ours ns": median(speed.ours) if timed else None,
        "theirs bytes": theirs,
        "ours bytes": ours,
        "not timed": speed.reason,
    }
