"""What was asked for; a wrong option gets one clear line and exit code 2."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

OPERATIONS = ("encode", "decode")
BATCHES = (1, 10, 100, 1_000, 10_000)

EXAMPLES = """\
examples:
  python -m bench.codecs                                  the whole picture, 15 s
  python -m bench.codecs --codec 'json/*' --values ints   JSON only, integer values
  python -m bench.codecs --payload mine.npy --batch 1,64  your own array, repeated to 64 rows
  python -m bench.codecs --targets                        the speeds this project promises
  python -m bench.codecs -o run.json                      then: python -m pyperf stats run.json
"""


@dataclass(frozen=True)
class Options:
    """The command line, checked as far as it can be without the library."""

    codec: tuple[str, ...]
    batch: tuple[int, ...] | None
    features: int | None
    dtype: str | None
    values: str | None
    op: tuple[str, ...]
    payload: str | None
    seconds: float
    processes: int
    output: str | None
    force: bool
    markdown: bool
    csv: bool
    quiet: bool
    list: bool
    targets: bool


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and leave."""
        self.exit(2, f"{self.prog}: error: {message}\n")


def _batches(text: str) -> tuple[int, ...]:
    try:
        sizes = sorted({int(part) for part in text.split(",")})
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"expected numbers such as 1,10,100, got {text!r}"
        ) from None
    if sizes[0] < 1:
        raise argparse.ArgumentTypeError(f"a batch has at least 1 row, got {sizes[0]}")
    return tuple(sizes)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on, got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86_400:
        raise argparse.ArgumentTypeError(f"expected seconds above 0, got {text!r}")
    return value


def parser() -> Parser:
    """Build the command line."""
    made = Parser(
        prog="python -m bench.codecs",
        description="Which format for this payload? Every codec, beside what people do without.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = made.add_argument
    add("--codec", action="append", metavar="GLOB", help="'json/*,*/tensor'; '*' has plug-ins too")
    add("--batch", type=_batches, metavar="LIST", help="rows per payload: 1,10,100,1000,10000")
    add("--features", type=_count, metavar="N", help="values per row: 10")
    add("--dtype", metavar="NAME", help="float64; also float32, int64, uint8, bfloat16 ...")
    add("--values", choices=("ints", "normal", "image"), help="how the values are distributed")
    add("--payload", metavar="FILE", help="a .npy array, or a .json request or nested list")
    add_shared(made)
    return made


def add_shared(made: Parser) -> None:
    """Add what every benchmark has: how long, which direction, and what is written where."""
    add = made.add_argument
    add("--op", choices=(*OPERATIONS, "both"), default="both", help="one direction, or both")
    add("--targets", action="store_true", help="measure the promised speeds: met or not met")
    add("--seconds", type=_seconds, default=15.0, metavar="S", help="about how long: 15")
    add("--processes", type=_count, default=3, metavar="N", help="one after another: 3")
    add("-o", dest="output", metavar="FILE", help="write the samples in pyperf's format")
    add("--force", action="store_true", help="overwrite that file")
    add("--list", action="store_true", help="name all that can be measured, measure nothing")
    style = made.add_mutually_exclusive_group()
    style.add_argument("--markdown", action="store_true", help="tables in Markdown")
    style.add_argument("--csv", action="store_true", help="one line per cell, nothing else")
    add("-q", "--quiet", action="store_true", help="only the answer: no tables, no progress")


def parse(argv: list[str] | None) -> Options:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = parser()
    given = vars(made.parse_args(argv))
    own = [name for name in ("batch", "features", "dtype", "values", "payload") if given[name]]
    if given["targets"] and own:
        made.error(f"--targets brings its own payloads: leave out --{own[0]}")
    if given["payload"]:
        for name in ("features", "values"):
            if given[name]:
                made.error(f"--payload brings its own values: leave out --{name}")
    return checked(made, given)


def checked(made: Parser, given: dict[str, Any]) -> Options:
    """Give what was asked for, once the file to write can be written."""
    if given["output"]:
        _check_output(made, given["output"], force=given["force"])
    given["op"] = OPERATIONS if given["op"] == "both" else (given["op"],)
    globs = [part.strip() for text in given["codec"] or [] for part in text.split(",")]
    given["codec"] = tuple(part for part in globs if part)
    return Options(**given)


def _check_output(made: Parser, name: str, *, force: bool) -> None:
    path = Path(name)
    if not path.absolute().parent.is_dir():
        made.error(f"-o {name}: there is no such directory")
    if path.is_dir():
        made.error(f"-o {name}: is a directory")
    if path.exists() and not force:
        made.error(f"-o {name}: the file exists; --force overwrites it")
