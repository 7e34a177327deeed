"""One process that does one cell again and again, to be looked at by py-spy, until it is ended."""

from __future__ import annotations

import faulthandler
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from bench.measure import prctl
from bench.measure.worker import jobs_of, sample, settle, tell

if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UPS = 3


def loop(call: Callable[[Any], Any], argument: Any) -> None:
    """Do it for ever: the lowest frame of the graph that is not the cell's."""
    while True:
        call(argument)


def main() -> None:
    """Say when all that comes is the cell."""
    plan = json.load(sys.stdin)
    faulthandler.dump_traceback_later(plan["limit"], exit=True)
    prctl.end_with_parent()
    prctl.allow_tracing()
    (job,) = jobs_of(plan)
    sample(job, 1, WARM_UPS)
    settle()
    tell({"pid": os.getpid()})
    loop(*job)


if __name__ == "__main__":
    main()
