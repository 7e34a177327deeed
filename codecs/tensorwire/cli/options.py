"""The arguments; a wrong one gets one clear line and exit code 2."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, NoReturn

from tensorwire import __version__
from tensorwire.missing import KNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["parser"]

EXAMPLES = """\
examples:
  tensorwire inspect request.json
  curl -s $URL -d @request.json | tensorwire inspect
  tensorwire convert request.json request.bin --to protobuf/ndarray
  tensorwire convert reply.bin - --from oip/protobuf --to oip/json --reply
  tensorwire make load --shape 100,10 --codec json/ndarray,protobuf/tftensor

exit codes: 0 done, 1 bad input, 2 wrong usage
"""


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")


class _Formats(argparse.Action):
    """Lists the names that --from, --to, --as and --codec take; only here are plug-ins asked."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        from tensorwire.cli.console import say
        from tensorwire.cli.routes import format_names

        say("\n".join(format_names()))
        parser.exit(0)


def parser() -> argparse.ArgumentParser:
    """Build the command line."""
    made = _Parser(
        prog="tensorwire",
        description="Payloads of model servers: what is in them, in other formats, for load tests.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    return made


def _command(
    commands: argparse._SubParsersAction[_Parser], name: str, text: str, more: str
) -> _Parser:
    return commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}. {more}",
        epilog="NAME is a codec or a protocol: tensorwire --formats lists them.",
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
    add("--as", dest="source", metavar="NAME", help="its format; else it is recognised")
    add("--reply", action="store_true", help="it is a reply, where both look alike")
    add("--first", type=_count, default=8, metavar="N", help="how many values to show: 8")
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
    add("--from", dest="source", metavar="NAME", help="its format; else it is recognised")
    add("--to", dest="target", metavar="NAME", required=True, help="the format to write")
    add("--reply", action="store_true", help="it is a reply, not a request")
    add("--lossy", action="store_true", help="accept that values are rounded or changed")
    _missing(add, "null or the bare word NaN, read and written")
    add("--delimited", action="store_true", help="put the length before it, as ghz reads several")
    add("--model", metavar="MODEL", help="the model to name in it, where there is a place")
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
        help="codecs and protocols, with commas: json/ndarray,protobuf/tftensor",
    )
    add("--shape", type=_shape, metavar="LIST", help="dimensions, such as 100,10: 1,10")
    add("--dtype", metavar="DTYPE", help="float64; also float32, int64, bool, bfloat16, str ...")
    add(
        "--values",
        metavar="HOW",
        help="normal, uniform, integers (1, 2, 3 ...), zeros, or one value for all: normal",
    )
    add("--seed", type=_count, metavar="N", help="other random values of the same kind: 0")
    add("--npy", metavar="FILE", help="take the array from this .npy file instead")
    add("--names", type=_list, metavar="LIST", help="names of the columns, in Seldon's messages")
    add("--model", default="model", metavar="MODEL", help="the model, in URLs and messages: model")
    add("--input", metavar="TENSOR", help="the tensor's name, where the protocol has names")
    add("--url", default="http://127.0.0.1:9000", help="of the REST server: %(default)s")
    add("--grpc", default="127.0.0.1:9500", metavar="HOST:PORT", help="of gRPC: %(default)s")
    add("--lossy", action="store_true", help="accept that values are rounded or changed")
    _missing(add, "NaN as null or as the bare word")


def _missing(add: Callable[..., argparse.Action], text: str) -> None:
    add(
        "--missing",
        choices=KNOWN,
        metavar="WORD",
        help=f"{text}: error, null, nan or any; else as the protocol has it",
    )


def _limits(add: Callable[..., argparse.Action]) -> None:
    add("--max-elements", type=_count, metavar="N", help="refuse arrays of more elements")
    add("--max-bytes", type=_count, metavar="N", help="refuse arrays of more bytes")
    add("--max-rank", type=_count, default=64, metavar="N", help="refuse more dimensions: 64")


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
