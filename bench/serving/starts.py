"""What mode ``load`` has measured: as a table, as CSV, and for a file."""

from __future__ import annotations

import csv
import json
from statistics import median
from typing import TYPE_CHECKING, NamedTuple, TextIO

from bench import figures
from bench.screen import Row, Table
from bench.serving.suite import Timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.screen import Screen

NOTE = (
    "ready: from the start of the process (or model) until it listens; answers: until its first"
    " answer, over every transport. Memory that is its own alone (USS), of all its processes."
)


UNITS = {"ready": "second", "answers": "second", "memory": "byte"}
"""What is measured of each, and its unit as pyperf names it."""


class Started(NamedTuple):
    """One server or model."""

    side: str
    number: int
    ready: float
    answers: float
    memory: int


def show(found: Sequence[Started], screen: Screen, *, what: str, quiet: bool) -> None:
    """Write the table."""
    what = what.removesuffix("s")
    table = Table(
        f"{what.capitalize()}s, one after another", ("ready", "answers", "memory"), note=NOTE
    )
    for side in dict.fromkeys(one.side for one in found):
        members = [one for one in found if one.side == side]
        table.rows.append(Row(side, style="group"))
        if not quiet:
            table.rows += [_row(f"{what} {one.number}", [one]) for one in members]
        table.rows.append(_row(f"median of {len(members)}", members, "answer"))
    screen.table(table)


def _row(label: str, members: list[Started], style: str = "codec") -> Row:
    return Row(
        label,
        (
            figures.duration(median(one.ready for one in members)),
            figures.duration(median(one.answers for one in members)),
            figures.size(median(one.memory for one in members)),
        ),
        style,
    )


def write_csv(found: Sequence[Started], stream: TextIO) -> None:
    """Write a line per server or model."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(("side", "number", "ready_s", "answers_s", "memory_bytes"))
    writer.writerows(
        (one.side, one.number, f"{one.ready:.4g}", f"{one.answers:.4g}", one.memory)
        for one in found
    )


def benchmarks(what: str, found: Sequence[Started]) -> Iterator[Timed]:
    """Give a benchmark per side and measure, with a value for each that was started."""
    for side in dict.fromkeys(one.side for one in found):
        members = [one for one in found if one.side == side]
        for measure, unit in UNITS.items():
            values = [getattr(one, measure) for one in members]
            told: dict[str, str | int] = {
                "name": f"load {what} {side} {measure}",
                "unit": unit,
                "what": what,
                "side": side,
                "measure": measure,
                "exact": json.dumps(values),
            }
            if unit == "byte":
                told["duration"] = 0  # pyperf would add up the values
            # A model may give memory back, and pyperf has positive values only.
            yield Timed(told, [[max(value, 1e-9) for value in values]])
