"""What does a format cost in a whole request? ``python -m bench.serving --help``."""

from __future__ import annotations

import signal
from importlib import import_module
from typing import TYPE_CHECKING

from bench.interrupt import leave, orderly

if TYPE_CHECKING:
    from bench.serving.mode import Mode
    from bench.serving.options import Options

NAME = "python -m bench.serving"
MODES = {
    "latency": ("matrix", "Latency"),
    "throughput": ("throughput", "Throughput"),
    "concurrent": ("throughput", "Throughput"),
    "load": ("starts", "Starts"),
    "scale": ("scale", "Scale"),
    "hop": ("hop", "OneHop"),
}
"""Imported when they are used: their packages are then known to be there."""


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 wrong or failed, 2 usage, 130 interrupted."""
    from bench.cli import guarded
    from bench.serving.options import parse

    options = parse(argv)
    return guarded(NAME, lambda: _run(options))


def _run(options: Options) -> int:
    from bench.cli import require, require_all
    from bench.process import WorkerError
    from bench.screen import Progress, Screen
    from bench.serving.processes import require_graphs
    from tensorwire.extras import EXTRAS

    require_all("a server", *EXTRAS["server"], "flask")
    require_graphs(options.flames)
    if options.mode == "load":
        require("psutil", "load")
    if options.output:
        require("pyperf", "-o")
    from bench.serving.clients import CallError

    screen, progress = Screen(markdown=options.markdown), Progress(quiet=options.quiet)
    try:
        if options.mode == "noop":
            from bench.serving.noop import run

            return run(options, screen)
        module, name = MODES[options.mode]
        mode: Mode = getattr(import_module(f"bench.serving.{module}"), name)(options)
        return mode.run(screen, progress)
    except CallError as error:
        raise WorkerError(str(error)) from error


def _leave(*_: object) -> None:
    """End as Ctrl-C does: servers and files of this run go with it."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _leave)
    leave(main())
