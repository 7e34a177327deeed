"""The command line of ``python -m bench.serving``."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..cli import Parser
from .cells import ANSWERS, COUNTS, KINDS, METHODS, SIDES, TRANSPORTS, Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MODES = ("latency", "throughput", "concurrent", "load", "scale", "hop", "floor", "noop")
TOOLS = ("auto", "h2load", "wrk", "python")
SECONDS, QUICK = 120.0, 24.0
EXAMPLES = """\
modes:
  latency      the format matrix: one client, beside the object way (the default)
  throughput   the same with enough clients to saturate the server
  concurrent   requests/s and latency from 1 client up
  load         servers or models started one after another: time to ready, memory
  scale        workers added and removed under load: is a request lost?
  hop          what one service in front of the model server costs
  floor        small requests beside a bare echo: what is left to gain
  noop         keeps a server up, and prints commands for other people's load tools

examples:
  {serving} --quick
  {serving} --transport gRPC --kind ndarray,tensor --answer echo
  {serving} throughput --clients 32 --tool python
  {serving} scale --workers 2 --seconds 60
  {serving} --method predict --side ours --py-spy flames
  {serving} noop --folder load --count 1000
  {serving} -o run.json
  {report} run.json --html page.html
"""


@dataclass(frozen=True)
class Options:
    """What was asked for."""

    mode: str
    choice: Choice
    quick: bool
    seconds: float
    answer: str
    clients: int
    tool: str
    workers: int
    what: str
    flames: str | None
    folder: str | None
    output: str | None
    csv: bool
    markdown: bool
    quiet: bool


def _several(known: Sequence[str]) -> Callable[[str], tuple[str, ...]]:
    """Read a list with commas, of what is known; in the order in which it is known."""

    def read(text: str) -> tuple[str, ...]:
        wanted = {part.strip().lower() for part in text.split(",")}
        found = tuple(each for each in known if each.lower() in wanted)
        if len(found) < len(wanted):
            raise argparse.ArgumentTypeError(f"expected some of {', '.join(known)}, got {text!r}")
        return found

    return read


def _number(least: float, most: float, kind: type = float) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not least <= value <= most:
            raise argparse.ArgumentTypeError(f"expected {least:g} to {most:g}, got {text!r}")
        return value

    return read


def _counts(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(_number(1, 10**8, int)(part) for part in text.split(",")))


def parser() -> Parser:
    """Build the command line."""
    made = Parser(
        name="serving",
        description="What a format costs in a whole request, beside the usual wrapper's way.",
        epilog=EXAMPLES,
    )
    add = made.add_argument
    add(
        "mode",
        nargs="?",
        choices=MODES,
        default="latency",
        metavar="MODE",
        help="what to measure: see below",
    )
    add("--quick", action="store_true", help="measure less of everything, in about 30 s")
    add(
        "--seconds",
        type=_number(0.5, 3600),
        metavar="S",
        help=f"about how long (default: {SECONDS:g})",
    )
    add(
        "--transport",
        type=_several(TRANSPORTS),
        default=TRANSPORTS,
        metavar="LIST",
        help="one of them, or both",
    )
    add("--method", type=_several(METHODS), metavar="LIST", help=f"(default: {','.join(METHODS)})")
    add("--kind", type=_several(KINDS), metavar="LIST", help=f"(default: {','.join(KINDS)})")
    add("--count", type=_counts, metavar="LIST", help="values in a request (default: 1,100000)")
    add(
        "--side",
        type=_several(SIDES),
        default=SIDES,
        metavar="LIST",
        help="ours, or objects: the usual wrapper",
    )
    add(
        "--answer",
        choices=ANSWERS,
        default="sum",
        help="what the model returns: a sum, or an echo as large as the request",
    )
    add(
        "--clients",
        type=_number(1, 10_000, int),
        default=100,
        metavar="N",
        help="of throughput and concurrent, at most",
    )
    add("--tool", choices=TOOLS, default="auto", help="makes the load; auto: the best there is")
    add(
        "--workers",
        type=_number(1, 256, int),
        default=8,
        metavar="N",
        help="of load and scale, at most",
    )
    add("--what", choices=("servers", "models"), default="servers", help="that load starts")
    add("--folder", metavar="DIR", help="for the files of noop (default: a temporary one)")
    add("--py-spy", dest="flames", metavar="DIR", help="write a flame graph of each server there")
    add("-o", dest="output", metavar="FILE", help="write the samples in pyperf's format")
    add("--force", action="store_true", help="overwrite that file")
    made.add_forms()
    return made


def parse(argv: list[str] | None) -> Options:
    """Read the command line; SystemExit(2) with one line on stderr if it is wrong."""
    made = parser()
    given = vars(made.parse_args(argv))
    force = given.pop("force")
    for name, option, without in (
        ("output", "-o", ("floor", "noop")),
        ("flames", "--py-spy", ("load", "scale", "noop")),
    ):
        if given[name] and given["mode"] in without:
            made.error(f"expected {given['mode']} without {option}, got both; leave out {option}")
    if given["output"]:
        made.check_output("-o", given["output"], force=force)
    both = given["mode"] == "latency" or (given["mode"] == "throughput" and not given["quick"])
    kinds: tuple[str, ...] = KINDS
    if given["mode"] == "floor":
        kinds = ("ndarray",) if given["quick"] else ("ndarray", "tensor", "raw")
    elif given["mode"] == "concurrent" and given["quick"]:
        kinds = ("ndarray", "tftensor")
    choice = Choice(
        given.pop("transport"),
        given.pop("method") or (METHODS if both else METHODS[:1]),
        given.pop("count") or COUNTS,
        given.pop("kind") or kinds,
        given.pop("side"),
    )
    if given["seconds"] is None:
        given["seconds"] = QUICK if given["quick"] else SECONDS
    return Options(choice=choice, **given)
