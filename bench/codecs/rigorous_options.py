"""What of pyperf's options ``--rigorous`` takes, and how long they make it."""

from __future__ import annotations

import contextlib
import io
import math
import os
from typing import TYPE_CHECKING, Any, NoReturn

from bench.options import UsageError, require

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    AddArguments = Callable[[list[str], Any], None]

ELSEWHERE = {
    **dict.fromkeys(("output", "append"), "-o FILE writes the file"),
    **dict.fromkeys(("tracemalloc", "track_memory"), "--memory weighs a call"),
    **dict.fromkeys(
        ("verbose", "dump", "metadata", "hist", "stats"),
        "python -m pyperf shows a file that -o has written",
    ),
    **dict.fromkeys(
        ("python", "compare_to", "python_names"),
        "run bench.codecs by each Python, then python -m bench.compare",
    ),
    **dict.fromkeys(
        (
            *("pipe", "worker_task", "calibrate_loops", "recalibrate_loops"),
            *("calibrate_warmups", "recalibrate_warmups"),
        ),
        "it is for pyperf's own workers",
    ),
}
"""pyperf's options that would do harm here, and what does their job."""
KEPT = ("PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION",)
"""Variables that say which code runs: workers get them, since they time what was checked."""
SPEED = (
    *("DYLD_", "GLIBC_TUNABLES", "LD_", "MALLOC_", "NPY_", "PYTHONDEVMODE", "PYTHONMALLOC"),
    *("PYTHONOPTIMIZE", "PYTHONTRACEMALLOC", "PYTHON_JIT"),
)
"""Variables, or how their names begin, that change how fast it runs; pyperf drops them."""
START = 0.25
"""Seconds, roughly, until a worker has imported what it needs."""
OVER = 1.5
"""A value lasts from one to two times ``--min-time``: calls are doubled until it is reached."""
MOST = 100_000
"""More processors than any machine has."""


def runner_of(given: Sequence[str], add_arguments: AddArguments) -> Any:
    """Return a ``pyperf.Runner`` with these options.

    Parameters
    ----------
    add_arguments
        Called with the command line of each worker, to add to it, just before it starts.

    Raises
    ------
    UsageError
        An option is wrong, or none for here.
    """
    require("pyperf", "--rigorous")
    import pyperf

    # pyperf wants a single Runner in a process and class; a process may well run twice.
    kind = type("Runner", (pyperf.Runner,), {"_created": set()})
    # Workers run the same command again: by its name, as a module in a package.
    made = kind(program_args=("-m", "bench.codecs"), add_cmdline_args=add_arguments)
    parser = made.argparser
    parser.error = _refuse
    parser.allow_abbrev = False
    asked = parser.parse_args(list(given))
    for name, instead in ELSEWHERE.items():
        if getattr(asked, name, None) != parser.get_default(name):
            _refuse(f"not --{name.replace('_', '-')}: {instead}")
    if not 0 < asked.min_time < math.inf:
        _refuse(f"--min-time: expected seconds above 0, got {asked.min_time}")
    if asked.affinity:
        _check_affinity(asked.affinity)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said):
            made.parse_args(list(given))
    except SystemExit:
        _refuse(said.getvalue().strip().removeprefix("ERROR: "))
    made.args.inherit_environ = [*(made.args.inherit_environ or ()), *KEPT]
    return made


def check(given: Sequence[str]) -> Any:
    """Return what these options ask for; UsageError as `runner_of`."""
    return runner_of(given, lambda *_: None).args


def _refuse(message: str) -> NoReturn:
    raise UsageError(f"--rigorous: {message}")


def _check_affinity(text: str) -> None:
    """Refuse processors that are not there, which a worker would only say in a traceback."""
    wanted: set[int] = set()
    try:
        for part in text.split(","):
            first, _, last = part.partition("-")
            wanted.update(range(int(first), min(int(last or first), MOST) + 1))
    except ValueError:
        _refuse(f"--affinity: expected processors such as 0 or 2-3,5, got {text!r}")
    if hasattr(os, "sched_getaffinity"):
        able = os.sched_getaffinity(0)
        if not wanted or not wanted <= able:
            _refuse(f"--affinity {text}: this process may use {', '.join(map(str, sorted(able)))}")


def dropped(args: Any) -> list[str]:
    """Name the variables that make things faster or slower here, and that no worker will have."""
    if args.copy_env:
        return []
    return sorted(
        name for name in os.environ if name.startswith(SPEED) and name not in args.inherit_environ
    )


def workers(args: Any) -> int:
    """Return how many processes measure one cell; one of them finds the number of calls."""
    return int(args.processes) + (not args.loops)


def seconds_of(args: Any, call: float) -> float:
    """Return about how long one worker takes, if one call takes ``call`` seconds."""
    value: float = args.loops * call if args.loops else max(call, OVER * args.min_time)
    values = int(args.values) + int(args.warmups or 0)
    return START + 2 * call + values * value
