"""From arguments to an exit code; every error is one line."""

from __future__ import annotations

import argparse
import os
import re
import sys
from typing import TYPE_CHECKING, NoReturn

from tensorwire import __version__
from tensorwire.arguments import HelpFormatter
from tensorwire.cli import bench
from tensorwire.cli.files import STDIO, UsageError, complain, say
from tensorwire.errors import CodecError, DecodeError, UnknownCodecError, reason_of_other
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.missing import KNOWN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

__all__ = ["main"]

DONE, FAILED, USAGE = 0, 1, 2
INTERRUPTED, CLOSED = 130, 141  # as a shell reports SIGINT and SIGPIPE
EXAMPLES = """\
examples:
  tensorwire inspect request.json
  tensorwire convert request.json - --to oip/json | tensorwire inspect
  tensorwire convert request.json request.bin --to protobuf/ndarray
  tensorwire convert reply.bin - --from oip/protobuf --to oip/json --reply
  tensorwire make load --shape 100,10 --codec json/ndarray,protobuf/tftensor
  tensorwire bench mine.npy

exit codes: 0 done, 1 bad input, 2 wrong usage
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns
    -------
    The exit code: 0 done, 1 bad input, 2 wrong usage, 130 interrupted, 141 if the reader of the
    output has gone.
    """
    given = sys.argv[1:] if argv is None else argv
    options = argparse.Namespace()
    try:
        if given and given[0] == "bench":
            return bench.run(list(given[1:]))
        made = parser()
        if not given:
            made.exit(USAGE, made.format_help())
        _run(made.parse_args(given, options))
        sys.stdout.flush()
    except SystemExit as left:  # argparse, after --help or its own one line
        return left.code if isinstance(left.code, int) else DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget(sys.stdout)
        return CLOSED
    except Exception as error:  # noqa: BLE001 - every error is shown as one line
        return _report(error, options)
    return DONE


def _report(error: Exception, options: argparse.Namespace) -> int:
    """Write an error in one line; return the exit code."""
    if isinstance(error, OSError):
        if error.filename is None:
            _forget(sys.stdout)
        complain(f"{error.filename or 'standard output'}: {error.strerror or error}")
    elif isinstance(error, CodecError):
        where = f"{_file(options)}: " if isinstance(error, DecodeError) else ""
        complain(where + _in_flags(str(error)))
    elif isinstance(error, UsageError):
        complain(str(error))
    elif isinstance(error, MemoryError):
        complain("not enough memory")
    else:
        complain(f"a bug in tensorwire, or in a package beside it: {reason_of_other(error, 400)}")
    return USAGE if isinstance(error, (UsageError, UnknownCodecError)) else FAILED


def _file(options: argparse.Namespace) -> str:
    """Return the name of what was read, as errors give it."""
    names = (getattr(options, each, None) for each in ("file", "source_file", "npy"))
    name = next(filter(None, names), STDIO)
    return "standard input" if name == STDIO else name


def _in_flags(reason: str) -> str:
    """Replace arguments of Python in a remedy by options of the command line."""
    reason = re.sub("; known: [^ ]+/.*", "; tensorwire --formats lists the names", reason)
    reason = reason.replace("lossy=True", "--lossy")
    reason = re.sub(r"missing='(\w+)'", r"--missing \1", reason)
    return re.sub(r"Limits\(max_(\w+)=\)", r"--max-\1", reason)


def _run(options: argparse.Namespace) -> None:
    """Run a command; only its own module is imported."""
    from tensorwire.cli.detect import check_packages

    if hasattr(options, "max_rank"):
        limits = Limits(options.max_elements, options.max_bytes, options.max_rank)
        options.limits = (
            None if limits == DEFAULT_LIMITS else limits
        )  # the decode of a plug-in may not have the parameter
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
    """Drop output that could not be written: Python would try again at exit, and report it."""
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        return  # a stream in memory
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, descriptor)
    os.close(nowhere)


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


class _Formats(argparse.Action):
    """Lists the names that --from, --to, --as and --codec take; only this option loads plug-ins."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from tensorwire.cli.detect import format_names

        say("\n".join(format_names()))
        parser.exit(0)


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    made = _Parser(
        prog="tensorwire",
        description="Payloads of model servers: what is in them, in other formats, for load tests.",
        epilog=EXAMPLES,
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument("--version", action="version", version=f"tensorwire {__version__}")
    made.add_argument(
        "--formats", action=_Formats, nargs=0, help="name the codecs and protocols there are"
    )
    commands = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _inspect(commands)
    _convert(commands)
    _make(commands)
    commands.add_parser(
        "bench", help="measure formats for your payload, and choose", add_help=False
    )
    return made


def _command(
    commands: argparse._SubParsersAction[_Parser], name: str, text: str, more: str
) -> _Parser:
    return commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}. {more}",
        epilog="NAME is a codec or a protocol: tensorwire --formats lists them.",
        formatter_class=HelpFormatter,
        allow_abbrev=False,
    )


def _inspect(commands: argparse._SubParsersAction[_Parser]) -> None:
    add = _command(
        commands,
        "inspect",
        "show what a payload holds",
        "Format, kind, names, dtypes, shapes, first values, meta and sizes.",
    ).add_argument
    add("file", nargs="?", default="-", metavar="FILE", help="the payload; - is standard input")
    add(
        "--as",
        dest="source",
        metavar="NAME",
        help="its format, e.g. --as seldon/json (default: recognised)",
    )
    add("--reply", action="store_true", help="it is a reply, where both look alike")
    add("--first", type=_count, default=8, metavar="N", help="values to show, e.g. --first 100")
    add("--json", action="store_true", help="the same as JSON, for programs")
    _missing(add, "null or the bare word NaN among numbers")
    _limits(add)


def _convert(commands: argparse._SubParsersAction[_Parser]) -> None:
    add = _command(
        commands,
        "convert",
        "write a payload in another format",
        "A JSON request becomes the binary file that ghz sends, or comes back from it.",
    ).add_argument
    add("source_file", metavar="IN", help="the payload; - is standard input")
    add("target_file", metavar="OUT", help="where to; - is standard output")
    add(
        "--from",
        dest="source",
        metavar="NAME",
        help="its format, e.g. --from seldon/json (default: recognised)",
    )
    add("--to", dest="target", metavar="NAME", required=True, help="to write, e.g. --to oip/json")
    add("--reply", action="store_true", help="it is a reply, not a request")
    add("--lossy", action="store_true", help="accept that values are rounded or changed")
    _missing(add, "null or the bare word NaN, read and written")
    add("--delimited", action="store_true", help="put the length before it, as ghz reads several")
    add("--model", metavar="MODEL", help="to name in it, where there is a place, e.g. --model iris")
    _limits(add)


def _make(commands: argparse._SubParsersAction[_Parser]) -> None:
    add = _command(
        commands,
        "make",
        "write payload files for load tools, and print their commands",
        "JSON formats are for curl, vegeta, wrk, Locust and h2load, protobuf ones for ghz and "
        "h2load, over gRPC.",
    ).add_argument
    add("folder", metavar="FOLDER", help="where the files go; made if it is not there")
    add(
        "--codec",
        type=_list,
        default=["json/ndarray", "protobuf/tftensor"],
        metavar="NAMES",
        help="codecs and protocols, e.g. --codec json/raw,oip/json",
    )
    add(
        "--shape",
        type=_shape,
        metavar="LIST",
        help="dimensions, e.g. --shape 100,10 (default: 1,10)",
    )
    add(
        "--dtype",
        metavar="DTYPE",
        help="of numpy, ml_dtypes, or str, e.g. --dtype float32 (default: float64)",
    )
    add(
        "--values",
        metavar="HOW",
        help="normal, uniform, integers (1, 2, 3 ...), zeros, or one value for all,"
        " e.g. --values 0.5 (default: normal)",
    )
    add(
        "--seed",
        type=_count,
        metavar="N",
        help="other random values of the same kind, e.g. --seed 7 (default: 0)",
    )
    add("--npy", metavar="FILE", help="takes the array from a file, e.g. --npy mine.npy")
    add(
        "--names",
        type=_list,
        metavar="LIST",
        help="of columns, in Seldon's messages, e.g. --names a,b --shape 1,2",
    )
    add("--model", default="model", metavar="MODEL", help="in URLs and messages, e.g. --model iris")
    add(
        "--input", metavar="TENSOR", help="the tensor's name, where there are names, e.g. --input x"
    )
    add(
        "--url",
        default="http://127.0.0.1:9000",
        help="of the REST server, e.g. --url http://10.0.0.1",
    )
    add(
        "--grpc",
        default="127.0.0.1:9500",
        metavar="HOST:PORT",
        help="of gRPC, e.g. --grpc 10.0.0.1:80",
    )
    add("--lossy", action="store_true", help="accept that values are rounded or changed")
    _missing(add, "NaN as null or as the bare word")


def _missing(add: Callable[..., argparse.Action], text: str) -> None:
    add(
        "--missing",
        choices=KNOWN,
        metavar="WORD",
        help=f"{text}: error, null, nan or any, e.g. --missing null (default: as the protocol)",
    )


def _limits(add: Callable[..., argparse.Action]) -> None:
    add(
        "--max-elements",
        type=_count,
        metavar="N",
        help="of an array, e.g. --max-elements 1000000 (default: no bound)",
    )
    add(
        "--max-bytes",
        type=_count,
        metavar="N",
        help="of an array, e.g. --max-bytes 8000000 (default: four times the payload, and 16 MiB)",
    )
    add("--max-rank", type=_count, default=64, metavar="N", help="dimensions, e.g. --max-rank 4")


def _count(text: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise argparse.ArgumentTypeError(f"expected a whole number from 0 on, got {text!r}")
    return int(text)


def _shape(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"\d{1,18}([,x]\d{1,18})*|", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"expected dimensions such as 100,10, got {text!r}")
    return tuple(int(size) for size in re.split("[,x]", text) if size)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]
