"""A run: check every cell, then time it in several processes; keep what there is if interrupted."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..implementations.implementation import FIRST_USE, MEMCPY, is_codec
from ..implementations.lookup import get_implementation
from ..payloads.case import build, digest
from ..process import run_worker
from .check import Facts, check_case
from .results import Cell, Memory, Results, Samples, choose_controls

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..payloads.case import Case
    from ..screen import Progress
    from .transfers import Links

WORKER = f"{__package__}.worker"
PATIENCE = 0.2
"""The share of the run's seconds that a single call of a slow baseline may take."""
RESERVE = 0.8
"""Seconds kept for the start of Python and for writing the answer."""
BESIDE, CHEAP = 3, 0.001
"""Processes that also time what is no codec, and the share of the time that one of its calls may
take in all of them, and not only in the first: nothing is chosen by it, and much of it is slow."""
AGAIN, AGAIN_SHARE = 3, 0.15
"""Processes that time payloads again on which the others disagreed, and their share of the time."""
FEWEST = 5
"""Processes that are started even if the time is over, as on a busy machine."""


@dataclass
class Session:
    """What is to be measured, and what is known of it so far."""

    cases: Sequence[Case]
    implementations: Sequence[Sequence[str]]
    """For each case."""
    operations: tuple[str, ...]
    facts: dict[tuple[int, str], Facts] = field(default_factory=dict)
    samples: Samples = field(default_factory=Samples)
    memory: dict[Cell, Memory] = field(default_factory=dict)
    digests: dict[int, int] = field(default_factory=dict)
    http_round_trips: dict[int, float] = field(default_factory=dict)
    links: Links | None = None
    mean: Callable[[Results], Results] | None = None
    """Adds up what was measured of recorded traffic, to one payload."""
    interrupted: bool = False
    failure: str = ""
    """What went wrong after something was measured, which is kept."""
    seconds: float = 0.0
    started: float = field(default_factory=time.time)

    def results(self) -> Results:
        """Return what is known now."""
        names = dict.fromkeys(name for each in self.implementations for name in each)
        known = (self.facts, self.samples, self.memory, self.digests, self.http_round_trips)
        return Results(self.cases, tuple(names), self.operations, *known, self.links)

    def shown(self) -> Results:
        """Return what advice is given on."""
        return self.mean(self.results()) if self.mean else self.results()

    def check(self, patience: float, progress: Progress) -> None:
        """Check every implementation on every payload; CheckError if one is wrong."""
        total, done = sum(map(len, self.implementations)), 0
        for number, case in enumerate(self.cases):
            array = build(case)
            self.digests[number] = digest(array)
            for name, facts in check_case(case, array, self.implementations[number], patience):
                self.facts[number, name] = facts
                done += 1
                progress.show("checking", done / total)

    def cells(self) -> list[Cell]:
        """Return what there is to time, once all is checked."""
        cells = []
        for number, names in enumerate(self.implementations):
            able = [name for name in names if self.facts[number, name].cannot is None]
            controls = choose_controls([name for name in able if is_codec(name)])
            for operation in self.operations:
                timed = [name for name in able if _is_timed(name, operation)]
                cells += [Cell(number, name, operation) for name in timed]
                if operation != FIRST_USE:
                    cells += [Cell(number, name, operation, control=True) for name in controls]
        return cells

    def plan(self, cells: Sequence[Cell]) -> dict[str, Any]:
        """Return what a worker must know: each payload and its digest, each cell and its guess.

        A cell is followed by the seconds of a call, roughly, and by the implementation that writes
        the body to decode.
        """
        guesses = [
            (self.guess(cell), self.facts[cell[:2]].writer or cell.implementation) for cell in cells
        ]
        return {
            "cases": [(case.to_worker(), self.digests[n]) for n, case in enumerate(self.cases)],
            "cells": [(*cell, *guess) for cell, guess in zip(cells, guesses, strict=True)],
        }

    def guess(self, cell: Cell) -> float:
        """Return the seconds of one call, roughly."""
        return self.facts[cell[:2]].estimate[cell.operation != "encode"]

    def measure(
        self, cells: Sequence[Cell], ends: float, processes: int, progress: Callable[[float], None]
    ) -> None:
        """Time all cells in several processes, one after another so that none disturbs another.

        What is no codec is timed in the first three of them; in one, if it is slow.

        Parameters
        ----------
        ends
            When to be done, in seconds since the epoch. Every cell is timed even if it takes
            longer.
        progress
            Called with the share that is done.
        """
        codecs = [cell for cell in cells if is_codec(cell.implementation)] or cells
        patience = CHEAP * (ends - time.time())
        some = [cell for cell in cells if cell in codecs or self.guess(cell) < patience]
        first = max(map(len, self.samples.seconds.values()), default=0)
        for number in range(processes):
            if time.time() > ends and first + number >= FEWEST:
                break
            timed = codecs if first + number >= BESIDE else some if first + number else cells
            share = max(0.0, ends - time.time()) / (processes - number)
            asked = {
                **self.plan(timed),
                "until": time.time() + share,
                # Far beyond what it should take: the end of a worker that hangs.
                "limit": 60 + 5 * share + 10 * sum(map(self.guess, timed)),
                "seed": first + number,
            }
            waited = 0.0
            with closing(run_worker(WORKER, asked)) as lines:
                for line in lines:
                    self._keep(timed, first + number, line["samples"])
                    waited = line["waited"]
                    progress((number + line["done"]) / processes)
            self.samples.waited.append(waited)

    def _keep(
        self, cells: Sequence[Cell], process: int, found: Sequence[tuple[int, int, float]]
    ) -> None:
        for index, loops, seconds in found:
            lists = self.samples.seconds[cells[index]]
            while len(lists) <= process:
                lists.append([])
                self.samples.loops[cells[index]].append(loops)
            lists[process].append(seconds)

    def disputed(self, cells: Sequence[Cell]) -> list[Cell]:
        """Return the codecs' cells of each payload on which any codec's processes disagree."""
        results = self.results()
        codecs = [cell for cell in cells if is_codec(cell.implementation)]
        cases = {each.case for each in codecs if results.disagrees(*each[:3])}
        return [cell for cell in codecs if cell.case in cases]


def _is_timed(name: str, operation: str) -> bool:
    if operation != FIRST_USE:
        return operation in get_implementation(name).timed
    return is_codec(name) or name == MEMCPY


def run(session: Session, seconds: float, processes: int, progress: Progress) -> None:
    """Fill the session in, within about so many seconds.

    Raises
    ------
    CheckError
        If a codec or a baseline is wrong: nothing was timed.
    WorkerError
        If a worker process failed.
    """
    ends = session.started + seconds - RESERVE
    again = AGAIN_SHARE * seconds if processes > BESIDE else 0.0
    try:
        session.check(seconds * PATIENCE, progress)
        progress.restart()
        cells = session.cells()
        session.measure(
            cells, ends - again, processes, lambda share: progress.show("measuring", share)
        )
        if again and (disputed := session.disputed(cells)):
            progress.restart()
            session.measure(
                disputed, ends, AGAIN, lambda share: progress.show("measuring again", share)
            )
    except KeyboardInterrupt:
        session.interrupted = True
    finally:
        progress.clear()
        session.seconds = time.time() - session.started
