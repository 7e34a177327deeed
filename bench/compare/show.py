"""Put a comparison on the screen: what moved, then the summary and the verdict; or all as CSV."""

from __future__ import annotations

import csv
from collections import Counter
from statistics import geometric_mean
from typing import TYPE_CHECKING, TextIO

from .. import figures
from ..command import command
from ..implementations.implementation import MEASURED
from ..measure.results import level
from ..screen import Row, Table
from ..tables import row_style
from . import gate
from .changes import (
    CANNOT_TELL,
    FASTER,
    FINE,
    NAMED,
    SLOWER,
    TIE,
    UNKNOWN,
    describe_machine,
    version_differences,
)
from .gate import ALLOCATIONS, BYTES, COPIES, DECODE, PYTHON, WHAT, amount, facts, refusals

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence

    from ..measure.runfile import Run
    from ..screen import Screen
    from .changes import Change, Comparison
    from .gate import Fact

PASSED, REGRESSION, UNSURE = 0, 1, 3
"""Exit codes."""
COLUMNS = ("old", "new", "ratio", "verdict", "interval")
CSV_COLUMNS = (
    *("payload", "label", "way", "operation", "old_s", "new_s", "ratio", "low", "high"),
    *("noise", "verdict"),
    *(f"{age}_{what}" for what in WHAT for age in ("old", "new")),
)
FEW = 5
DRIFT = 0.03
"""Two runs of a quiet machine differ by less."""
FILES = (
    "ratio: new by old, of medians; above 1 is slower. interval: 95 %, from how far the processes"
    " of each run differ. tie: 1 lies in the interval, or it is no more than the noise: what equal"
    " cells, which each run measures twice, and the median baseline differ by."
)
TURNS = (
    "ratio: new by old, the median of pairs of processes, in CPU time; above 1 is slower."
    " interval: 95 % of either limit, by a sequential sign test."
)
NAMES = {
    BYTES: "bytes",
    DECODE: "views",
    COPIES: "copies",
    ALLOCATIONS: "allocations",
    PYTHON: "peak bytes",
}
ONE = "One process only: how far processes differ is not known; take more --processes."
ADVICE = (
    "Two runs at different times differ by what else the machine did. {} --against COMMIT measures"
    " old and new in turns, and can tell more."
)


def show(found: Comparison, options: Namespace, screen: Screen) -> None:
    """Write everything a person asked for, but the regressions."""
    _whose("old", found.old, screen)
    _whose("new", found.new, screen)
    if found.pairs:
        seconds = figures.duration(found.pairs * found.pair_seconds)
        screen.line(
            f"{len(found.changes)} cells in turns, in up to {found.pairs} pairs of processes;"
            f" {seconds}.",
            "note",
        )
    for differs in (*found.machine, *found.payloads):
        screen.line(f"other {differs}", "warning")
    if found.machine:
        screen.line("The times are of different machines: their ratios say little.", "warning")
    versions = version_differences(found.old.metadata, found.new.metadata)
    if versions:
        screen.line("differs: " + "; ".join(versions), "note")
    if not options.quiet:
        screen.table(moved(found.changes, options.fail_over))
        screen.line()
        screen.line(TURNS if found.pairs else FILES, "note")
        if not found.pairs and any(_processes(run) == 1 for run in (found.old, found.new)):
            screen.line(ONE, "warning")
    _facts(found, options, screen)
    _absent(found, options, screen)
    _summary(found, options, screen)


def _whose(name: str, run: Run, screen: Screen) -> None:
    metadata = run.metadata
    keys = [key for key in ("date", "git_commit") if metadata.get(key)]
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
            screen.line(f"Only in the {run} {'version' if found.pairs else 'file'}:")
        for name in names:
            screen.line(f"- {name}")
    for name, reason, came in refusals(found):
        screen.line(f"{name} is refused{'' if came else ' no more'}: {reason}", "warning")


def _summary(found: Comparison, options: Namespace, screen: Screen) -> None:
    changes = found.changes
    ours = [change for change in changes if change.ours]
    others = [change for change in changes if not change.ours]
    screen.heading("Summary")
    named = "Benchmarks" if ours and ours[0].case == NAMED else "Codecs"
    for name, each in ((named, ours), ("Baselines, which are not our code", others)):
        if each:
            screen.line(_line(name, each, options.fail_over))
    if ours and not level(found.drift, 1, DRIFT):
        screen.line(
            f"The median baseline took {figures.ratio(found.drift)} the time: so much is the"
            " machine, or a library, and counts as noise.",
            "warning",
        )


def _line(name: str, changes: Sequence[Change], bound: float | None) -> str:
    counts = Counter(verdict(change, bound) for change in changes)
    words = {SLOWER: SLOWER, FASTER: FASTER, TIE: "tied", FINE: "fine"}
    words |= {CANNOT_TELL: "cannot be told", UNKNOWN: "of one process, not judged"}
    verdicts = ", ".join(f"{counts[each]} {word}" for each, word in words.items() if counts[each])
    cells = figures.counted(len(changes), "cell")
    mean = geometric_mean(change.ratio for change in changes)
    return f"{name}: {cells}, {verdicts}; {figures.ratio(mean)} in geometric mean."


def verdict(change: Change, bound: float | None) -> str:
    """Return the verdict on a cell: by a bound where there is one, in both directions."""
    if bound is None:
        return change.verdict
    judged = change.judged(bound)
    faster = judged == FINE and change.high * (1 + change.noise) < 1 / (1 + bound)
    return FASTER if faster else judged


def regressions(found: Comparison, options: Namespace, screen: Screen) -> int:
    """Write what is a regression, if that was asked for; return the exit code."""
    wrong: list[str] = []
    unsure: list[Change] = []
    asked = []
    if options.exact:
        lines, notes = gate.exact(found)
        wrong += lines
        asked.append("--exact")
        for note in notes:
            screen.line()
            screen.line(note, "warning")
    if options.fail_over is not None:
        judged = gate.over(found, options.fail_over)
        wrong += judged.wrong
        unsure = judged.unsure
        asked.append(f"--fail-over {100 * options.fail_over:g}%")
    if not asked:
        return PASSED
    told = figures.counted(len(wrong), "regression") if wrong else "no regression"
    if unsure:
        found_none = "" if wrong else " found"
        told += f"{found_none}, {figures.counted(len(unsure), 'cell')} cannot be told"
    screen.line()
    screen.line(f"{' and '.join(asked)}: {told}.", "warning" if wrong or unsure else "title")
    for line in wrong:
        screen.line(f"- {line}")
    if unsure:
        _cannot_tell(found, unsure, options.fail_over, screen)
    return REGRESSION if wrong else UNSURE if unsure else PASSED


def _cannot_tell(found: Comparison, unsure: Sequence[Change], bound: float, screen: Screen) -> None:
    """Write which cells may be slower or not, and what it would take to tell."""
    screen.line()
    few = f", {FEW} of {len(unsure)}" if len(unsure) > FEW else ""
    noise = max(change.noise for change in unsure)
    reach = f"the interval, with noise of up to {figures.percent(noise)}, reaches"
    screen.line(f"Cannot tell, for {reach} over {figures.ratio(1 + bound)}{few}:")
    for change in unsure[:FEW]:
        count = change.more(bound)
        if count is None:
            takes = "no number of processes would, so near is it, or so large is the noise"
        elif found.pairs:
            seconds = max(1, count - found.pairs) * found.pair_seconds
            takes = f"{count} pairs would, about {figures.duration(seconds)} more"
        else:
            takes = f"-p {count} in both runs would"
        screen.line(f"- {change.name}: {figures.ratio(change.ratio)} ({within(change)}); {takes}")
    if not found.pairs:
        screen.line(ADVICE.format(command("compare")), "note")


def moved(changes: Sequence[Change], bound: float | None) -> Table:
    """Show the cells that are not level, the slowest first.

    Of those that cannot be told only what looks slower than the bound: it may be all of them.
    """
    table = Table("times that changed", COLUMNS)
    for change in sorted(changes, key=lambda change: -change.ratio):
        told = verdict(change, bound)
        looks_slower = bound is not None and change.ratio > 1 + bound
        if told in (SLOWER, FASTER) or (told == CANNOT_TELL and looks_slower):
            times = figures.duration(change.old), figures.duration(change.new)
            cells = (*times, figures.ratio(change.ratio), told, within(change))
            table.rows.append(Row(change.name, cells, "codec" if change.ours else "baseline"))
    return table


def within(change: Change) -> str:
    """Write a confidence interval."""
    if change.verdict == UNKNOWN:
        return "unknown"
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


def write_csv(comparison: Comparison, bound: float | None, stream: TextIO) -> None:
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
        times = (change.old, change.new, change.ratio, change.low, change.high, change.noise)
        writer.writerow(
            (
                cell[0],
                change.case.label,
                *cell[1:],
                *(f"{value:.4g}" for value in times),
                verdict(change, bound),
                *(_text(what, value) for what, pair in pairs.items() for value in pair),
            )
        )


def _text(what: str, value: int | None) -> str:
    if value is None:
        return ""
    return amount(what, value) if what == DECODE else str(value)
