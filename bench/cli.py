"""What the command lines of all benchmarks share: options, one line for an error, exit codes."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass, field
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from .command import COMMANDS, command
from .implementations.implementation import OPERATIONS
from .interrupt import INTERRUPTED, UsageError, complain, first_only, noting

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .measure.pyperf_suite import Rigour
    from .measure.run import Session
    from .screen import Screen

    Show = Callable[[Session, "Options", list[str], Screen], None]

REQUIRED = ("google.protobuf", "ml_dtypes")
"""Imported only where they are first needed, which is too late to report that one is missing."""
UNRECOGNIZED = "unrecognized arguments: "
INSTALL = "pip install " + ("-e '.[bench]'" if __package__ == "bench" else "'tensorwire[bench]'")


@dataclass(frozen=True)
class Options:
    """The options of a command that measures, checked as far as they can be without the library."""

    codec: tuple[str, ...] = ()
    """Patterns of codecs, or of protocols."""
    op: tuple[str, ...] = OPERATIONS
    seconds: float = 15.0
    processes: int = 3
    targets: bool = False
    list: bool = False
    output: str | None = None
    force: bool = False
    markdown: bool = False
    csv: bool = False
    json: bool = False
    """The advice for programs, instead of tables."""
    quiet: bool = False
    batch: tuple[int, ...] | None = None
    features: int | None = None
    dtype: str | None = None
    values: str | None = None
    payload: tuple[str, ...] = ()
    memory: bool = False
    links: bool = False
    check_links: bool = False
    profile: str | None = None
    """The file of a flame graph."""
    rigorous: Rigour | None = None
    """Options of pyperf's Runner; None: the interleaved run."""
    quick: bool = False
    details: bool = False
    started: float = field(default_factory=time.time)


class Parser(argparse.ArgumentParser):
    """An ArgumentParser of a command: errors of one line, and ``{report}`` in an epilog.

    The names of commands there become what is typed for them.
    """

    def __init__(self, name: str, description: str, epilog: str = "") -> None:
        super().__init__(
            prog=command(name),
            description=description,
            epilog=epilog.format(**{each: command(each) for each in COMMANDS}),
            formatter_class=_formatter(),
            allow_abbrev=False,
        )

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 after one line; an option that nobody knows may be a misspelt one."""
        if message.startswith(UNRECOGNIZED):
            typed = message.removeprefix(UNRECOGNIZED).split()[0].partition("=")[0]
            near = get_close_matches(typed, self._option_string_actions, n=1)
            message += f" (did you mean {near[0]}?)" if near else ""
        self.exit(2, f"{self.prog}: error: {message}\n")

    def add_run(self, processes: str = "3") -> Any:
        """Add the options of a measurement; return the group of output forms, to add to."""
        add = self.add_argument
        add("--op", choices=(*OPERATIONS, "both"), default="both", help="one direction, or both")
        add("--targets", action="store_true", help="measure the promised speeds: met or not met")
        add(
            "--seconds",
            type=seconds,
            default=15.0,
            metavar="S",
            help="about how long (default: 15)",
        )
        text = f"one after another (default: {processes})"
        add("-p", "--processes", type=count, default=3, metavar="N", help=text)
        add("--list", action="store_true", help="name all that can be measured, measure nothing")
        self.add_output("write the samples in pyperf's format")
        return self.add_forms()

    def add_output(self, text: str) -> None:
        """Add ``-o FILE``, and ``--force`` to overwrite it."""
        self.add_argument("-o", dest="output", metavar="FILE", help=text)
        self.add_argument("--force", action="store_true", help="overwrite that file")

    def add_forms(self, quiet: str = "only the answer: no tables, no progress") -> Any:
        """Add the forms of output, of which there is one at a time; return their group."""
        forms = self.add_mutually_exclusive_group()
        forms.add_argument("--markdown", action="store_true", help="tables in Markdown")
        forms.add_argument("--csv", action="store_true", help="one line per cell, nothing else")
        self.add_argument("-q", "--quiet", action="store_true", help=quiet)
        return forms

    def options(self, given: dict[str, Any]) -> Options:
        """Return the options of a measurement, once the files to write can be written."""
        for option, name in (("-o", given["output"]), ("--profile", given.get("profile"))):
            if name:
                self.check_output(option, name, force=given["force"])
        given["op"] = OPERATIONS if given["op"] == "both" else (given["op"],)
        globs = [part.strip() for text in given["codec"] or [] for part in text.split(",")]
        given["codec"] = tuple(part for part in globs if part)
        return Options(**given)

    def check_output(self, option: str, name: str, *, force: bool) -> None:
        """Exit unless a file of that name can be written, and loses nothing."""
        path = Path(name)
        if not path.absolute().parent.is_dir():
            self.error(f"{option}: expected a file in a directory that exists, got {name}")
        if path.is_dir():
            self.error(f"{option}: expected a file, got the directory {name}")
        if path.exists() and not force:
            self.error(f"{option}: expected a new file, got {name}; pass --force to overwrite it")
        if not path.exists():
            try:  # the permissions alone do not tell: the file system may be read-only
                with tempfile.TemporaryFile(dir=path.absolute().parent):
                    pass
            except OSError as error:
                self.error(
                    f"{option}: expected a file that can be written, got {name}:"
                    f" {error.strerror or error}"
                )


def count(text: str) -> int:
    """Read a whole number from 1 on."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def counts(text: str) -> tuple[int, ...]:
    """Read whole numbers from 1 on, ascending: ``1,10,100``."""
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected numbers such as 1,10,100, got {text!r}"
        ) from None
    if sizes[0] < 1:
        raise argparse.ArgumentTypeError(f"expected at least 1 row in a batch, got {sizes[0]}")
    return tuple(sizes)


def seconds(text: str) -> float:
    """Read a duration above 0, a day at most."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, up to a day, got {text!r}")
    return value


def require_all(what: str, *packages: str) -> None:
    """Raise UsageError, with what to install, if any of these packages is missing."""
    from tensorwire.extras import lacking

    if reason := lacking(what, *packages):
        raise UsageError(reason)


def _formatter() -> type[argparse.HelpFormatter]:
    """Return the library's formatter; Python's where a package of the library is missing."""
    try:
        find_library()
    except ImportError:
        return argparse.RawDescriptionHelpFormatter
    from tensorwire.arguments import HelpFormatter

    return HelpFormatter


def find_library() -> None:
    """Import tensorwire: the installed one, or the one of this checkout."""
    if find_spec("tensorwire") is None:
        sys.path.append(str(Path(__file__).parents[1] / "codecs"))
    import_module("tensorwire")


def guarded(name: str, work: Callable[[], int]) -> int:
    """Do the work of a command once the library is there; report what went wrong in one line."""
    try:
        find_library()
        for package in REQUIRED:
            if find_spec(package) is None:
                raise ModuleNotFoundError(f"No module named {package!r}")
    except ImportError as error:
        return complain(name, f"{error}; {INSTALL}", 1)
    from .measure.check import CheckError
    from .process import WorkerError

    try:
        require_all(command(name), "rich")
        with first_only():
            return work()
    except UsageError as error:
        return complain(name, str(error), 2)
    except (CheckError, WorkerError) as error:
        return complain(name, str(error), 1)


def finish(name: str, session: Session, options: Options, notes: list[str], show: Show) -> int:
    """Write what was measured, in the form that was asked for; return the exit code."""
    if session.interrupted and not session.samples.seconds:
        return complain(name, "interrupted before anything was measured", INTERRUPTED)
    with noting() as pressed:
        problem = _write(session, options.output) or session.failure
        _print(session, options, notes, show)
    if problem:
        return complain(name, problem, 1)
    return INTERRUPTED if session.interrupted or pressed else 0


def _write(session: Session, output: str | None) -> str:
    """Write the file that is wanted; return what went wrong, since the results are shown anyway."""
    if not output:
        return ""
    from .measure import runfile

    try:
        runfile.write(session.results(), output)
    except OSError as error:
        return f"-o {output}: {error.strerror or error}"
    return ""


def _print(session: Session, options: Options, notes: Sequence[str], show: Show) -> None:
    from . import export
    from .screen import Screen
    from .summary import ended

    if options.json:
        notes = [*notes, *ended(session)]
        export.write_json(session.shown(), notes, sys.stdout, interrupted=session.interrupted)
    elif options.csv:
        sys.stderr.writelines(f"{note}\n" for note in [*notes, *ended(session)])
        export.write_csv(session.results(), sys.stdout)
    else:
        show(session, options, list(notes), Screen(markdown=options.markdown))
    sys.stdout.flush()
