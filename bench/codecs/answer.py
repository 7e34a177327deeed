"""The answer, which format: as lines of text, and as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.codecs import sentences
from bench.advice.advice import advise
from bench.codecs.choices import choose
from bench.codecs.crossovers import crossovers
from bench.advice.scores import best, by_container, describing
from bench.implementations.implementation import kind_of
from bench import figures
from bench.screen.table import NEITHER, TIE, Row, Table

if TYPE_CHECKING:
    from bench.advice.scores import Scores
    from bench.measure.results import Results

CROSSINGS = 4


def lines(results: Results, section: str) -> list[str]:
    """Return the advice on one section as plain sentences, for a terminal or a page."""
    first = results.cases[0].section == section
    return sentences.of(advise(results, section), general=first)


def table(scores: Scores, section: str, what: str) -> Table:
    """Name the kind to choose, by container and payload, and its time there and back."""
    drawn = Table(f"Which format? {section}, {what}", scores.columns)
    for container, names in by_container(describing(scores.codecs)).items():
        chosen = {
            column: choice.codec for choice in choose(scores, names) for column in choice.columns
        }
        kinds, times = [], []
        for column in scores.columns:
            name = chosen.get(column)
            tied = len(best(scores, column, names)) > 1
            kinds.append(kind_of(name) + (TIE if tied else NEITHER) if name else "-")
            times.append(figures.duration(scores.seconds[column, name]) + NEITHER if name else "-")
        drawn.rows.append(Row(container, tuple(kinds), "answer"))
        drawn.rows.append(Row("", tuple(times), "baseline"))
    return drawn


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
