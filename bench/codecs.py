"""Which format should this payload travel in? Measured, checked, and answered.

``python -m bench.codecs --help`` names the options.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bench.options import Options, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.render import Screen
    from bench.session import Session

    Show = Callable[[Session, Options, list[str], Screen], None]

NAME = "python -m bench.codecs"
INTERRUPTED = 130


def main(argv: list[str] | None = None) -> int:
    """Run the command line; the exit code: 0, 1 wrong or failed, 2 usage, 130 interrupted."""
    options = parse(argv)
    return guarded(NAME, lambda: _list(options) if options.list else _measure(options))


def guarded(name: str, work: Callable[[], int]) -> int:
    """Do the work of a command once the library is there; say in one line what went wrong."""
    try:
        _find_library()
    except ImportError as error:
        return _complain(name, f"{error}; in the checkout: pip install -e '.[bench]'", 1)
    from bench.check import CheckError
    from bench.measure import WorkerError
    from bench.plan import UsageError

    try:
        return work()
    except UsageError as error:
        return _complain(name, str(error), 2)
    except (CheckError, WorkerError) as error:
        return _complain(name, str(error), 1)
    except KeyboardInterrupt:
        return _complain(name, "interrupted", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has gone; nothing is left to say, at exit neither.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _find_library() -> None:
    """Import tensorwire: the installed one, or the one of this checkout."""
    if find_spec("tensorwire") is None:
        sys.path.append(str(Path(__file__).parents[1] / "codecs"))
    import_module("tensorwire")


def _complain(name: str, text: str, code: int) -> int:
    sys.stderr.write(f"{name}: error: {text}\n")
    return code


def _list(options: Options) -> int:
    from bench.plan import select
    from bench.ways import baselines_for, missing_for

    codecs = select(options.codec or ("*",))
    for name in codecs:
        print(name)
    for name in baselines_for(codecs, floors=True):
        module = missing_for(name)
        print(name + (f"  (skipped: {module} is not installed)" if module else ""))
    return 0


def _measure(options: Options) -> int:
    from bench import environment, plan, targets
    from bench.progress import Progress
    from bench.session import Session, run
    from bench.show import show

    if options.output:
        plan.require("pyperf", "-o")
    codecs = plan.select(options.codec)
    able, skipped = plan.ways(codecs, floors=options.targets)
    cases = targets.cases() if options.targets else plan.cases(options)
    ways = [targets.ways(codecs, able, case.label) if options.targets else able for case in cases]
    plan.check_memory(cases, able)
    session = Session(cases, ways, options.op)
    notes = [*environment.warnings(), *skipped]
    run(session, options, Progress(quiet=options.quiet))
    return finish(NAME, session, options, notes, show)


def finish(name: str, session: Session, options: Options, notes: list[str], show: Show) -> int:
    """Write what was measured, in the form that was asked for; the exit code."""
    from bench.render import Screen

    code = 0
    if session.interrupted:
        code = INTERRUPTED
        if not session.samples.seconds:
            return _complain(name, "interrupted before anything was measured", code)
        notes = [*notes, "Interrupted: this is what was measured until then."]
    results = session.results()
    if options.output:
        from bench.pyperf_out import write

        write(results, options.output)
    if options.csv:
        from bench import csv_out

        if not options.quiet:
            for note in notes:
                sys.stderr.write(f"{note}\n")
        csv_out.write(results, sys.stdout)
    else:
        show(session, options, notes, Screen(markdown=options.markdown))
    sys.stdout.flush()
    return code


if __name__ == "__main__":
    sys.exit(main())
