"""``convert``: a payload in another format."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import tensorwire as tw
from tensorwire.cli.detect import Format, format_of
from tensorwire.cli.files import STDIO, UsageError, read, say, write
from tensorwire.cli.load_tools import delimited, ghz_misreads, route
from tensorwire.transcoding import find_form

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator

__all__ = ["run"]


def run(options: Namespace) -> None:
    """Read everything, convert it, and only then touch the output."""
    body = read(options.source_file)
    found = format_of(body, options.source, reply=options.reply)
    body = body[found.start :]
    if found.message:
        made = _within_protocol(body, found, options)
    else:
        made = tw.transcode(
            body,
            found.name,
            options.target,
            reply=found.reply,
            lossy=options.lossy,
            limits=options.limits,
            missing=options.missing,
        )
    if options.model is not None:
        made = _named(made, found._replace(name=options.target), options)
    if options.delimited:
        made = delimited(made)
    write(options.target_file, made)
    for note in _notes(made, options):
        say(note, sys.stderr if options.target_file == STDIO else sys.stdout)


def _notes(made: bytes, options: Namespace) -> Iterator[str]:
    """Yield what a sender of the file has to know: headers, and how ghz reads it."""
    family, form = find_form(options.target).family, options.target.partition("/")[2]
    for name, value in family.headers(form, made).items():
        yield f"{name}: {value}"
    if options.reply or options.delimited or form not in family.media_types:
        return
    message = route(options.target, "").message
    if message and ghz_misreads(made, message):
        yield "ghz would read these bytes as several messages; --delimited prevents that"


def _within_protocol(body: bytes, found: Format, options: Namespace) -> bytes:
    """Convert a message that no other protocol has, such as a list of messages, or feedback."""
    name = found.family.name
    if not options.target.startswith(f"{name}/"):
        reason = f"expected a form of {name} for {found.message}, got {options.target}"
        raise UsageError(f"--to: {reason}; use {found.name}, for one")
    message = found.decode(body, options.limits, options.missing)
    return _encoded(options.target, message, options)


def _named(body: bytes, found: Format, options: Namespace) -> bytes:
    """Write the name of the model into a message; over REST it is in the URL alone."""
    message = found.decode(body, options.limits, options.missing)
    if not hasattr(message, "model_name"):
        raise UsageError(f"--model: expected a format that names a model, got {found.name}")
    message.model_name = options.model
    return _encoded(found.name, message, options)


def _encoded(name: str, message: Any, options: Namespace) -> bytes:
    return tw.get_protocol(name).encode(message, lossy=options.lossy, missing=options.missing)[0]
