"""What is written around the tables of a run: what measures, refusals, and how sure it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from . import figures
from .measure import machine
from .measure.results import NOISY

if TYPE_CHECKING:
    from collections.abc import Sequence

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


def listed(screen: Screen, title: str, lines: Sequence[str]) -> None:
    """Write a list with its title, unless it is empty."""
    if lines:
        screen.line()
        screen.line(title)
    for line in lines:
        screen.line(f"- {line}")


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


def trust(session: Session, results: Results, screen: Screen) -> None:
    """Write how much was measured, and how much of a difference is noise."""
    counts = [results.count(cell) for cell in results.samples.seconds]
    if not counts:
        return
    cells = sum(not cell.control for cell in results.samples.seconds)
    processes = max(len(each) for each in results.samples.seconds.values())
    rigorous = bool(results.samples.runs)
    order = "in turn by pyperf, each" if rigorous else "in turn"
    least, most = min(counts), max(counts)
    samples = f"{least} to {most}" if least < most else f"{most}"
    screen.line()
    screen.line(
        f"{cells} cell{'s' * (cells > 1)}, each checked before it was timed, {order} in {processes}"
        f" process{'es' * (processes > 1)},"
        f" {session.seconds:.0f} s; {samples} sample{'s' * (most > 1)} each.",
        "note",
    )
    noise(results, screen)


def noise(results: Results, screen: Screen, *, apart: bool = False) -> None:
    """Write how far equal cells differed, after an empty line if nothing comes before it."""
    noises = {
        case.label: results.noise(number)
        for number, case in enumerate(results.cases)
        if results.pairs(number)
    }
    if not noises:
        return
    if apart:
        screen.line()
    each = ", ".join(f"{label}: {figures.percent(noise)}" for label, noise in noises.items())
    screen.line(f"Noise, from equal cells measured twice: {each}.", "note")
    if max(noises.values()) > NOISY:
        more = "a higher -p" if results.samples.runs else "more --seconds"
        screen.line(f"That is high: close other programs, or give it {more}.", "warning")
        if sys.platform == "linux":
            screen.line(
                "A quieter machine: sudo python -m pyperf system tune (system reset undoes it).",
                "warning",
            )
