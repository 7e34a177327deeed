"""Put a run on the screen: the times in one table, then the answer; details on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import links, tables, targets
from ..advice import wording
from ..advice.advice import advise
from ..advice.links import advise_links
from ..implementations.implementation import FIRST_USE, is_codec
from ..summary import answer, begin, early, legend, missed, noise, refusals, trust
from .targets import promises

if TYPE_CHECKING:
    from ..cli import Options
    from ..measure.results import Results
    from ..measure.run import Session
    from ..screen import Screen
    from .traffic import Sample

BASELINES = "objects: through Python lists and message objects, as Seldon's wrapper does it."
UNTIMED = "A time of -: the codec refuses the values, or one call takes too long (see --details)."
ALONE = (
    "alone: the bare library, no envelope. x memcpy: the time of the last column's payload, in"
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


def show(
    session: Session,
    options: Options,
    notes: list[str],
    screen: Screen,
    *,
    sample: Sample | None = None,
) -> None:
    """Write everything a person asked for."""
    results = session.shown()
    promised = list(promises()) if options.targets else []
    begin(notes, screen, quiet=options.quiet)
    if sample:
        screen.heading(f"Recorded in {sample.traffic.name}")
        for label, text in sample.contents():
            screen.entry(label, text)
    if not options.quiet:
        if promised:
            screen.table(targets.table(results, promised))
            legend(screen, JUDGED)
        else:
            _tables(results, screen, details=options.details)
        if results.memory:
            for table in tables.memory(results):
                screen.table(table)
            legend(screen, *tables.memory_legend(results))
        _links(results, screen, details=options.details)
        if promised or options.details:
            # What a codec refuses is part of the advice.
            baselines = [name for name in results.implementations if not is_codec(name)]
            refusals(results, screen, None if promised else baselines)
        trust(session, session.results(), screen)
    else:
        early(session, screen)
        noise(results, screen, quiet=True)
    if promised:
        missed(targets.missed(results, promised), screen)
    else:
        for section in tables.sections(results):
            found, also = advise(results, section), [*links.entries(results, section)]
            also += sample.totals(session.results(), found) if sample else ()
            answer(wording.answer(found, also), screen)


def _tables(results: Results, screen: Screen, *, details: bool) -> None:
    lines = dict.fromkeys((tables.LEGEND, BASELINES))
    for section, chosen in tables.sections(results).items():
        if details:
            for operation in results.operations:
                screen.table(tables.times(results, operation, section, chosen))
            screen.table(tables.sizes(results, section, chosen))
        table = tables.overview(results, section, chosen, screen.width)
        screen.table(table)
        if tables.SHORT[FIRST_USE] in table.columns:
            lines[tables.WIDE.format(results.cases[chosen[-1]].label)] = None
    lines |= dict.fromkeys((ALONE, *[USED] * (FIRST_USE in results.operations))) if details else {}
    if not details and any(tables.in_overview(name) for name, _ in results.refusals()):
        lines[UNTIMED] = None
    legend(screen, *lines)


def _links(results: Results, screen: Screen, *, details: bool) -> None:
    found = advise_links(results)
    for advice in found:
        for table in links.bodies(results, advice) if details else ():
            screen.table(table)
        screen.table(links.table(results, advice))
    if found:
        legend(screen, links.MODEL, links.READERS)
        screen.table(links.checks(results))
        if line := links.agreement(results):
            legend(screen, line)
        screen.line()
