"""Put a comparison on the screen: tables, then the summary; or as CSV."""

from __future__ import annotations

import csv
from dataclasses import replace
from statistics import geometric_mean
from typing import TYPE_CHECKING, TextIO

from .. import figures
from ..implementations.implementation import (
    MEASURED,
    MEMCPY,
    TITLES,
    container_of,
    label_of,
)
from ..measure.results import level
from ..screen import Row, Table
from ..tables import row_style
from . import gate
from .changes import (
    FASTER,
    NAMED,
    SLOWER,
    TIE,
    UNKNOWN,
    describe_machine,
    version_differences,
)
from .gate import (
    ALLOCATIONS,
    BYTES,
    COPIES,
    DECODE,
    PYTHON,
    WHAT,
    amount,
    facts,
    refusals,
)

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from ..measure.runfile import Run
    from ..screen import Screen
    from .changes import Change, Comparison
    from .gate import Fact

COLUMNS = ("old", "new", "ratio", "verdict", "95 % interval")
MEMORY = "memory"
CSV_COLUMNS = (
    *("payload", "label", "way", "operation", "old_s", "new_s", "ratio", "low", "high"),
    *("noise", "verdict"),
    *(f"{age}_{what}" for what in WHAT for age in ("old", "new")),
)
FEW = 5
DRIFT = 0.03
"""Two runs of a quiet machine differ by less."""
LEGEND = (
    "ratio: new by old, of medians; above 1 is slower. 95 % interval: a bootstrap over processes"
    " and the samples in them. tie: 1 lies in the interval, or it is no more than the noise: what"
    " equal cells, which each run measures twice, and the median baseline differ by. - one sample"
    " only: nothing is known."
)
NAMES = {
    BYTES: "bytes",
    DECODE: "views",
    COPIES: "copies",
    ALLOCATIONS: "allocations",
    PYTHON: "peak bytes",
}
ONE = "One process only: the intervals do not know how far processes differ; take more --processes."


def show(found: Comparison, options: Namespace, screen: Screen) -> None:
    """Write everything a person asked for, but the regressions."""
    _whose("old", found.old, screen)
    _whose("new", found.new, screen)
    for differs in (*found.machine, *found.payloads):
        screen.line(f"other {differs}", "warning")
    if found.machine:
        screen.line("The times are of different machines: their ratios say little.", "warning")
    versions = version_differences(found.old.metadata, found.new.metadata)
    if versions:
        screen.line("differs: " + "; ".join(versions), "note")
    if not options.quiet:
        for table in beside(times(found.changes), screen):
            screen.table(table)
        screen.line()
        screen.line(LEGEND, "note")
        judged = any(change.verdict != UNKNOWN for change in found.changes)
        if judged and any(_processes(run) == 1 for run in (found.old, found.new)):
            screen.line(ONE, "warning")
    _facts(found, options, screen)
    _absent(found, options, screen)
    _summary(found, screen)


def _whose(name: str, run: Run, screen: Screen) -> None:
    metadata = run.metadata
    keys = [key for key in ("date", "git_commit") if key in metadata]
    parts = [str(metadata[key]).partition(".")[0] for key in keys]
    screen.line(", ".join([f"{name}: {run.path}", *parts, describe_machine(metadata)]), "note")


def _processes(run: Run) -> int:
    return max(map(len, run.results.samples.seconds.values()))


def _facts(found: Comparison, options: Namespace, screen: Screen) -> None:
    known = facts(found)
    both = [fact for fact in known if None not in (fact.old, fact.new)]
    if not options.quiet:
        screen.table(changed(known))
    if not both:
        return
    counts = {what: sum(fact.what == what for fact in both) for what in NAMES}
    count = sum(fact.changed for fact in both)
    listed = ", ".join(f"{NAMES[what]} ({n})" for what, n in counts.items() if n)
    screen.line()
    screen.line(f"What is exact in both, {listed}: {count or 'nothing'} changed.")


def _absent(found: Comparison, options: Namespace, screen: Screen) -> None:
    # An exact file is small on purpose: what else was measured is no news.
    come = [] if options.exact else found.come
    for run, names in (("old", found.gone), ("new", come)):
        if names:
            screen.line()
            screen.line(f"Only in the {run} file:")
        for name in names:
            screen.line(f"- {name}")
    for name, reason, came in refusals(found):
        screen.line(f"{name} is refused{'' if came else ' no more'}: {reason}", "warning")


def _summary(found: Comparison, screen: Screen) -> None:
    changes = found.changes
    ours = [change for change in changes if change.ours]
    others = [change for change in changes if not change.ours]
    screen.heading("Summary")
    named = "Benchmarks" if ours and ours[0].case == NAMED else "Codecs"
    for name, each in ((named, ours), ("Baselines, which are not our code", others)):
        if each:
            screen.line(_line(name, each))
    if ours and not level(found.drift, 1, DRIFT):
        screen.line(
            f"The median baseline took {figures.ratio(found.drift)} the time: so much is the"
            " machine, or a library, and counts as noise.",
            "warning",
        )
    for verdict, order in ((SLOWER, "worst"), (FASTER, "best")):
        chosen = [change for change in ours or others if change.verdict == verdict]
        chosen.sort(key=lambda change: change.ratio, reverse=verdict == SLOWER)
        if chosen:
            screen.line()
            few = f", the {order} {FEW} of {len(chosen)}" if len(chosen) > FEW else ""
            screen.line(f"{verdict.capitalize()}{few or f', {order} first'}:")
        for change in chosen[:FEW]:
            screen.line(
                f"- {change.name}: {figures.ratio(change.ratio)} ({within(change)}),"
                f" {figures.duration(change.old)} -> {figures.duration(change.new)}"
            )


def _line(name: str, changes: Sequence[Change]) -> str:
    words = {SLOWER: SLOWER, FASTER: FASTER, TIE: "tied", UNKNOWN: "of one sample, not judged"}
    counts = {word: sum(change.verdict == word for change in changes) for word in words}
    verdicts = ", ".join(
        f"{count} {words[word]}" for word, count in counts.items() if count or word != UNKNOWN
    )
    cells = figures.counted(len(changes), "cell")
    mean = geometric_mean(change.ratio for change in changes)
    return f"{name}: {cells}, {verdicts}; {figures.ratio(mean)} in geometric mean."


def regressions(found: Comparison, options: Namespace, screen: Screen) -> bool:
    """Write what is a regression, if that was asked for; return whether there is any."""
    wrong: list[str] = []
    asked = []
    if options.exact:
        lines, notes = gate.exact(found)
        wrong += lines
        asked.append("--exact")
        for note in notes:
            screen.line()
            screen.line(note, "warning")
    if options.fail_over is not None:
        wrong += gate.over(found, options.fail_over)
        asked.append(f"--fail-over {100 * options.fail_over:g}%")
    if not asked:
        return False
    named = " and ".join(asked)
    screen.line()
    if wrong:
        screen.line(f"{named}: {figures.counted(len(wrong), 'regression')}", "warning")
    else:
        screen.line(f"{named}: no regression.")
    for line in wrong:
        screen.line(f"- {line}")
    return bool(wrong)


# Tables: times by section and operation, and the facts that changed.


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
        if both and not screen.markdown and sum(both.widths()) <= screen.width:
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
        name = change.implementation
        group = "" if change.case == NAMED else MEMORY if name == MEMCPY else container_of(name)
        found.setdefault(group, []).append(change)
    return {group: _by_implementation(rows) for group, rows in found.items()}


def _by_implementation(changes: Sequence[Change]) -> list[Change]:
    """Put all payloads of an implementation together."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(change.implementation, []).append(change)
    return [change for each in found.values() for change in each]


def _labels(changes: Sequence[Change]) -> dict[str, str]:
    """Return the label of each row: the implementation, and the payload where there are several."""
    if changes[0].case == NAMED:
        return {change.name: change.implementation for change in changes}
    names = dict.fromkeys(change.implementation for change in changes)
    named = {name: "one memcpy" if name == MEMCPY else label_of(name) for name in names}
    first = max(map(len, named.values()))
    last = max(len(change.case.label) for change in changes)
    if len({change.case for change in changes}) == 1:
        return {change.name: named[change.implementation] for change in changes}
    return {c.name: f"{named[c.implementation]:<{first}} {c.case.label:>{last}}" for c in changes}


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
            table.rows.append(Row(fact.name, (*texts, word), row_style(fact.implementation)))
    return table


def write_csv(comparison: Comparison, stream: TextIO) -> None:
    """Write one line per cell that both files have timed; nothing where a number is unknown."""
    known: dict[tuple[str, ...], tuple[int | None, int | None]] = {}
    for fact in facts(comparison):
        operations = (fact.operation,) if fact.operation else (*MEASURED, "time")
        for operation in operations:
            known[fact.case.title, fact.implementation, operation, fact.what] = fact.old, fact.new
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for change in comparison.changes:
        cell = (change.case.title, change.implementation, change.operation)
        pairs = {what: known.get((*cell, what), (None, None)) for what in WHAT}
        writer.writerow(
            (
                cell[0],
                change.case.label,
                *cell[1:],
                *(f"{value:.4g}" for value in (change.old, change.new, change.ratio)),
                *(f"{value:.4g}" for value in (change.low, change.high, change.noise)),
                change.verdict,
                *(_text(what, value) for what, pair in pairs.items() for value in pair),
            )
        )


def _text(what: str, value: int | None) -> str:
    if value is None:
        return ""
    return amount(what, value) if what == DECODE else str(value)
