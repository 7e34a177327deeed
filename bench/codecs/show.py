"""Put a run on the screen: tables, then the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.codecs import answer, avoid, tables, targets
from bench.codecs.advice import scores_of
from bench.measuring import environment
from bench.screen import figures

if TYPE_CHECKING:
    from bench.measuring.results import Results
    from bench.measuring.session import Session
    from bench.options import Options
    from bench.screen.render import Screen

NOISY = 0.10
FEW = 5


def show(session: Session, options: Options, notes: list[str], screen: Screen) -> None:
    """Write everything a person asked for."""
    results = session.results()
    if not options.quiet:
        facts = environment.facts()
        screen.line(", ".join(f"{name} {value}" for name, value in facts.items()), "note")
        for note in notes:
            screen.line(note, "warning")
        if options.targets:
            _targets(results, screen)
        else:
            _tables(results, screen)
        refusals(results, screen)
        trust(session, results, screen)
    if options.targets:
        lines = targets.missed(results)
        screen.heading("All targets are met." if not lines else "Missed targets")
        for line in lines:
            screen.line(f"- {line}")
    else:
        _answer(results, screen)


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


def _targets(results: Results, screen: Screen) -> None:
    screen.table(targets.table(results))
    screen.line()
    screen.line(
        "100,000 float64 unless said, where each does worst. met; level: missed by less than the"
        " noise; MISSED.",
        "note",
    )


def refusals(results: Results, screen: Screen) -> None:
    """Say what could not be measured, and why."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for (case, way), facts in results.facts.items():
        if facts.cannot is not None:
            reasons.setdefault((way, facts.cannot), []).append(results.cases[case].label)
    if reasons:
        screen.line()
    for (way, reason), labels in reasons.items():
        screen.line(f"{way} cannot carry {', '.join(labels)}: {reason}")


def trust(session: Session, results: Results, screen: Screen) -> None:
    """Say how much was measured, and how far equal things differed."""
    counts = [results.count(cell) for cell in results.samples.seconds]
    if not counts:
        return
    cells = sum(not cell.twin for cell in results.samples.seconds)
    processes = max(len(each) for each in results.samples.seconds.values())
    screen.line()
    screen.line(
        f"{cells} cells, each checked before it was timed, in turn in {processes}"
        f" process{'es' * (processes > 1)},"
        f" {session.seconds:.0f} s; {min(counts)} to {max(counts)} samples each.",
        "note",
    )
    noises = {
        case.label: results.noise(number)
        for number, case in enumerate(results.cases)
        if results.pairs(number)
    }
    if not noises:
        return
    each = ", ".join(f"{label}: {figures.percent(noise)}" for label, noise in noises.items())
    screen.line(f"Noise, from equal cells measured twice: {each}.", "note")
    if max(noises.values()) > NOISY:
        screen.line("That is high: close other programs, or give it more --seconds.", "warning")


def _answer(results: Results, screen: Screen) -> None:
    for section, chosen in tables.sections(results).items():
        scores = scores_of(results, section)
        if not any(
            (column, name) in scores.seconds for column in scores.columns for name in scores.codecs
        ):
            continue
        screen.table(answer.table(scores, section, " + ".join(results.operations)))
        screen.line()
        for line in answer.overall(scores):
            screen.line(line)
        crossings = answer.crossing_lines(scores)
        if crossings:
            screen.line()
            screen.line("Crossovers, there and back:")
            for line in crossings:
                screen.line(f"- {line}")
        warnings = avoid.warnings(results, chosen[-1], scores)
        if warnings:
            screen.line()
            screen.line("Avoid:")
            for line in warnings:
                screen.line(f"- {line}")
