"""What does a format cost in a whole request? ``python -m bench.serving --help``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..interrupt import leave, orderly

if TYPE_CHECKING:
    from .mode import Mode
    from .options import Options

NAME = "serving"


@orderly(NAME)
def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 wrong or failed, 2 usage, 130 interrupted."""
    from ..cli import guarded
    from .options import parse

    options = parse(argv)
    return guarded(NAME, lambda: _run(options))


def _run(options: Options) -> int:
    from tensorwire.extras import EXTRAS

    from ..cli import require_all
    from ..process import WorkerError
    from ..screen import Progress, Screen
    from .processes import require_graphs

    require_all("a server", *EXTRAS["server"], "flask")
    require_graphs(options.flames)
    if options.mode in ("load", "floor"):
        require_all(options.mode, "psutil")
    if options.output:
        require_all("-o", "pyperf")
    from .clients import CallError

    screen, progress = Screen(markdown=options.markdown), Progress(quiet=options.quiet)
    try:
        if options.mode == "noop":
            from .noop import run

            return run(options, screen)
        return _mode(options).run(screen, progress)
    except CallError as error:
        raise WorkerError(str(error)) from error


def _mode(options: Options) -> Mode:
    """Import a mode when it is used: its packages are then known to be there."""
    if options.mode == "latency":
        from .matrix import Latency

        return Latency(options)
    if options.mode == "load":
        from .starts import Starts

        return Starts(options)
    if options.mode == "scale":
        from .scale import Scale

        return Scale(options)
    if options.mode == "hop":
        from .hop import OneHop

        return OneHop(options)
    if options.mode == "floor":
        from .floor import Floor

        return Floor(options)
    from .throughput import Throughput

    return Throughput(options)


if __name__ == "__main__":
    leave(main())
