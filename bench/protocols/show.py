"""Put a run over the protocols on the screen: tables, then the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .. import figures, tables, targets
from ..advice import wording
from ..advice.advice import advise
from ..implementations.implementation import codec_of, label_of
from ..implementations.protocols import PEEK, PROTOCOLS
from ..screen import Row, Table
from ..summary import answer, begin, early, legend, missed, noise, refusals, trust
from .plan import GROWTH
from .targets import promises

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..cli import Options
    from ..measure.results import Results
    from ..measure.run import Session
    from ..screen import Screen

LEGEND = (
    "* quickest of its group, = one of several that are equally fast. A message is made"
    " and taken apart within the time. objects: official message objects, orjson with tolist and"
    " np.array. protobuf, msgpack, json: Seldon's codecs, an array without a message around it."
    " x memcpy: the time of the last column's payload, in copies of its memory. Bytes of objects:"
    " those of the protocol within 10 % if not listed."
)
JUDGED = (
    "Where each does worst, of its payloads. met; level: missed by less than the noise; MISSED."
    " 1.1x counts as just as fast. One value: 3x the Seldon codec of the same container."
)


def show(session: Session, options: Options, notes: list[str], screen: Screen) -> None:
    """Write everything a person asked for."""
    results = session.results()
    promised = list(promises()) if options.targets else []
    begin(notes, screen, quiet=options.quiet)
    if not options.quiet:
        if promised:
            screen.table(targets.table(results, promised))
        else:
            _tables(results, screen)
        legend(screen, JUDGED if promised else LEGEND)
        refusals(results, screen)
        trust(session, results, screen)
    else:
        early(session, screen)
        noise(results, screen, quiet=True)
    if promised:
        missed(targets.missed(results, promised), screen)
    else:
        _answer(results, screen)


def _tables(results: Results, screen: Screen) -> None:
    for section, chosen in tables.sections(results).items():
        part = _measured(results, chosen)
        if section == GROWTH:
            screen.table(growth(part, chosen))
            continue
        for operation in results.operations:
            screen.table(tables.times(part, operation, section, chosen))
        screen.table(tables.sizes(part, section, chosen))


def _measured(results: Results, chosen: Sequence[int]) -> Results:
    """Return a run with what was tried on these payloads only."""
    tried = {name for case, name in results.facts if case in chosen}
    return replace(
        results, implementations=[name for name in results.implementations if name in tried]
    )


def growth(results: Results, chosen: Sequence[int]) -> Table:
    """Return what reading and peeking cost of a small and of a large payload."""
    labels = [results.cases[n].label for n in chosen]
    made = Table(
        "does it grow with the payload?",
        (*(f"decode {label}" for label in labels), "", *(f"peek {label}" for label in labels), ""),
    )
    names = [n for n in results.implementations if "/" in n and not n.endswith(PEEK)]
    for container, members in tables.groups(names).items():
        made.rows.append(Row(container, style="group"))
        for name in members:
            cells: list[str] = []
            for each in (name, name + PEEK):
                small, large = (results.seconds(n, each, "decode") for n in chosen)
                cells += [figures.duration(small), figures.duration(large)]
                cells.append(figures.ratio(large / small if small and large else None))
            made.rows.append(Row(label_of(name), tuple(cells)))
    return made


def _answer(results: Results, screen: Screen) -> None:
    for section, chosen in tables.sections(results).items():
        part = _measured(results, chosen)
        names = [name for name in part.implementations if codec_of(name) in PROTOCOLS]
        if section != GROWTH:
            found = advise(replace(part, implementations=names), section)
            answer(wording.answer(found), screen)
