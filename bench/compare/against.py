"""Another version of the code against this one: measured in turns, until each cell can be told.

It becomes a comparison like that of two files, with the same tables, gates and exit codes.
"""

from __future__ import annotations

import time
from dataclasses import replace
from fnmatch import fnmatchcase
from math import log
from statistics import median
from typing import TYPE_CHECKING

from ..interrupt import UsageError
from ..measure import machine
from ..measure.results import Cell, Results, Samples
from ..measure.runfile import Run
from . import signs
from .changes import Change, Comparison, compared
from .pairs import Pairs, Timed, cells_of, facts, usual
from .trees import beside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ..screen import Progress
    from .pairs import Known, Setting
    from .trees import Tree

BOUND = 0.12
"""In the middle between equal code and a slowdown of 25 %."""


def measure(old: str, bound: float, codec: str | None, progress: Progress) -> Comparison:
    """Measure a commit or a folder and this code in turns.

    Raises
    ------
    UsageError
        There is no such version, or no such codec.
    WorkerError
        A process failed.
    """
    setting = usual()
    if codec:
        setting.names = [name for name in setting.names if fnmatchcase(name, codec)]
        if not setting.names:
            raise UsageError(
                f"--codec: expected a pattern of {', '.join(usual().names)}, got {codec!r}"
            )
    with beside(old) as trees:
        known = [facts(setting, tree) for tree in trees]
        cells = cells_of(setting, *known)
        if not cells:
            raise UsageError(f"--against {old}: expected a cell that is in both, got none")
        pairs = Pairs(setting, *trees, cells)
        began = time.perf_counter()

        def turn(left: Sequence[Timed]) -> Iterator[tuple[Timed, float]]:
            share = 1 - log(len(left) + 1) / log(len(cells) + 2)
            progress.show("pairs", max(share, min(0.9, 0.15 * pairs.count)))
            yield from pairs.measure(left)

        try:
            ratios = signs.decide(cells, bound, turn)
        finally:
            progress.clear()
    seconds = (time.perf_counter() - began) / max(pairs.count, 1)
    changes = _changes(setting, pairs, ratios)
    runs = [
        _run(tree, setting, each, {cell: pairs.seconds[cell] for cell in cells}, side)
        for side, (tree, each) in enumerate(zip(trees, known, strict=True))
    ]
    return replace(compared(runs[0], runs[1], changes), pairs=pairs.count, pair_seconds=seconds)


def _changes(setting: Setting, pairs: Pairs, ratios: dict[Timed, list[float]]) -> list[Change]:
    def change(cell: Timed, found: list[float]) -> Change:
        def needs(limit: float) -> int | None:
            more = signs.Judge(limit - 1, len(ratios)).more(found)
            return None if more is None else len(found) + more

        low, high = signs.limits(found, signs.MISSES)
        surely = signs.limits(found, signs.FALSE_ALARMS / len(ratios))[0]
        case, times = setting.cases[cell.case], pairs.median(cell)
        return Change(case, *cell[1:], *times, median(found), low, high, surely, 0.0, needs)

    return [change(cell, found) for cell, found in ratios.items()]


def _run(
    tree: Tree,
    setting: Setting,
    known: Known,
    seconds: dict[Timed, list[tuple[float, float]]],
    side: int,
) -> Run:
    """Return what was measured of one version as if a file had been read."""
    samples = Samples()
    for cell, pairs in seconds.items():
        for pair in pairs:
            samples.seconds[Cell(*cell)].append([pair[side]])
    operations = tuple(dict.fromkeys(cell.operation for cell in seconds))
    digests = dict(enumerate(setting.digests))
    names = tuple(setting.names)
    results = Results(setting.cases, names, operations, known, samples, digests=digests)
    return Run(tree.title, results, machine.recorded() | {"git_commit": ""})
