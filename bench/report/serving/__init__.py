"""The page for runs of ``python -m bench.serving``: a file of each mode at most."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from ... import figures
from ...command import command
from ...measure import runfile
from ...measure.runfile import RunFileError
from ...serving.cells import OURS
from ...serving.records import MODE, read
from ..page import Page, Section, machine
from .hop import hop_answers, hop_section
from .loads import concurrent_section, load_answers, throughput_section
from .matrix import breakdown_section, matrix_answers, matrix_section, picture
from .scale import scale_answer, scale_section
from .starts import starts_answer, starts_section

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ...serving.records import ServingRun

MODES: Mapping[str, str] = {
    "latency": "One client",
    "throughput": "Many clients",
    "concurrent": "From one client up",
    "load": "Starting",
    "scale": "Workers that come and go",
    "hop": "One service in front",
}
"""Headings of the answers, in the order of the page."""
SAME = ("cpu", "cores", "bench_python", "protobuf_version", "grpcio_version")
"""What must be the same for two files to be compared."""
MODELS = {
    "sum": "predict answers with the sum of the values, predict_raw with [1]",
    "echo": "the model answers with what it got",
}


def claims(path: str) -> bool:
    """Whether this is a file of bench.serving; a file that cannot be read is not."""
    try:
        return MODE in runfile.load(path).get_metadata()
    except RunFileError:
        return False


def build(paths: Sequence[str]) -> Page:
    """Read the files and return their page.

    Raises
    ------
    RunFileError
        One of them cannot be read, is of something else, or there are two of one mode.
    """
    runs = sorted(map(read, paths), key=lambda run: list(MODES).index(run.mode))
    for first, second in pairwise(runs):
        if first.mode == second.mode:
            raise RunFileError(
                f"{second.path}: expected one run of each mode, got two of {second.mode}"
            )
    (headline, *rest), *others = ([*_answers(run)] or [""] for run in runs)
    answers = [
        (MODES[run.mode] if len(runs) > 1 else "", lines)
        for run, lines in zip(runs, (rest, *others), strict=True)
        if lines
    ]
    sections = [section for run in runs for section in _sections(run)]
    facts = machine(runs[0].metadata)
    facts.pop("date", None)  # each run has its own
    sections.append(Section("Machine and measurement", facts=[*facts.items(), *_measured(runs)]))
    origin = _origin(runs)
    draw = partial(picture, runs[0].matrix, origin) if runs[0].matrix.cells else None
    title = "What a format costs in a whole request"
    return Page(title, origin, list(_warnings(runs)), [headline], answers, sections, draw)


def _sections(run: ServingRun) -> Iterator[Section]:
    if run.mode == "latency":
        yield matrix_section(run.matrix)
        yield breakdown_section(run.matrix)
    elif run.mode == "throughput":
        yield throughput_section(run.loads)
    elif run.mode == "concurrent":
        yield concurrent_section(run.loads)
    elif run.mode == "load":
        yield starts_section(run.starts, run.what)
    elif run.mode == "scale":
        yield scale_section(run.phases)
    else:
        yield hop_section(run.hops)


def _answers(run: ServingRun) -> Iterator[str]:
    """Return what a file shows, a sentence each."""
    if run.mode == "latency":
        yield from matrix_answers(run.matrix)
    elif run.mode in ("throughput", "concurrent"):
        yield from load_answers(run.loads)
    elif run.mode == "load":
        yield starts_answer(run.starts)
    elif run.mode == "scale":
        yield scale_answer(run.phases)
    else:
        yield from hop_answers(run.hops)


# Machine and measurement


def _origin(runs: Sequence[ServingRun]) -> list[str]:
    known = machine(runs[0].metadata)
    parts = [f"{command('serving')}: {', '.join(run.mode for run in runs)}"]
    parts += [known.get("processor", "unknown CPU"), f"{known.get('cores', '?')} cores"]
    parts += [known[name] for name in ("system", "Python") if name in known]
    return [*parts, *([known["date"][:16]] if "date" in known else [])]


def _warnings(runs: Sequence[ServingRun]) -> Iterator[str]:
    for run in runs:
        if run.metadata.get("interrupted"):
            yield (
                f"The run of mode {run.mode} was interrupted: this is what was measured until then."
            )
    first = runs[0].metadata
    others = [run for run in runs if any(run.metadata.get(key) != first.get(key) for key in SAME)]
    if others:
        named = ", ".join(run.mode for run in others)
        yield (
            "Not all runs are of one machine with the same versions: do not compare the times of"
            f" {named} with those of {runs[0].mode}."
        )
    if "(python)" in str(first.get("protobuf_version", "")):
        yield "protobuf ran in pure Python: the usual way is far slower than elsewhere."


def _measured(runs: Sequence[ServingRun]) -> Iterator[tuple[str, str]]:
    for run in runs:
        seconds = run.metadata.get("seconds")
        lasted = f"{seconds:g} s" if isinstance(seconds, (int, float)) else "?"
        quick = " (quick)" if run.metadata.get("quick") else ""
        date = str(run.metadata.get("date", ""))[:16]
        yield f"run: {run.mode}", f"{date}, {lasted}{quick}"
        ratios = [run.matrix.gain(cell) for cell in run.matrix.cells if cell.side == OURS]
        apart = sorted(each[1] for each in ratios if each)
        if apart:
            within = figures.percent(apart[len(apart) * 3 // 4])
            yield "noise of ratios", f"half of the rounds are within {within}, in 3 of 4 cells"
    answer = runs[0].metadata.get("answer")
    if answer in MODELS:
        yield "model", MODELS[answer]
