"""What is written around the tables of a run: what measures, refusals, and how sure it is."""

from __future__ import annotations

import sys
from statistics import median
from typing import TYPE_CHECKING

from . import figures
from .measure import machine
from .measure.results import DISAGREE, NOISY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .advice.wording import Answer
    from .measure.results import Results
    from .measure.run import Session
    from .screen import Screen


def begin(notes: Sequence[str], screen: Screen, *, quiet: bool) -> None:
    """Write what measures, and, even where quiet, what makes it unlike other runs."""
    if not quiet:
        facts = machine.facts()
        screen.line(", ".join(f"{name} {value}" for name, value in facts.items()), "note")
    for note in notes:
        screen.line(note, "warning")


def legend(screen: Screen, *lines: str) -> None:
    """Write what the tables above mean."""
    screen.line()
    for line in lines:
        screen.line(line, "note")


def missed(lines: Sequence[str], screen: Screen) -> None:
    """Write which promises were not kept."""
    screen.heading("All targets are met." if not lines else "Missed targets")
    for line in lines:
        screen.line(f"- {line}")


def refusals(results: Results, screen: Screen, names: Sequence[str] | None = None) -> None:
    """Write what could not be measured, and why: of these implementations, or of all."""
    found = {
        (name, reason): cases
        for (name, reason), cases in results.refusals().items()
        if names is None or name in names
    }
    if found:
        screen.line()
    for (name, reason), cases in found.items():
        labels = ", ".join(results.cases[number].label for number in cases)
        screen.line(f"{name} cannot carry {labels}: {reason}")


def ended(session: Session) -> list[str]:
    """Return why a run is shorter than it was to be."""
    reasons = {"Interrupted": session.interrupted, "A worker failed": bool(session.failure)}
    return [f"{why}: this is what was measured until then." for why, so in reasons.items() if so]


def early(session: Session, screen: Screen) -> None:
    """Write, near the answer, that the run ended before its time."""
    for line in ended(session):
        screen.line(line, "warning")


def trust(session: Session, results: Results, screen: Screen) -> None:
    """Write how much was measured, and how much of a difference is noise."""
    early(session, screen)
    counts = [results.count(cell) for cell in results.samples.seconds]
    if not counts:
        return
    cells = sum(not cell.control for cell in results.samples.seconds)
    processes = max(len(each) for each in results.samples.seconds.values())
    least, most = min(counts), max(counts)
    by = " by pyperf" if results.samples.runs else ""
    samples = f"{least} to {most}" if least < most else f"{most}"
    screen.line(
        f"{figures.counted(cells, 'timing')}, each checked first, in turn{by} in"
        f" {processes} process{'es' * (processes > 1)} and {session.seconds:.0f} s;"
        f" {samples} sample{'s' * (most > 1)} each.",
        "note",
    )
    noise(results, screen)


def noise(results: Results, screen: Screen, *, quiet: bool = False) -> None:
    """Write how far the processes differ on the times of codecs; quiet, only if it is far."""
    cells = results.codec_cells
    spreads = [results.spread(cell) for cell in cells]
    usual, apart = (
        (median(spreads) if spreads else 1.0) - 1,
        sum(each > DISAGREE for each in spreads),
    )
    text = f"Noise: the same time differs by {figures.percent(usual)} between processes"
    if apart:
        text += f", {apart} of {len(cells)} times by more than {figures.percent(DISAGREE - 1)}"
        text += " (marked ~)"
    if max((len(results.by_process(cell)) for cell in cells), default=0) < 2:
        text = "Noise: unknown, since a single process measured"
    if not quiet or usual > NOISY:
        screen.line(f"{text}.", "note")
    waited = median(results.samples.waited or [0.0])
    if waited > NOISY:
        text = f"Others had the processor in {figures.percent(waited)} of the time: times of a"
        screen.line(f"{text} millisecond and more, and their factors, are too large.", "warning")
    if usual > NOISY or waited > NOISY:
        more = "a higher -p" if results.samples.runs else "more --seconds"
        text = f"The machine is busy: close other programs, or give it {more}."
        if sys.platform == "linux" and not quiet:
            text += " sudo python -m pyperf system tune quiets it (system reset undoes that)."
        screen.line(text, "warning")


def answer(found: Answer, screen: Screen) -> None:
    """Write the advice: reasons first, so that what to take stands in the last line."""
    screen.heading(found.title)
    for label, text in found.entries:
        screen.entry(label, text)
    screen.line(found.verdict, "title")
