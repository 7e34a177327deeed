"""Tables of a comparison: times by section and operation, and the facts that changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.tables import style_of
from bench.compare.changes import UNKNOWN
from bench.compare.facts import DECODE, PYTHON, WHAT
from bench.compare.files import NAMED
from bench.implementations.implementation import MEASURED, MEMCPY, TITLES, container_of, label_of
from bench import figures
from bench.screen.layout import column_widths
from bench.screen.table import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.compare.changes import Change
    from bench.compare.facts import Fact
    from bench.screen.render import Screen

COLUMNS = ("old", "new", "ratio", "verdict", "95 % interval")
MEMORY = "memory"


def times(changes: Sequence[Change]) -> Iterator[Table]:
    """Yield a table per section and operation, the containers as groups."""
    tables: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        tables.setdefault((change.case.section, change.operation), []).append(change)
    # As a run shows them: the sections in turn, encode before decode.
    sections = list(dict.fromkeys(section for section, _ in tables))
    for (section, operation), each in sorted(
        tables.items(), key=lambda item: (sections.index(item[0][0]), _place_of(item[0][1]))
    ):
        table = Table(f"{TITLES.get(operation, operation)}: {section}", COLUMNS)
        labels = _labels(each)
        for group, rows in _groups(each).items():
            if group:
                table.rows.append(Row(group, style="group"))
            table.rows += [_row(labels[row.name], row) for row in rows]
        yield table


def _place_of(operation: str) -> int:
    """Return the place of an operation; that of any other file of pyperf is the first."""
    return MEASURED.index(operation) if operation in MEASURED else 0


def beside(tables: Iterable[Table], screen: Screen) -> Iterator[Table]:
    """Put encode and decode beside each other where there is room for both."""
    waiting: Table | None = None
    for table in tables:
        both = _joined(waiting, table) if waiting else None
        if both and not screen.markdown and sum(column_widths(both)) <= screen.width:
            yield both
            waiting = None
            continue
        if waiting:
            yield waiting
        waiting = table
    if waiting:
        yield waiting


def _joined(first: Table, second: Table) -> Table | None:
    one, _, section = first.title.partition(": ")
    other, _, same = second.title.partition(": ")
    if section != same or [row.label for row in first.rows] != [row.label for row in second.rows]:
        return None
    columns = [name for each in (one, other) for name in (f"{each}: {COLUMNS[0]}", *COLUMNS[1:])]
    rows = [
        replace(row, cells=row.cells + more.cells)
        for row, more in zip(first.rows, second.rows, strict=True)
    ]
    return Table(f"{one}, {other}: {section}", tuple(columns), rows)


def _groups(changes: Sequence[Change]) -> dict[str, list[Change]]:
    found: dict[str, list[Change]] = {}
    for change in sorted(changes, key=lambda change: not change.ours):
        known = change.case != NAMED
        group = MEMORY if change.way == MEMCPY else container_of(change.way) if known else ""
        found.setdefault(group, []).append(change)
    return {group: _by_way(rows) for group, rows in found.items()}


def _by_way(changes: Sequence[Change]) -> list[Change]:
    """Put all payloads of a way together."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.way, []).append(change)
    return [change for each in found.values() for change in each]


def _labels(changes: Sequence[Change]) -> dict[str, str]:
    """Return the label of each row: the way, and the payload where there are several."""
    if changes[0].case == NAMED:
        return {change.name: change.way for change in changes}
    named = {
        change.way: "one memcpy" if change.way == MEMCPY else label_of(change.way)
        for change in changes
    }
    first = max(map(len, named.values()))
    last = max(len(change.case.label) for change in changes)
    if len({change.case for change in changes}) == 1:
        return {change.name: named[change.way] for change in changes}
    return {c.name: f"{named[c.way]:<{first}} {c.case.label:>{last}}" for c in changes}


def _row(label: str, change: Change) -> Row:
    sure = change.verdict != UNKNOWN
    cells = (
        figures.duration(change.old),
        figures.duration(change.new),
        figures.ratio(change.ratio),
        change.verdict,
        within(change) if sure else "-",
    )
    return Row(label, cells, "codec" if change.ours else "baseline")


def within(change: Change) -> str:
    """Write a confidence interval."""
    return f"{figures.ratio(change.low)} to {figures.ratio(change.high)}"


def changed(facts: Sequence[Fact]) -> Table:
    """Show what grew or fell."""
    table = Table("facts that changed", ("old", "new", ""))
    for what, name in WHAT.items():
        rows = [fact for fact in facts if fact.what == what and fact.changed]
        if rows:
            table.rows.append(Row(name, style="group"))
        for fact in rows:
            word = "grew" if fact.grew else "fell"
            texts = amount(what, fact.old, bare=True), amount(what, fact.new, bare=True)
            table.rows.append(Row(fact.name, (*texts, word), style_of(fact.way)))
    return table


def amount(what: str, value: int | None, *, bare: bool = False) -> str:
    """Write a fact: exactly, for it is exact."""
    if value is None:
        return "-"
    if what == DECODE:
        return ("view", "copy")[value]
    unit = "bytes" if what == PYTHON else what
    return f"{value:,}" if bare else f"{value:,} {unit}"
