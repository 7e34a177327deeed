"""The page for a run of ``python -m bench.engines``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import figures
from ..command import command
from ..engines import table
from ..engines.gains import lines
from ..engines.records import read
from ..engines.scenario import ARMS
from .page import Column, Page, Section, Table, machine, numeric

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..engines.records import Result


def build(path: str) -> Page:
    """Read the file and return its page.

    Raises
    ------
    RunFileError
        It cannot be read, or is of something else.
    """
    run = read(path)
    facts = machine({"date": run.date, **run.machine})
    names = ("processor", "cores", "system", "Python")
    known = [facts[name] + " cores" * (name == "cores") for name in names if name in facts]
    origin = [command("engines"), *known, run.date[:16]]
    warnings = [text for text in map(table.trouble, run.results) if text]
    if run.interrupted:
        warnings.insert(0, "The run was interrupted: this is what was measured until then.")
    if run.quick:
        warnings.append("The run was a quick one: few rounds, which disagree more often.")
    sections = [_section(result) for result in run.results if result.cells]
    sections.append(
        Section("Machine and versions", facts=[*facts.items(), *_versions(run.results)])
    )
    answers = [(table.QUESTION, list(table.answers(run.results)))]
    headline = "Each engine as it is, with tensorwire inside, and the same route by hand."
    return Page("In the engines that people run", origin, warnings, [headline], answers, sections)


def _section(result: Result) -> Section:
    """Return the table of a scenario, and what is to be known of it."""
    columns = [Column("case"), *numeric(*ARMS, "times as fast", "rounds", "by hand, times")]
    rows = [
        [
            f"{line.engine}: {line.case}, {line.metric.name}",
            *table.cells(line),
            "-" if line.gain is None else f"{line.gain.low:.2f} to {line.gain.high:.2f}",
            table.worth(line.by_hand),
        ]
        for line in lines(result.cells)
    ]
    paragraphs = [table.NOTE + " Rounds: the least and the most of them."]
    paragraphs += table.notes(result)
    title = f"{result.name}: {result.title}"
    made = Table(title, columns, rows)
    return Section(title, result.question, paragraphs=paragraphs, table=made)


def _versions(results: list[Result]) -> Iterator[tuple[str, str]]:
    for result in results:
        versions = ", ".join(f"{name} {version}" for name, version in result.versions.items())
        lasted = f"{figures.duration(result.seconds)}" if result.cells else "not measured"
        yield result.name, ", ".join(filter(None, (versions, lasted)))
