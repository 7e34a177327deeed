"""A run: check every cell, then time it; keep what there is if it is interrupted."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.implementations.lookup import get_way
from bench.implementations.implementation import FIRST_USE, is_codec
from bench.measure.check import Facts, check_case
from bench.measure.results import Memory, Results, choose_twins
from bench.measure.run import Cell, Samples, measure
from bench.payloads.case import build, digest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.options import Options
    from bench.payloads.case import Case
    from bench.screen.progress import Progress

PATIENCE = 0.2
"""The share of the run's seconds that a single call of a slow baseline may take."""
RESERVE = 0.3
"""Seconds kept for writing the answer."""


@dataclass
class Session:
    """What is to be measured, and what is known of it so far."""

    cases: Sequence[Case]
    ways: Sequence[Sequence[str]]
    """For each case."""
    operations: tuple[str, ...]
    facts: dict[tuple[int, str], Facts] = field(default_factory=dict)
    samples: Samples = field(default_factory=Samples)
    memory: dict[Cell, Memory] = field(default_factory=dict)
    digests: dict[int, int] = field(default_factory=dict)
    trips: dict[int, float] = field(default_factory=dict)
    interrupted: bool = False
    failure: str = ""
    """What went wrong after something was measured, which is kept."""
    seconds: float = 0.0

    def results(self) -> Results:
        """Return what is known now."""
        names = dict.fromkeys(name for each in self.ways for name in each)
        known = (self.facts, self.samples, self.memory, self.digests, self.trips)
        return Results(self.cases, tuple(names), self.operations, *known)


def run(session: Session, options: Options, progress: Progress) -> None:
    """Fill the session in.

    Raises
    ------
    CheckError
        If a codec or a baseline is wrong: nothing was timed.
    WorkerError
        If a worker process failed.
    """
    started = time.time()
    try:
        check(session, options.seconds * PATIENCE, progress)
        progress.restart()
        cells = cells_of(session)
        measure(
            session.samples,
            cells,
            plan_of(session, cells),
            ends=started + options.seconds - RESERVE,
            processes=options.processes,
            progress=lambda share: progress.show("measuring", share),
        )
    except KeyboardInterrupt:
        session.interrupted = True
    finally:
        progress.clear()
        session.seconds = time.time() - started


def check(session: Session, patience: float, progress: Progress) -> None:
    """Check every way on every payload.

    Raises
    ------
    CheckError
        A way is wrong.
    """
    total, done = sum(len(names) for names in session.ways), 0
    for number, (case, names) in enumerate(zip(session.cases, session.ways, strict=True)):
        array = build(case)
        session.digests[number] = digest(array)
        for name, facts in check_case(case, array, names, patience):
            session.facts[number, name] = facts
            done += 1
            progress.show("checking", done / total)


def cells_of(session: Session) -> list[Cell]:
    """Return what there is to time, once all is checked."""
    cells = []
    for number, names in enumerate(session.ways):
        able = [name for name in names if session.facts[number, name].cannot is None]
        twins = choose_twins([name for name in able if is_codec(name)])
        for operation in session.operations:
            needed = "decode" if operation == FIRST_USE else operation
            timed = [name for name in able if needed in get_way(name).timed]
            cells += [Cell(number, name, operation) for name in timed]
            if operation != FIRST_USE:
                cells += [Cell(number, name, operation, twin=True) for name in twins]
    return cells


def plan_of(session: Session, cells: Sequence[Cell]) -> dict[str, Any]:
    """Return what a worker must know of these cells: each payload and its digest, each guess."""
    return {
        "cases": [(case.to_worker(), session.digests[n]) for n, case in enumerate(session.cases)],
        "cells": [(*cell, *guess_of(session, cell)) for cell in cells],
    }


def guess_of(session: Session, cell: Cell) -> tuple[float, str]:
    """Return the seconds of one call, roughly, and which way writes the body to decode."""
    facts = session.facts[cell.case, cell.way]
    return facts.estimate[cell.operation != "encode"], facts.writer or cell.way
