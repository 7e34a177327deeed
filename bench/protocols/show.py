"""Put a run over the protocols on the screen: tables, then the answer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.codecs import answer, avoid, tables, targets
from bench.advice.scores import best, describing, scores_of
from bench.codecs.show import begin, missed, noise, refusals, trust
from bench.implementations.implementation import codec_of, container_of, kind_of, label_of
from bench.protocols.plan import GROWTH
from bench.protocols.targets import promises
from bench.implementations.protocols import PEEK, WAYS
from bench import figures
from bench.screen.table import Row, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.advice.scores import Scores
    from bench.measure.results import Results
    from bench.measure.session import Session
    from bench.options import Options
    from bench.screen.render import Screen

LEGEND = (
    "* quickest of its group, = level with it inside the noise, - not measured. A message is made"
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
    begin(options, notes, screen)
    if not options.quiet:
        if options.targets:
            screen.table(targets.table(results, promises()))
        else:
            _tables(results, screen)
        screen.line()
        screen.line(JUDGED if options.targets else LEGEND, "note")
        refusals(results, screen)
        trust(session, results, screen)
    if options.targets:
        missed(targets.missed(results, promises()), screen)
    else:
        _answer(results, screen)
    if options.quiet:
        noise(results, screen, apart=True)


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
    """Return a run with those ways only that were tried on these payloads."""
    tried = {way for case, way in results.facts if case in chosen}
    return replace(results, ways=[name for name in results.ways if name in tried])


def growth(results: Results, chosen: Sequence[int]) -> Table:
    """Show what reading and peeking cost of a small and of a large payload."""
    labels = [results.cases[n].label for n in chosen]
    made = Table(
        "does it grow with the payload?",
        (*(f"decode {label}" for label in labels), "", *(f"peek {label}" for label in labels), ""),
    )
    group = ""
    for name in results.ways:
        if name.endswith(PEEK) or "/" not in name:
            continue
        if container_of(name) != group:
            group = container_of(name)
            made.rows.append(Row(group, style="group"))
        cells: list[str] = []
        for way in (name, name + PEEK):
            small, large = (results.seconds(n, way, "decode") for n in chosen)
            cells += [figures.duration(small), figures.duration(large)]
            cells.append(figures.ratio(large / small if small and large else None))
        made.rows.append(Row(label_of(name), tuple(cells)))
    return made


def _answer(results: Results, screen: Screen) -> None:
    for section, chosen in tables.sections(results).items():
        part = _measured(results, chosen)
        names = [name for name in part.ways if codec_of(name) in WAYS]
        part = replace(part, ways=names)
        scores = scores_of(part, section)
        if section == GROWTH or not scores.seconds:
            continue
        screen.table(answer.table(scores, section, " + ".join(results.operations)))
        screen.line()
        for line in overall(scores):
            screen.line(line)
        last = chosen[-1]
        warnings = avoid.sentences(avoid.avoidable(part, last, scores))
        if warnings:
            screen.line()
            screen.line("Avoid:")
            for line in warnings:
                screen.line(f"- {part.cases[last].label}: {line}")


def overall(scores: Scores) -> list[str]:
    """Name the best codec for the smallest and for the largest payload."""
    lines = []
    ends = dict.fromkeys((scores.columns[0], scores.columns[-1]))
    named = dict(zip(ends, ("Best for small payloads", "Best for large payloads"), strict=False))
    for column in ends if scores.series else scores.columns:
        found = best(scores, column, describing(scores.codecs))
        if not found:
            continue
        first = found[0]
        title = (
            f"{named[column]} ({column})"
            if len(ends) > 1 and scores.series
            else f"Best for {column}"
        )
        text = (
            f"{title}: {first}, {figures.duration(scores.seconds[column, first])},"
            f" {figures.size(scores.sizes[column, first])}."
        )
        if len(found) > 1:
            text += f" Level with it: {', '.join(found[1:])}."
        lines.append(text)
        raw = best(scores, column, [name for name in scores.codecs if kind_of(name) == "raw"])
        if (
            raw
            and scores.seconds[column, raw[0]] * (1 + scores.noise[column])
            < scores.seconds[column, first]
        ):
            lines.append(
                f"  {raw[0]} takes {figures.duration(scores.seconds[column, raw[0]])}, but both"
                " sides must know shape and dtype."
            )
    return lines
