"""What every benchmark's command line does: exit codes, and where the results go."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from bench.interrupt import INTERRUPTED, complain, first_only, noting

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.measure.session import Session
    from bench.options import Options
    from bench.screen.render import Screen

    Show = Callable[[Session, Options, list[str], Screen], None]


LATER = ("google.protobuf", "ml_dtypes")
"""What the library loads when it is first needed, which is too late to say that it is missing."""


def guarded(name: str, work: Callable[[], int]) -> int:
    """Do the work of a command once the library is there; say in one line what went wrong."""
    try:
        find_library()
        for module in LATER:
            if find_spec(module) is None:
                raise ModuleNotFoundError(f"No module named {module!r}")
    except ImportError as error:
        return complain(name, f"{error}; in the checkout: pip install -e '.[bench]'", 1)
    from bench.measure.check import CheckError
    from bench.measure.run import WorkerError
    from bench.options import UsageError

    try:
        with first_only():
            return work()
    except UsageError as error:
        return complain(name, str(error), 2)
    except (CheckError, WorkerError) as error:
        return complain(name, str(error), 1)


def find_library() -> None:
    """Import tensorwire: the installed one, or the one of this checkout."""
    if find_spec("tensorwire") is None:
        sys.path.append(str(Path(__file__).parents[1] / "codecs"))
    import_module("tensorwire")


def finish(name: str, session: Session, options: Options, notes: list[str], show: Show) -> int:
    """Write what was measured, in the form that was asked for; the exit code."""
    if session.interrupted:
        if not session.samples.seconds:
            return complain(name, "interrupted before anything was measured", INTERRUPTED)
        notes = [*notes, "Interrupted: this is what was measured until then."]
    if session.failure:
        notes = [*notes, "A worker failed: this is what was measured until then."]
    with noting() as pressed:
        problem = _write(session, options) or session.failure
        _show(session, options, notes, show)
    if problem:
        return complain(name, problem, 1)
    return INTERRUPTED if session.interrupted or pressed else 0


def _write(session: Session, options: Options) -> str:
    """Write the file that is wanted; say what went wrong, since the results are shown anyway."""
    if not options.output:
        return ""
    from bench.measure.runfile import write

    try:
        write(session.results(), options.output)
    except OSError as error:
        return f"-o {options.output}: {error.strerror or error}"
    return ""


def _show(session: Session, options: Options, notes: list[str], show: Show) -> None:
    if options.json:
        from bench.codecs import json_out

        json_out.write(session.results(), notes, sys.stdout, interrupted=session.interrupted)
    elif options.csv:
        from bench.codecs import csv_out

        for note in notes:
            sys.stderr.write(f"{note}\n")
        csv_out.write(session.results(), sys.stdout)
    else:
        from bench.screen.render import Screen

        show(session, options, notes, Screen(markdown=options.markdown))
    sys.stdout.flush()
