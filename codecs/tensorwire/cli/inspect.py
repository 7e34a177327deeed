"""``inspect``: what a payload holds, for people or for programs."""

from __future__ import annotations

import json
import sys
import textwrap
from typing import TYPE_CHECKING, Any

import tensorwire as tw
from tensorwire.cli.console import printable, say, width
from tensorwire.cli.describe import describe, plain
from tensorwire.cli.detect import Format, format_of
from tensorwire.cli.files import STDIO, read
from tensorwire.cli.messages import decode, limits_of, metadata
from tensorwire.cli.report import report

if TYPE_CHECKING:
    from argparse import Namespace

__all__ = ["run"]

LEVELS, FRAMES = 1024, 4
"""JSON and msgpack are read down to so many levels, each of which takes so many frames to show."""


def run(options: Namespace) -> None:
    """Decode the whole payload, so that what is said of it is known to be right; describe it."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + FRAMES * LEVELS)
    try:
        _run(options)
    finally:
        sys.setrecursionlimit(before)


def _run(options: Namespace) -> None:
    body = read(options.file)
    found = format_of(body, options.source, reply=options.reply)
    message = decode(body[found.start :], found, limits_of(options), options.missing)
    head: dict[str, Any] = {
        "file": "standard input" if options.file == STDIO else options.file,
        "format": found.name,
        "message": _name(message),
        "either": found.either,
        "framing": "" if not found.start else "length" if body[0] else "grpc",
        "size": len(body),
    }
    facts = describe(message, options.first)
    beside = metadata(body[found.start :], found)
    facts = {"metadata": plain(beside)} | facts if beside else facts
    if options.json:
        say(json.dumps(head | facts, indent=2))
        return
    say(_title(head, found))
    say("")
    for line in report(facts, width()):
        say(line)


def _name(message: Any) -> str:
    """Name the class of a message; what plug-ins give has none."""
    if isinstance(message, tw.Message):
        return "SeldonMessage"
    kind = type(message)
    return kind.__name__ if kind.__module__.startswith("tensorwire.") else ""


def _title(head: dict[str, Any], found: Format) -> str:
    what = ", ".join(part for part in (head["format"], head["message"]) if part)
    if found.either:
        what += " (or a request)" if found.reply else " (or a reply, with --reply)"
    before = {"": "", "grpc": ", in a gRPC frame", "length": ", behind its length"}
    framing = before[head["framing"]]
    title = printable(f"{head['file']}: {what}, {head['size']:,} bytes{framing}")
    lines = textwrap.wrap(title, width(), break_long_words=False, break_on_hyphens=False)
    return "\n".join(lines)
