"""Old and new code measured in turns: pairs of processes on one processor, a sample each in turn.

What disturbs one side disturbs the other, which no two runs at different times can promise. The
processors of a machine need not be equally fast at any moment, so that a pair shares one. A hash
seed is shared too; the next pair has another, and other addresses of everything.
"""

from __future__ import annotations

import json
import os
import random
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from math import ceil
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

from ..implementations.implementation import OPERATIONS
from ..implementations.lookup import builtin_codecs
from ..measure.check import Facts
from ..payloads.case import Case, build, digest
from ..process import Child, WorkerError, environment, module

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from .trees import Tree

    Known = dict[tuple[int, str], Facts]

SIDE = f"{__package__}.side"
FORMS = (
    *("oip/binary", "oip/protobuf", "oip/protobuf-typed", "oip/json"),
    *("tfserving/protobuf", "tfserving/json rows", "tfserving/json columns"),
)
SECTION = "old and new in turns"
SAMPLE, SLOW = 150e-6, 1e-3
"""Seconds of a sample of a quick call; of a call whose caches need no warming up."""
SAMPLES = 3
"""Of a quick cell at a visit; one of a slow cell."""
VISITS, MOST_VISITS = 3, 12
"""Of each cell in a pair: all at first, those that cannot be told later."""
PATIENCE = 120.0
"""Seconds that a process may take for a cell, however busy the machine."""


class Timed(NamedTuple):
    """What is compared: a payload by its number, a codec or form, and an operation."""

    case: int
    implementation: str
    operation: str


@dataclass
class Setting:
    """What a comparison measures: payloads, and the names of codecs and forms."""

    cases: Sequence[Case]
    names: Sequence[str]
    digests: Sequence[int] = field(init=False)

    def __post_init__(self) -> None:
        self.digests = [digest(build(case)) for case in self.cases]

    def plan(self, cells: Sequence[Timed] = (), **more: Any) -> dict[str, Any]:
        """Return what a process must know."""
        return {
            "cases": [
                (case.to_worker(), crc) for case, crc in zip(self.cases, self.digests, strict=True)
            ],
            "cells": [(*cell, False, 0.0, cell.implementation) for cell in cells],
            "limit": PATIENCE * (1 + len(cells)),
            **more,
        }


def usual() -> Setting:
    """Return the recommended setting: every codec and form, on what takes different paths."""

    def case(
        label: str, shape: tuple[int, ...], dtype: str = "float64", values: str = "normal"
    ) -> Case:
        return Case(label, SECTION, shape, dtype, values, series=False)

    cases = [
        case("1x10", (1, 10)),
        case("1,000x10", (1_000, 10)),
        case("1x100,000", (1, 100_000)),
        case("int 1,000x10", (1_000, 10), "int64", "ints"),
        case("64x64x3", (64, 64, 3), "uint8", "image"),
    ]
    return Setting(cases, (*builtin_codecs(), *FORMS))


def facts(setting: Setting, tree: Tree) -> Known:
    """Check every implementation of a version; return bytes, views and refusals."""
    found: Known = {}
    with closing(_Side(setting.plan(check=True, names=setting.names), tree, "0")) as side:
        side.begin()
        for line in side.lines:
            known = line["facts"]
            known["estimate"] = tuple(known["estimate"])
            found[line["case"], line["name"]] = Facts(**known)
    return found


def cells_of(setting: Setting, *known: Known) -> list[Timed]:
    """Return the cells that all versions have."""
    return [
        Timed(case, name, operation)
        for case in range(len(setting.cases))
        for name in setting.names
        if all((case, name) in each and each[case, name].cannot is None for each in known)
        for operation in OPERATIONS
    ]


class _Side:
    """A process that measures one version."""

    def __init__(self, plan: Mapping[str, Any], tree: Tree, seed: str) -> None:
        paths = os.pathsep.join((str(tree.folder), environment()["PYTHONPATH"]))
        self._tree = tree
        self._child = Child(module(SIDE), variables={"PYTHONPATH": paths, "PYTHONHASHSEED": seed})
        self.lines = self._child.lines()
        self._child.send(json.dumps(plan))

    def close(self) -> None:
        """End it."""
        self._child.close(0)

    def begin(self) -> None:
        """Wait until it has loaded its version; WorkerError if that is another one."""
        loaded = self.next()["library"]
        if not loaded.startswith(str(self._tree.folder)):
            raise WorkerError(f"expected tensorwire of {self._tree.folder}, got {loaded}")

    def next(self) -> dict[str, Any]:
        """Return its next line; WorkerError if it failed."""
        try:
            return next(self.lines)
        except WorkerError as error:
            raise WorkerError(f"{self._tree.title}: {error}") from None
        except StopIteration:
            raise WorkerError(f"{self._tree.title}: a worker ended early") from None

    def ask(self, *request: int) -> float:
        """Return the least seconds of a call of a cell, of so many samples."""
        self._child.send(json.dumps(request))
        return float(min(self.next()["seconds"]))


class Pairs:
    """Pairs of processes of two versions, one pair after another."""

    def __init__(self, setting: Setting, old: Tree, new: Tree, cells: Sequence[Timed]) -> None:
        self._setting, self._trees, self._cells = setting, (old, new), cells
        self._order = random.Random(0)  # noqa: S311 - order only
        self.seconds: dict[Timed, list[tuple[float, float]]] = {cell: [] for cell in cells}
        """Of each cell, old and new: a pair each."""
        self.count = 0

    def measure(self, cells: Sequence[Timed]) -> Iterator[tuple[Timed, float]]:
        """Run a pair on some cells, and yield the ratio of each, new by old."""
        visits = max(VISITS, min(MOST_VISITS, VISITS * len(self._cells) // len(cells)))
        found: list[tuple[list[float], list[float]]] = [([], []) for _ in cells]
        with ExitStack() as stack:
            sides = self._start(cells, stack)
            seconds = list(map(min, zip(*(side.next()["seconds"] for side in sides), strict=True)))
            for _ in range(visits):
                for number in self._order.sample(range(len(cells)), len(cells)):
                    request = (number, *_calls(seconds[number]))
                    for side in self._order.sample((0, 1), 2):
                        found[number][side].append(sides[side].ask(*request))
        self.count += 1
        for cell, (old, new) in zip(cells, found, strict=True):
            # Whatever disturbs a sample makes it longer: the least one is the code's own time.
            best = min(old), min(new)
            self.seconds[cell].append(best)
            yield cell, best[1] / best[0]

    def _start(self, cells: Sequence[Timed], stack: ExitStack) -> list[_Side]:
        """Start both sides at once, on a processor that they share."""
        usable = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [None]
        plan = self._setting.plan(cells, processor=usable[self.count % len(usable)])
        seed = str(self._order.randrange(2**32))
        sides = {
            number: stack.enter_context(closing(_Side(plan, self._trees[number], seed)))
            for number in self._order.sample((0, 1), 2)
        }
        for side in sides.values():
            side.begin()
        return [sides[0], sides[1]]

    def median(self, cell: Timed) -> tuple[float, float]:
        """Return the seconds of a cell, old and new."""
        old, new = zip(*self.seconds[cell], strict=True)
        return median(old), median(new)


def _calls(seconds: float) -> tuple[int, int, int]:
    """Return calls of a sample, warm-ups before it, and samples of a visit."""
    if seconds > SLOW:
        return 1, 0, 1
    loops = max(1, ceil(SAMPLE / max(seconds, 1e-9)))
    return loops, loops if seconds < SAMPLE else 1, SAMPLES
