"""Machine, versions, noise, and how each file was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.machine import machine
from bench.report.page import facts, section
from bench.screen import figures
from bench.serving.cells import OBJECTS, OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.report.markup import Markup
    from bench.serving.recorded import ServingRun

SAME = ("cpu", "cores", "bench_python", "protobuf_version", "grpcio_version")
"""What must be the same for two files to be compared."""
MODELS = {
    "sum": "predict answers with the sum of the values, predict_raw with [1]",
    "echo": "the model answers with what it got",
}


def facts_section(runs: Sequence[ServingRun]) -> Markup:
    """Return the part of the page."""
    told = machine(runs[0].metadata)
    told.pop("date", None)  # each run has its own
    return section("Machine and measurement", facts([*told.items(), *_measured(runs)]))


def origin(runs: Sequence[ServingRun]) -> str:
    """Say in a line where and when this was measured."""
    told = machine(runs[0].metadata)
    parts = [told.get("processor", "unknown CPU"), f"{told.get('cores', '?')} cores"]
    parts += [told[name] for name in ("system", "Python") if name in told]
    parts.append(told.get("date", "")[:16])
    modes = ", ".join(run.mode for run in runs)
    return f"python -m bench.serving: {modes}. {', '.join(part for part in parts if part)}."


def warnings(runs: Sequence[ServingRun]) -> list[str]:
    """Say what makes the figures doubtful, a line each."""
    found = [
        f"The run of mode {run.mode} was interrupted: this is what was measured until then."
        for run in runs
        if run.metadata.get("interrupted")
    ]
    first = runs[0].metadata
    others = [run for run in runs if any(run.metadata.get(key) != first.get(key) for key in SAME)]
    if others:
        named = ", ".join(run.mode for run in others)
        found.append(
            f"Not all runs are of one machine with the same versions: do not compare the times of"
            f" {named} with those of {runs[0].mode}."
        )
    if "(python)" in str(first.get("protobuf_version", "")):
        found.append("protobuf ran in pure Python: the usual way is far slower than elsewhere.")
    return found


def noise(run: ServingRun) -> float | None:
    """Return how far half of the rounds are from the ratio, in the noisier half of the matrix."""
    cells = [cell for cell in run.matrix.cells if cell.side == OURS]
    found = [run.matrix.ratio(cell._replace(side=OBJECTS), cell) for cell in cells]
    known = sorted(each[1] for each in found if each)
    return known[len(known) * 3 // 4] if known else None


def _measured(runs: Sequence[ServingRun]) -> Iterator[tuple[str, str]]:
    for run in runs:
        told = run.metadata
        seconds = told.get("seconds")
        lasted = f"{seconds:g} s" if isinstance(seconds, (int, float)) else "?"
        quick = " (quick)" if told.get("quick") else ""
        yield (
            f"run: {run.mode}",
            f"{str(told.get('date', ''))[:16]}, {lasted}{quick}",
        )
        apart = noise(run)
        if apart is not None:
            yield (
                "noise of ratios",
                f"half of the rounds are within {figures.percent(apart)}, in 3 of 4 cells",
            )
    answer = runs[0].metadata.get("answer")
    if answer in MODELS:
        yield "model", MODELS[answer]
