"""The last part of the output: which format, from where on, and what never to do."""

from __future__ import annotations

from bench.codecs.advice import Scores, best, by_container, crossovers, describing
from bench.measuring.ways import kind_of
from bench.screen import figures
from bench.screen.table import NEITHER, TIE, Row, Table

CROSSINGS = 6


def table(scores: Scores, section: str, what: str) -> Table:
    """Name the kind to choose, by container and payload, and its time there and back."""
    drawn = Table(f"Which format? {section}, {what}", scores.columns)
    for container, names in by_container(describing(scores.codecs)).items():
        answers = {column: best(scores, column, names) for column in scores.columns}
        kinds = [
            kind_of(found[0]) + (TIE if len(found) > 1 else NEITHER) if found else "-"
            for found in answers.values()
        ]
        times = [
            figures.duration(scores.seconds[column, found[0]]) + NEITHER if found else "-"
            for column, found in answers.items()
        ]
        drawn.rows.append(Row(container, tuple(kinds), "answer"))
        drawn.rows.append(Row("", tuple(times), "baseline"))
    return drawn


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


def crossing_lines(scores: Scores) -> list[str]:
    """Say from which payload on the order of two codecs changes."""
    found = crossovers(scores)
    lines = [
        f"{each.winner} beats {each.loser} from {each.column} on,"
        f" {figures.ratio(each.factor)} at {scores.columns[-1]};"
        f" {'it loses' if each.before else 'they are level'} below"
        for each in found[:CROSSINGS]
    ]
    if len(found) > CROSSINGS:
        lines.append(f"and {len(found) - CROSSINGS} more, smaller")
    return lines
