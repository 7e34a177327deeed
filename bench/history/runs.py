"""The runs of a folder: by machine, in the order in which they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.compare import alike
from bench.measure.runfile import Run, RunFileError, read

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def load(folder: Path) -> tuple[list[Run], list[str]]:
    """Read every file that may be a run; return the runs by date, and why others are none."""
    runs, skipped = [], []
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.json.gz")]):
        try:
            runs.append(read(str(path)))
        except RunFileError as error:  # noqa: PERF203 - one bad file is no reason to stop
            skipped.append(str(error))
    return sorted(runs, key=lambda run: str(run.metadata.get("date", ""))), skipped


def by_machine(runs: Sequence[Run]) -> list[list[Run]]:
    """Set the runs of other machines apart; the one that was used last comes first."""
    found: list[list[Run]] = []
    for run in reversed(runs):
        for group in found:
            if not alike.other_machine(run.metadata, group[-1].metadata):
                group.insert(0, run)
                break
        else:
            found.append([run])
    return found


def date_of(run: Run) -> str:
    """Return day and minute, as recorded."""
    return str(run.metadata.get("date", "no date"))[:16]


def commit_of(run: Run) -> str:
    """Return the commit in seven digits, with a plus if there were changes beyond it."""
    digits, _, more = str(run.metadata.get("git_commit", "")).partition(" ")
    return digits[:7] + "+" * bool(more) if digits else "-"


def python_of(run: Run) -> str:
    """Return the version, and the implementation if it is not the usual one."""
    told = str(run.metadata.get("bench_python", "-")).removeprefix("CPython ")
    return told + " no GIL" * (run.metadata.get("gil") == "disabled")


def numpy_of(run: Run) -> str:
    """Return the version."""
    return str(run.metadata.get("numpy_version", "-"))
