"""Put a run on the screen: tables, then the answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench.codecs import answer, avoid, memory_tables, sentences, tables, targets
from bench.advice.advice import advise, scored
from bench.codecs.places import at
from bench.implementations.implementation import FIRST_USE, is_codec
from bench.measure import environment
from bench.measure.results import NOISY
from bench import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.measure.results import Results
    from bench.measure.session import Session
    from bench.options import Options
    from bench.screen.render import Screen


USED = (
    "decode and first use: with one sum over the values (raw: as the payload's dtype), as the next"
    " line of a program does. A view is made in no time, and read then, mostly at an address that"
    " no dtype has chosen; a copy is in the caches already."
)


def show(session: Session, options: Options, notes: list[str], screen: Screen) -> None:
    """Write everything a person asked for."""
    results = session.results()
    begin(options, notes, screen)
    if not options.quiet:
        if options.targets:
            _targets(results, screen)
        else:
            _tables(results, screen)
        memory_tables.draw(results, screen)
        if options.targets:
            refusals(results, screen)
        else:
            # What a codec refuses is part of the advice.
            refusals(results, screen, [name for name in results.ways if not is_codec(name)])
        trust(session, results, screen)
    if options.targets:
        missed(targets.missed(results), screen)
    else:
        _answer(results, screen)
    if options.quiet:
        noise(results, screen, apart=True)


def begin(options: Options, notes: list[str], screen: Screen) -> None:
    """Say what measures, and what makes it unlike other runs: that, whoever wants it quiet too."""
    if not options.quiet:
        facts = environment.facts()
        screen.line(", ".join(f"{name} {value}" for name, value in facts.items()), "note")
    for note in notes:
        screen.line(note, "warning")


def missed(lines: Sequence[str], screen: Screen) -> None:
    """Say which promises were not kept."""
    screen.heading("All targets are met." if not lines else "Missed targets")
    for line in lines:
        screen.line(f"- {line}")


def _tables(results: Results, screen: Screen) -> None:
    for section, chosen in tables.sections(results).items():
        for operation in results.operations:
            screen.table(tables.times(results, operation, section, chosen))
        screen.table(tables.sizes(results, section, chosen))
    screen.line()
    screen.line(tables.LEGEND, "note")
    screen.line(
        "objects: the way of Seldon's Python wrapper, through Python lists and messages. alone:"
        " the bare library, no envelope. x memcpy: the time of the last column's payload, in"
        " copies of its memory. Bytes of a baseline: its codec's within 10 % if not listed.",
        "note",
    )
    if FIRST_USE in results.operations:
        screen.line(USED, "note")


def _targets(results: Results, screen: Screen) -> None:
    screen.table(targets.table(results))
    screen.line()
    screen.line(
        "100,000 float64 unless said, where each does worst. met; level: missed by less than the"
        " noise; MISSED.",
        "note",
    )


def refusals(results: Results, screen: Screen, ways: Sequence[str] | None = None) -> None:
    """Say what could not be measured, and why: of these ways, or of all."""
    found = {
        (way, reason): cases
        for (way, reason), cases in results.refusals().items()
        if ways is None or way in ways
    }
    if found:
        screen.line()
    for (way, reason), cases in found.items():
        labels = ", ".join(results.cases[number].label for number in cases)
        screen.line(f"{way} cannot carry {labels}: {reason}")


def trust(session: Session, results: Results, screen: Screen) -> None:
    """Say how much was measured, and what of it is noise."""
    counts = [results.count(cell) for cell in results.samples.seconds]
    if not counts:
        return
    cells = sum(not cell.twin for cell in results.samples.seconds)
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
    """Say how far equal things differed, after an empty line if it stands by itself."""
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


def _answer(results: Results, screen: Screen) -> None:
    operations = " + ".join(results.summed)
    for number, section in enumerate(tables.sections(results)):
        found, scores = advise(results, section), scored(results, section)
        if found.best:
            screen.table(answer.table(scores, section, operations))
            screen.line()
        else:
            screen.heading(f"Which format? {section}")
        for place, line in enumerate(sentences.of(found, general=number == 0)):
            # The answer stands out; the reasons are there for whoever reads on.
            style = "title" if place < len(found.best) else ""
            screen.line("- " * screen.markdown + line, style)
        _listed(screen, f"Crossovers, {operations}:", answer.crossing_lines(scores))
        for where, lines in avoid.by_column(found.avoid).items():
            _listed(screen, f"Avoid ({at(found, where)}):", lines)


def _listed(screen: Screen, title: str, lines: list[str]) -> None:
    if lines:
        screen.line()
        screen.line(title)
    for line in lines:
        screen.line(f"- {line}")
