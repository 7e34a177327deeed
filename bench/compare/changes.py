"""Two files cell by cell: how payloads and cells are matched, each change, and its verdict."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from math import exp, inf, log
from statistics import median
from typing import TYPE_CHECKING, Any

from ..implementations.implementation import FIRST_USE, TITLES, is_codec
from ..measure import runfile
from ..measure.results import Cell, Results, Samples, level
from ..measure.runfile import Run, RunFileError
from ..payloads.case import Case
from .interval import interval, pooled, processes

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping, Sequence

    Metadata = Mapping[str, Any]

FASTER, SLOWER, TIE, UNKNOWN = "faster", "slower", "tie", "-"
FINE, CANNOT_TELL = "fine", "cannot tell"
NAMED = Case("", "benchmarks", (), "", "")
"""The payload of a benchmark of which nothing but its name is known."""
# By its own name where a file has it, else by pyperf's.
MACHINE = {
    "CPU": ("cpu", "cpu_model_name"),
    "CPUs": ("cores", "cpu_count"),
    "system": ("system", "platform"),
}
OTHERS = {
    "mode": "mode",
    "git_commit": "commit",
    "bench_python": "Python",
    "gil": "GIL",
    "platform": "platform",
    "cpu_config": "CPU configuration",
}
LIBRARY = re.compile(r"(?!python_|perf_)(\w+)_version")
COUNTED = ("numpy", "protobuf", "orjson", "msgpack", "pysimdjson", "pybase64")
"""What the number of allocations depends on, beside Python and the system."""


@dataclass(frozen=True)
class Change:
    """The times of one cell, old and new."""

    case: Case
    implementation: str
    operation: str
    old: float
    new: float
    ratio: float
    """New by old: above 1 is slower."""
    low: float
    """Of the confidence interval of the ratio."""
    high: float
    surely: float
    """The ratio is above this, with the error that all cells of a run may have together."""
    noise: float
    """How far equal cells differed in either file, and the median baseline: 0.02 is 2 %."""
    needs: Callable[[float], int | None] = field(compare=False, repr=False)
    """How many processes, in all, would tell on which side of a ratio it is; None: no number."""

    @property
    def ours(self) -> bool:
        """Whether it is a codec's; what people do without one is measured beside it."""
        return self.case == NAMED or is_codec(self.implementation)

    @property
    def name(self) -> str:
        """Which cell it is."""
        return " ".join(
            part for part in (self.implementation, self.operation, self.case.label) if part
        )

    @property
    def verdict(self) -> str:
        """Faster, slower, or a tie: the interval has 1 in it, or the noise is as large.

        Unknown, where a file has one sample only.
        """
        if self.high == inf:
            return UNKNOWN
        if self.low <= 1 <= self.high or level(self.new, self.old, self.noise):
            return TIE
        return SLOWER if self.ratio > 1 else FASTER

    def judged(self, bound: float) -> str:
        """Tell whether it is slower by more than a bound: slower, fine, or that nobody can tell.

        An interval that reaches over the bound, widened by the noise, tells neither.
        """
        limit, moved = 1 + bound, 1 + self.noise
        if self.surely / moved > limit:
            return SLOWER
        return FINE if self.high * moved <= limit else CANNOT_TELL

    def more(self, bound: float) -> int | None:
        """Return how many processes would tell; None: no number, since the noise is as large."""
        return self.needs(1 + bound)


@dataclass(frozen=True)
class Comparison:
    """All that both files have, and what only one has."""

    old: Run
    new: Run
    payloads_in_both: dict[int, int]
    """The old number of each new payload that both have."""
    changes: list[Change]
    machine: list[str]
    """What differs between the machines."""
    payloads: list[str]
    """What differs between the payloads."""
    gone: list[str] = field(default_factory=list)
    """Cells that only the old file has."""
    come: list[str] = field(default_factory=list)
    drift: float = 1.0
    """The ratio of the median baseline, which is not our code: the machine's, or a library's."""
    pairs: int = 0
    """Of processes in turns, at most; 0: two files."""
    pair_seconds: float = 0.0


def read(path: str) -> Run:
    """Read a file.

    Raises
    ------
    RunFileError
        It cannot be read, is not pyperf's, or measures something else than time.
    """
    try:
        return runfile.read(path)
    except RunFileError:
        loaded = runfile.load(path)
        benchmarks = loaded.get_benchmarks()
        if any("case" in each.get_metadata() for each in benchmarks):
            raise  # one of ours, and broken
    samples = Samples()
    for each in benchmarks:
        if each.get_unit() != "second":
            continue
        samples.add(Cell(0, each.get_name(), "time"), each.get_runs())
    if not samples.seconds:
        raise RunFileError(f"{path}: expected a run with times, got none")
    names = tuple(cell.implementation for cell in samples.seconds)
    return Run(path, Results([NAMED], names, ("time",), {}, samples), dict(loaded.get_metadata()))


def compare(old: Run, new: Run) -> Comparison:
    """Match the cells of two files and judge each."""
    matched = match_cells(old.results, new.results, match_payloads(old.results, new.results)[0])
    changes = [_change(old, new, cell, other) for cell, other in matched.items()]
    others = [change.ratio for change in changes if not change.ours]
    drift = median(others) if others else 1.0
    moved = exp(abs(log(drift)))
    changes = [replace(each, noise=moved * (1 + each.noise) - 1) for each in changes]
    return compared(old, new, changes, drift)


def compared(old: Run, new: Run, changes: Sequence[Change], drift: float = 1.0) -> Comparison:
    """Return what is known of two runs beside the times of their cells, and these."""
    pairs, payloads = match_payloads(old.results, new.results)
    matched = match_cells(old.results, new.results, pairs)
    return Comparison(
        old,
        new,
        pairs,
        list(changes),
        machine_differences(old.metadata, new.metadata),
        payloads,
        _only(old, new, set(matched.values()), _refused(new, {o: n for n, o in pairs.items()})),
        _only(new, old, set(matched), _refused(old, pairs)),
        drift,
    )


def _change(old: Run, new: Run, cell: Cell, other: Cell) -> Change:
    before, after = old.results.samples.seconds[other], new.results.samples.seconds[cell]
    case = new.results.cases[cell.case]
    low, high = interval(before, after)
    noise = max(old.results.noise(other.case), new.results.noise(cell.case))
    first, last = pooled(before), pooled(after)
    ratio = last / first

    def needs(limit: float) -> int | None:
        return processes(before, after, abs(log(ratio / limit)) - log(1 + noise))

    named = case, cell.implementation, cell.operation
    return Change(*named, first, last, ratio, low, high, low, noise, needs)


def _refused(other: Run, pairs: dict[int, int]) -> dict[int, set[str]]:
    """Return, for each payload that both files have, what the other one refuses."""
    facts = other.results.facts
    return {
        number: {name for (case, name), known in facts.items() if case == there and known.cannot}
        for number, there in pairs.items()
    }


def _only(run: Run, other: Run, both: set[Cell], payloads: dict[int, set[str]]) -> list[str]:
    """Name the cells that the other file has not: operations, whole payloads, then the rest.

    A refusal is reported as such.
    """
    results = run.results
    unknown = [each for each in results.operations if each not in other.results.operations]
    alone = [FIRST_USE] if FIRST_USE in unknown else []  # earlier versions did not measure it
    missing: dict[tuple[str, str], list[str]] = {}
    for cell in results.samples.seconds:
        if cell.case not in payloads or cell.control or cell in both or cell.operation in alone:
            continue
        if cell.implementation not in payloads[cell.case]:
            missing.setdefault((cell.implementation, results.cases[cell.case].label), []).append(
                cell.operation
            )
    whole = [n for n in dict.fromkeys(c.case for c in results.samples.seconds) if n not in payloads]
    labels: dict[tuple[str, ...], list[str]] = {}
    for (name, label), operations in missing.items():
        labels.setdefault((name, " and ".join(operations)), []).append(label)
    return [
        *(f"{TITLES[each]} of all payloads" for each in alone),
        *(f"payload {results.cases[n].label}: {results.cases[n].title}" for n in whole),
        *(" ".join([*key, ", ".join(found)]).strip() for key, found in labels.items()),
    ]


# Which payload and which cell of one file is which of the other.


def match_payloads(old: Results, new: Results) -> tuple[dict[int, int], list[str]]:
    """Pair the payloads, and return which are another's under the same name.

    Returns
    -------
    tuple
        The old number of each new one, and a line per payload that is not the same in both. Such
        are paired as well: it is the caller's to refuse them.
    """
    pairs: dict[int, int] = {}
    _pair(pairs, old, new, lambda results, n: (*_key(results.cases[n]), results.digests.get(n)))
    _pair(pairs, old, new, lambda results, n: _key(results.cases[n]))
    _pair(pairs, old, new, lambda results, n: results.cases[n].label)
    reasons = [reason for n, o in pairs.items() if (reason := _differ(old, o, new, n))]
    return pairs, reasons


def _key(case: Case) -> tuple[Hashable, ...]:
    # A user's payload is known by its file's name, whatever the folder.
    return case.shape, case.dtype, re.split(r"[/\\]", case.values)[-1]


def _pair(
    pairs: dict[int, int],
    old: Results,
    new: Results,
    key: Callable[[Results, int], Hashable],
) -> None:
    free: dict[Hashable, list[int]] = {}
    for number in range(len(old.cases)):
        if number not in pairs.values():
            free.setdefault(key(old, number), []).append(number)
    for number in range(len(new.cases)):
        if number not in pairs and free.get(key(new, number)):
            pairs[number] = free[key(new, number)].pop(0)


def _differ(old: Results, first: int, new: Results, second: int) -> str:
    one, other = old.cases[first], new.cases[second]
    if _key(one) != _key(other):
        return f"payload {other.label}: {one.title} -> {other.title}"
    digests = old.digests.get(first), new.digests.get(second)
    if None not in digests and digests[0] != digests[1]:
        return f"payload {other.title}: other values under the same name"
    return ""


def match_cells(old: Results, new: Results, pairs: dict[int, int]) -> dict[Cell, Cell]:
    """Return the old cell of each new one that both files have timed; controls are no cells."""
    found = {}
    for cell in new.samples.seconds:
        if not cell.control and cell.case in pairs:
            other = cell._replace(case=pairs[cell.case])
            if old.count(other) and new.count(cell):
                found[cell] = other
    return found


# Environment differences: the machine, and the versions.


def describe_machine(metadata: Metadata) -> str:
    """Return which machine it is, in a few words."""
    cpu, cores, system = (
        str(next((metadata[key] for key in keys if metadata.get(key)), ""))
        for keys in MACHINE.values()
    )
    parts = (cpu, f"{cores} CPUs" if cores else "", system.partition("-")[0])
    return ", ".join(part for part in parts if part) or "an unknown machine"


def machine_differences(old: Metadata, new: Metadata) -> list[str]:
    """Return what differs between two machines; nothing if they are the same."""
    found = []
    for name, keys in MACHINE.items():
        key = next((key for key in keys if key in old and key in new), "")
        # Of a platform, which starts with the system: a kernel does not make another machine.
        first, second = (str(each.get(key, "")).partition("-")[0] for each in (old, new))
        if first != second:
            found.append(f"{name} {first} -> {second}")
    return found


def version_differences(old: Metadata, new: Metadata) -> list[str]:
    """Return what else differs that a reader of the ratios must know."""
    names = {key: found[1] for key in old if (found := LIBRARY.fullmatch(key))}
    return [
        f"{name} {old[key]} -> {new[key]}"
        for key, name in {**OTHERS, **names}.items()
        if key in old and key in new and old[key] != new[key]
    ]


def counting_differences(old: Metadata, new: Metadata) -> list[str]:
    """Return which versions differ on which the number of allocations depends."""
    found = []
    libraries = {name: f"{name}_version" for name in COUNTED}
    for name, key in {"Python": "bench_python", "system": "system", **libraries}.items():
        first, second = (str(each.get(key, "unknown")) for each in (old, new))
        if name == "Python":  # its patch version does not matter
            first, second = (".".join(text.split(".")[:2]) for text in (first, second))
        if first != second:
            found.append(f"{name} {first} -> {second}")
    return found
