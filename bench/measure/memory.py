"""What every timed cell takes beside its argument, in a pass of its own."""

from __future__ import annotations

import sysconfig
from contextlib import closing
from typing import TYPE_CHECKING

from bench.implementations.implementation import FIRST_USE, is_codec
from bench.measure.results import Memory
from bench.measure.run import WorkerError, lines_of_worker
from bench.measure.session import guess_of, plan_of

if TYPE_CHECKING:
    from bench.measure.session import Session
    from bench.screen.progress import Progress

WORKER = "bench.measure.memory_worker"
START, CELL, SLOWER = 60.0, 2.0, 100.0
"""Bounds far beyond what it takes: seconds to start and of each cell, and how much slower it is."""


def weigh(session: Session, progress: Progress) -> None:
    """Fill in the memory of the session's cells, those of codecs first.

    What there is stays if it is interrupted, or if the worker fails; the session says so.
    """
    cells = sorted(
        (c for c in session.samples.seconds if not c.twin and c.operation != FIRST_USE),
        key=lambda cell: (not is_codec(cell.way), cell),
    )
    if session.interrupted or not cells:
        return
    calls = sum(guess_of(session, cell)[0] for cell in cells)
    progress.restart()
    try:
        plan = {
            **plan_of(session, cells),
            "limit": START + CELL * len(cells) + SLOWER * calls,
        }
        with closing(lines_of_worker(WORKER, plan, **environment())) as lines:
            for line in lines:
                session.memory[cells[line["cell"]]] = Memory(**line["memory"])
                progress.show("weighing", len(session.memory) / len(cells))
    except KeyboardInterrupt:
        session.interrupted = True
    except WorkerError as error:
        session.failure = str(error)
    finally:
        progress.clear()


def environment() -> dict[str, str]:
    """Return what makes a worker's memory the same from run to run, and all of it to be seen."""
    steady = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    if not sysconfig.get_config_var("Py_GIL_DISABLED"):
        # Python's own allocator keeps what is freed for later: its pages would not grow again.
        steady["PYTHONMALLOC"] = "malloc"
    return steady
