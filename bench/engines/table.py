"""One table of all scenarios, and what each engine would gain: "what would I gain tomorrow?"."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from .. import figures
from ..screen import Row, Table
from .gains import FASTER, NOTHING, SLOWER, UNCLEAR, Line, decisive, lines
from .scenario import ARMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..screen import Screen
    from .gains import Ratio
    from .records import Result, Run

COLUMNS = (*ARMS, "times as fast")
QUESTION = "What would I gain tomorrow?"
NOTE = (
    "Medians of rounds in which all arms took turns. Times as fast: with tensorwire, beside the"
    " engine as it is. No gain: within 5 %, or the rounds disagree; unclear: they disagree widely,"
    " or more requests fail. In brackets: requests that failed."
)
SHOWN = 4
"""Cases that a sentence names."""


def show(run: Run, screen: Screen, *, quiet: bool = False) -> None:
    """Write the table, what stands below it, and the answers, or these alone."""
    if not quiet:
        screen.table(table(run.results))
        if run.interrupted:
            screen.line("interrupted: this is what was measured until then.", "warning")
        for result in run.results:
            for note in notes(result):
                screen.line(f"{result.name}: {note}", "note")
    for result in run.results:
        if reason := trouble(result):
            screen.line(reason, "warning")
    found = list(answers(run.results))
    if found:
        screen.heading(QUESTION)
        for text in found:
            screen.line(text)


def table(results: Sequence[Result]) -> Table:
    """Return the one table."""
    made = Table("Engines as they are, with tensorwire, and by hand", COLUMNS, note=NOTE)
    for result in results:
        found = lines(result.cells)
        for engine in dict.fromkeys(line.engine for line in found):
            made.rows.append(Row(f"{result.name}: {engine}", style="group"))
            of_engine = [line for line in found if line.engine == engine]
            made.rows += [Row(_label(line, of_engine), cells(line)) for line in of_engine]
    return made


def cells(line: Line) -> tuple[str, ...]:
    """Return the cells of a row, as text."""
    return (*(_figure(line, arm) for arm in ARMS), worth(line.gain, line.verdict))


def worth(ratio: Ratio | None, verdict: str = "") -> str:
    """Write what a ratio is worth: ``15.4x``, ``no gain``, ``0.81x, slower``."""
    if ratio is None:
        return "-"
    verdict = verdict or ratio.verdict
    if verdict == FASTER:
        return figures.ratio(ratio.middle)
    if verdict == SLOWER:
        return f"{figures.ratio(ratio.middle)}, slower"
    return verdict


def notes(result: Result) -> Iterator[str]:
    """Return the sentences below the table: the known result, failed requests, notes."""
    if result.known and result.cells:
        yield f"as published: {result.known.result} ({result.known.source})."
    for arm in ARMS:
        failures = sum(cell.failures for cell in result.cells if cell.arm == arm)
        if failures:
            sent = sum(cell.requests for cell in result.cells if cell.arm == arm)
            yield f"{arm}: {failures:,} of {figures.counted(sent, 'request')} failed."
    yield from result.notes


def trouble(result: Result) -> str:
    """Return why a scenario has no result, or not all of it; empty if nothing went wrong."""
    if result.missing:
        return f"{result.name}: skipped: {result.missing}"
    return f"{result.name}: failed: {result.failed}" if result.failed else ""


def answers(results: Sequence[Result]) -> Iterator[str]:
    """Return a sentence for each engine."""
    found = decisive(line for result in results for line in lines(result.cells))
    for engine in dict.fromkeys(line.engine for line in found):
        yield f"{engine}: {_answer([line for line in found if line.engine == engine])}"


def _answer(found: Sequence[Line]) -> str:
    """Say where there is a gain, the largest first, and where there is none."""
    by: dict[str, list[tuple[Ratio, Line]]] = {}
    for line in found:
        if line.gain is not None:
            by.setdefault(line.verdict, []).append((line.gain, line))
    parts = []
    gains = sorted(by.pop(FASTER, []), key=lambda each: -each[0].middle)
    if gains:
        named = [_gain(ratio, line) for ratio, line in gains[:SHOWN]]
        more = len(gains) - SHOWN
        parts.append("; ".join(named) + (f"; and {more} more" if more > 0 else ""))
    if slower := by.pop(SLOWER, []):
        parts.append(
            "slower: " + ", ".join(f"{line.case} ({figures.ratio(r.middle)})" for r, line in slower)
        )
    parts += [
        f"{verdict} for {_listed([line.case for _, line in by[verdict]])}"
        for verdict in (NOTHING, UNCLEAR)
        if verdict in by
    ]
    return ". ".join(part[0].upper() + part[1:] for part in parts) + "." if parts else "not known."


def _gain(ratio: Ratio, line: Line) -> str:
    """Name a gain, and what one gets of it by hand."""
    text = f"{figures.ratio(ratio.middle)} for {line.case}"
    hand = line.by_hand
    return f"{text} (by hand {worth(hand)})" if hand is not None else text


def _listed(cases: Sequence[str]) -> str:
    more = len(cases) - SHOWN
    return "; ".join(cases[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _label(line: Line, of_engine: Sequence[Line]) -> str:
    """Name the metric where a case has several."""
    several = sum(each.case == line.case for each in of_engine) > 1
    return f"{line.case}, {line.metric.name}" if several else line.case


def _figure(line: Line, arm: str) -> str:
    cell = line.arms.get(arm)
    if cell is None:
        return "-"
    middle = median(cell.samples)
    text = f"{middle:,.0f}/s" if middle >= 1000 else f"{figures.three_digits(middle)}/s"
    if cell.metric.unit == "s":
        text = figures.duration(middle)
    failed = line.failed(arm)
    return f"{text} ({figures.percent(failed)})" if failed else text
