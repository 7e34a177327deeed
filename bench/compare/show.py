"""Put a comparison on the screen: tables, then the summary."""

from __future__ import annotations

from statistics import geometric_mean
from typing import TYPE_CHECKING

from bench.compare import alike, gate, tables
from bench.compare.changes import FASTER, SLOWER, TIE, UNKNOWN
from bench.compare.facts import ALLOCATIONS, BYTES, COPIES, DECODE, PYTHON, facts, refusals
from bench.compare.files import NAMED
from bench.measure.results import level
from bench import figures

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.compare.changes import Change, Comparison
    from bench.compare.options import Options
    from bench.measure.runfile import Run
    from bench.screen.render import Screen

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


def show(found: Comparison, options: Options, screen: Screen) -> None:
    """Write everything a person asked for, but the regressions."""
    _whose("old", found.old, screen)
    _whose("new", found.new, screen)
    for differs in (*found.machine, *found.payloads):
        screen.line(f"other {differs}", "warning")
    if found.machine:
        screen.line("The times are of different machines: their ratios say little.", "warning")
    versions = alike.other_versions(found.old.metadata, found.new.metadata)
    if versions:
        screen.line("differs: " + "; ".join(versions), "note")
    if not options.quiet:
        for table in tables.beside(tables.times(found.changes), screen):
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
    told = run.metadata
    parts = [str(told[key]).partition(".")[0] for key in ("date", "git_commit") if key in told]
    screen.line(", ".join([f"{name}: {run.path}", *parts, alike.machine(told)]), "note")


def _processes(run: Run) -> int:
    return max(map(len, run.results.samples.seconds.values()))


def _facts(found: Comparison, options: Options, screen: Screen) -> None:
    known = facts(found)
    both = [fact for fact in known if None not in (fact.old, fact.new)]
    if not options.quiet:
        screen.table(tables.changed(known))
    if not both:
        return
    counts = {what: sum(fact.what == what for fact in both) for what in NAMES}
    changed = sum(fact.changed for fact in both)
    told = ", ".join(f"{NAMES[what]} ({n})" for what, n in counts.items() if n)
    screen.line()
    screen.line(f"What is exact in both, {told}: {changed or 'nothing'} changed.")


def _absent(found: Comparison, options: Options, screen: Screen) -> None:
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
                f"- {change.name}: {figures.ratio(change.ratio)} ({tables.within(change)}),"
                f" {figures.duration(change.old)} -> {figures.duration(change.new)}"
            )


def _line(name: str, changes: Sequence[Change]) -> str:
    words = {SLOWER: SLOWER, FASTER: FASTER, TIE: "tied", UNKNOWN: "of one sample, not judged"}
    counts = {word: sum(change.verdict == word for change in changes) for word in words}
    told = ", ".join(
        f"{count} {words[word]}" for word, count in counts.items() if count or word != UNKNOWN
    )
    cells = figures.counted(len(changes), "cell")
    mean = geometric_mean(change.ratio for change in changes)
    return f"{name}: {cells}, {told}; {figures.ratio(mean)} in geometric mean."


def regressions(found: Comparison, options: Options, screen: Screen) -> bool:
    """Say what is a regression, if that was asked for; whether there is any."""
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
