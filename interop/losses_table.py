"""What a person sees of the losses: a table of peers, a table of ours, and what went in silence."""

from __future__ import annotations

from textwrap import shorten
from typing import TYPE_CHECKING

from bench.screen.table import Row, Table
from interop.report import listed
from interop.round_trip_losses import THEIRS
from interop.workers.fragile import NAN, REFUSED, SHAPE, UNREAD, VALUES, hard_arrays

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.screen.render import Screen
    from interop.round_trip_losses import Loss

__all__ = ["show", "table"]

LEGEND = (
    ". nothing is lost: dtype, shape, every bit and the order in memory come back.",
    "refused: an error says that it is not written, so that nothing is lost.",
    "order: Fortran order comes back as C order, or big-endian as little-endian.",
    "NaN bits: still NaN, with another sign or payload.",
    "dtype: another dtype, with equal values (a float in its own width).",
    "shape: another shape.  VALUES: other values, and no error.",
    "UNREAD: written without an error, and then its own reader refuses it.",
)
PICKLES = (
    "pickle, and msgpack-numpy by a pickle inside, carry Python objects, and run what a stranger's"
    " pickle says when they read it."
)
WIDTH = 120
"""Characters of an error that are printed."""
SURPRISES = (VALUES, UNREAD, SHAPE, NAN)


def show(losses: Sequence[Loss], screen: Screen, *, words: bool) -> None:
    """Write the tables, and what was lost in silence; also what is said in refusing, if asked."""
    theirs = [each for each in losses if each.column in THEIRS.values()]
    ours = [each for each in losses if each.column not in THEIRS.values()]
    screen.table(table("What each peer loses, writing and reading by itself", theirs))
    screen.table(table("What ours lose", ours))
    screen.line()
    for line in LEGEND:
        screen.line(line, "note")
    ways = ", ".join(
        f"{column} by {way}"
        for (peer, way), column in THEIRS.items()
        if any(each.column == column for each in theirs)
    )
    screen.line(f"Of the ways of a peer, these were asked: {ways}.", "note")
    if any(each.column in {"pickle", "msgpack-numpy"} for each in theirs):
        screen.line(PICKLES, "note")
    listed("Lost in silence, or written and not read:", _surprises(losses), screen)
    if words:
        listed("Refused, in their own words:", _refusals(losses), screen)


def table(title: str, losses: Sequence[Loss]) -> Table:
    """Show an array to a row, a way or codec to a column."""
    columns = tuple(dict.fromkeys(each.column for each in losses))
    found = {(each.array, each.column): each.verdict.kind for each in losses}
    made = Table(title, columns)
    for group, arrays in hard_arrays().items() if losses else ():
        made.rows.append(Row(group, style="group"))
        made.rows += [
            Row(array, tuple(found.get((array, column), "-") for column in columns))
            for array in arrays
        ]
    return made


def _surprises(losses: Sequence[Loss]) -> Iterator[str]:
    for each in losses:
        if each.verdict.kind in SURPRISES:
            yield f"{each.column}, {each.array}: {each.verdict.detail}"


def _refusals(losses: Sequence[Loss]) -> Iterator[str]:
    """Give each error once for all arrays that it was raised for."""
    said: dict[tuple[str, str], list[str]] = {}
    for each in losses:
        if each.verdict.kind == REFUSED:
            said.setdefault((each.column, each.verdict.detail), []).append(each.array)
    for (column, detail), arrays in said.items():
        yield f"{column}, {', '.join(arrays)}: {shorten(detail, WIDTH)}"
