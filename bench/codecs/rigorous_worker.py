"""One of pyperf's worker processes: it walks the cells, and times the one it was started for.

Nothing but the ways under test is imported, and no payload is built but that of the one cell.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.command import find_library

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def work() -> int:
    """Measure the cell that the command line asks for, and hand it to pyperf; the exit code.

    Raises
    ------
    RuntimeError
        The cell, its payload or what decides on its speed is another than the parent's.
    """
    find_library()
    import pyperf

    from bench.measure import environment
    from bench.measure.run import Cell
    from bench.payloads.case import Case

    runner = pyperf.Runner()
    add = runner.argparser.add_argument
    add("--plan", required=True)
    add("--cell", required=True)
    asked = runner.parse_args()
    plan = json.loads(Path(asked.plan).read_text("utf-8"))
    for name, here in environment.decisive().items():
        if here != plan["decisive"][name]:
            raise RuntimeError(
                f"{name} is {here} in a worker, but {plan['decisive'][name]} where the cells were"
                " checked: pyperf passes on no flags of Python and few variables of the"
                " environment; --inherit-environ NAME passes on one"
            )
    measured = False
    for fields in plan["cells"]:
        cell = Cell(*fields[:4])
        name = cell.name(Case.from_json(plan["cases"][cell.case][0]))
        timed = runner.bench_time_func(name, timer(plan, fields, name, asked.cell))
        measured = measured or timed is not None
    if not measured:
        raise RuntimeError(f"there is no task {asked.worker_task} in the plan")
    return 0


def timer(
    plan: Mapping[str, Any], fields: list[Any], name: str, asked: str
) -> Callable[[int], float]:
    """Return what times a cell: called with a number of calls, it gives their seconds."""
    from bench.measure.worker import jobs_of, sample, settle

    jobs: list[Any] = []

    def seconds(loops: int) -> float:
        if not jobs:
            if name != asked:
                raise RuntimeError(f"asked for the cell {asked!r}, but about to time {name!r}")
            only = {"cases": [plan["cases"][fields[0]]], "cells": [[0, *fields[1:]]]}
            jobs.extend(jobs_of(only))
            # What a first call imports is no part of what a call costs.
            sample(jobs[0], 1, 0)
            settle()
        return sample(jobs[0], loops, 0) * loops

    return seconds
