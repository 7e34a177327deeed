"""From arguments to an exit code; every error is one line."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

from tensorwire.cli.console import complain
from tensorwire.cli.files import UsageError
from tensorwire.cli.options import parser
from tensorwire.errors import CodecError, UnknownCodecError

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Sequence
    from typing import TextIO

__all__ = ["main"]

DONE, FAILED, USAGE = 0, 1, 2
INTERRUPTED, CLOSED = 130, 141  # as a shell reports SIGINT and SIGPIPE


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    The exit code: 0 done, 1 bad input, 2 wrong usage, 130 interrupted, 141 if the reader of the
    output has gone.
    """
    try:
        _run(parser().parse_args(argv))
        sys.stdout.flush()
    except SystemExit as left:  # argparse, after --help or its own one line
        return left.code if isinstance(left.code, int) else DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget(sys.stdout)
        return CLOSED
    except Exception as error:  # noqa: BLE001 - whatever it is, people get one line
        return _report(error)
    return DONE


def _report(error: Exception) -> int:
    """Say in one line what went wrong; the exit code."""
    if isinstance(error, OSError):
        if error.filename is None:
            _forget(sys.stdout)
        complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
    elif isinstance(error, CodecError):
        complain(_in_flags(str(error)))
    elif isinstance(error, UsageError):
        complain(str(error))
    elif isinstance(error, MemoryError):
        complain("not enough memory")
    else:
        complain(f"a bug in tensorwire: {type(error).__name__}: {error}")
    return USAGE if isinstance(error, (UsageError, UnknownCodecError)) else FAILED


def _in_flags(reason: str) -> str:
    """Give advice as a command line takes it, where the library gives it as Python."""
    reason = re.sub("; known: [^ ]+/.*", "; tensorwire --formats lists the names", reason)
    reason = reason.replace("lossy=True", "--lossy")
    reason = re.sub(r"missing='(\w+)'", r"--missing \1", reason)
    return re.sub(r"Limits\(max_(\w+)=\)", r"--max-\1", reason)


def _run(options: Namespace) -> None:
    """Do what was asked; each command brings what it needs only."""
    from tensorwire.cli.routes import check_packages

    named = (getattr(options, name, None) for name in ("source", "target"))
    check_packages(*filter(None, named), *getattr(options, "codec", ()))
    if options.command == "inspect":
        from tensorwire.cli.inspect import run
    elif options.command == "convert":
        from tensorwire.cli.convert import run
    else:
        from tensorwire.cli.make import run
    run(options)


def _forget(stream: TextIO) -> None:
    """Drop what could not be written, or Python tries again at exit and complains."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return  # a stream in memory
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)
