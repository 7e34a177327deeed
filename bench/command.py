"""What every benchmark's command line does: exit codes, and where the results go."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.measuring.session import Session
    from bench.options import Options
    from bench.screen.render import Screen

    Show = Callable[[Session, Options, list[str], Screen], None]

INTERRUPTED = 130


def guarded(name: str, work: Callable[[], int]) -> int:
    """Do the work of a command once the library is there; say in one line what went wrong."""
    try:
        _find_library()
    except ImportError as error:
        return _complain(name, f"{error}; in the checkout: pip install -e '.[bench]'", 1)
    from bench.codecs.plan import UsageError
    from bench.measuring.check import CheckError
    from bench.measuring.measure import WorkerError

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


def finish(name: str, session: Session, options: Options, notes: list[str], show: Show) -> int:
    """Write what was measured, in the form that was asked for; the exit code."""
    from bench.screen.render import Screen

    code = 0
    if session.interrupted:
        code = INTERRUPTED
        if not session.samples.seconds:
            return _complain(name, "interrupted before anything was measured", code)
        notes = [*notes, "Interrupted: this is what was measured until then."]
    results = session.results()
    if options.output:
        from bench.measuring.runfile import write

        write(results, options.output)
    if options.json:
        from bench.codecs import json_out

        json_out.write(results, notes, sys.stdout)
    elif options.csv:
        from bench.codecs import csv_out

        if not options.quiet:
            for note in notes:
                sys.stderr.write(f"{note}\n")
        csv_out.write(results, sys.stdout)
    else:
        show(session, options, notes, Screen(markdown=options.markdown))
    sys.stdout.flush()
    return code
