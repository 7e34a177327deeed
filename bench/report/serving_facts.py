"""Machine, versions, noise, and how each file was measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report.page import facts, section
from bench.screen import figures
from bench.serving.cells import OBJECTS, OURS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.report.markup import Markup
    from bench.serving.recorded import ServingRun

MACHINE = (
    ("CPU", ("cpu", "cpu_model_name")),
    ("cores", ("cores", "cpu_count")),
    ("system", ("system", "platform")),
    ("Python", ("bench_python",)),
    ("GIL", ("gil",)),
    ("commit", ("git_commit",)),
    ("load before", ("load_avg_1min",)),
)
"""What is listed, and where it stands: of the keys the first that is there."""
VERSIONS = ("numpy", "orjson", "pysimdjson", "pybase64", "protobuf", "grpcio", "uvicorn", "flask")
SAME = ("cpu", "cores", "bench_python", "protobuf_version", "grpcio_version")
"""What must be the same for two files to be compared."""
MODELS = {
    "sum": "predict answers with the sum of the values, predict_raw with [1]",
    "echo": "the model answers with what it got",
}


def facts_section(runs: Sequence[ServingRun]) -> Markup:
    """Return the part of the page."""
    told = [*_machine(runs[0].metadata), *_measured(runs)]
    return section("Machine and measurement", facts(told))


def origin(runs: Sequence[ServingRun]) -> str:
    """Say in a line where and when this was measured."""
    told = runs[0].metadata
    cores = told.get("cores", told.get("cpu_count", "?"))
    parts = [told.get("cpu", told.get("cpu_model_name", "unknown CPU")), f"{cores} cores"]
    parts += [told.get("system", ""), told.get("bench_python", ""), str(told.get("date", ""))[:16]]
    modes = ", ".join(run.mode for run in runs)
    return f"python -m bench.serving: {modes}. {', '.join(str(part) for part in parts if part)}."


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


def _machine(metadata: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    for name, keys in MACHINE:
        value = next((metadata[key] for key in keys if key in metadata), None)
        if value is not None:
            yield name, f"{value}"
    memory = metadata.get("memory_bytes")
    if isinstance(memory, int):
        yield "memory", figures.size(memory)
    for name in VERSIONS:
        version = metadata.get(f"{name}_version")
        if version not in (None, "none"):
            yield name, f"{version}"


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
