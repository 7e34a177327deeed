"""Put a run on the screen: tables, then the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import links, tables, targets
from ..advice import wording
from ..advice.advice import advise, scored
from ..advice.links import advise_links
from ..implementations.implementation import FIRST_USE, is_codec
from ..summary import begin, legend, listed, missed, noise, refusals, trust
from .targets import promises

if TYPE_CHECKING:
    from ..cli import Options
    from ..measure.results import Results
    from ..measure.run import Session
    from ..screen import Screen

BASELINES = (
    "objects: the way of Seldon's Python wrapper, through Python lists and messages. alone:"
    " the bare library, no envelope. x memcpy: the time of the last column's payload, in"
    " copies of its memory. Bytes of a baseline: its codec's within 10 % if not listed."
)
USED = (
    "decode and first use: with one sum over the values (raw: as the payload's dtype), as the next"
    " line of a program does. A view is made in no time, and read then, mostly at an address that"
    " no dtype has chosen; a copy is in the caches already."
)
JUDGED = (
    "100,000 float64 unless said, where each does worst. met; level: missed by less than the"
    " noise; MISSED."
)


def show(session: Session, options: Options, notes: list[str], screen: Screen) -> None:
    """Write everything a person asked for."""
    results = session.results()
    promised = list(promises()) if options.targets else []
    begin(notes, screen, quiet=options.quiet)
    if not options.quiet:
        if promised:
            screen.table(targets.table(results, promised))
            legend(screen, JUDGED)
        else:
            _tables(results, screen)
        if results.memory:
            for table in tables.memory(results):
                screen.table(table)
            legend(screen, *tables.memory_legend(results))
        _links(results, screen)
        # What a codec refuses is part of the advice.
        baselines = [name for name in results.implementations if not is_codec(name)]
        refusals(results, screen, None if promised else baselines)
        trust(session, results, screen)
    if promised:
        missed(targets.missed(results, promised), screen)
    else:
        _answer(results, screen)
    if options.quiet:
        noise(results, screen, apart=True)


def _tables(results: Results, screen: Screen) -> None:
    for section, chosen in tables.sections(results).items():
        for operation in results.operations:
            screen.table(tables.times(results, operation, section, chosen))
        screen.table(tables.sizes(results, section, chosen))
    legend(screen, tables.LEGEND, BASELINES, *[USED] * (FIRST_USE in results.operations))


def _links(results: Results, screen: Screen) -> None:
    found = advise_links(results)
    for advice in found:
        for table in links.bodies(results, advice):
            screen.table(table)
        screen.table(links.table(results, advice))
    if found:
        legend(screen, links.MODEL, links.READERS)
        screen.table(links.checks(results))
        if line := links.agreement(results):
            legend(screen, line)


def _answer(results: Results, screen: Screen) -> None:
    for advice in advise_links(results):
        screen.heading(f"Compress? {links.title(results, advice)}")
        for line in links.answer(advice):
            screen.line("- " * screen.markdown + line)
    operations = " + ".join(results.summed)
    for number, section in enumerate(tables.sections(results)):
        found = advise(results, section)
        if found.best:
            screen.table(tables.answer(scored(results, section), section, operations))
            screen.line()
        else:
            screen.heading(f"Which format? {section}")
        for place, line in enumerate(wording.sentences(found, general=number == 0)):
            # The answer is bold; the reasons are there for whoever reads on.
            style = "title" if place < len(found.best) else ""
            screen.line("- " * screen.markdown + line, style)
        crossings = wording.crossing_lines(found.crossovers, found.columns[-1])
        listed(screen, f"Crossovers, {operations}:", crossings)
        for column, lines in wording.avoid_by_column(found.avoid).items():
            listed(screen, f"Avoid ({wording.at(found, column)}):", lines)
