"""``convert``: a payload in another format."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import tensorwire as tw
from tensorwire.cli import grpc_tools
from tensorwire.cli.console import say
from tensorwire.cli.detect import Format, format_of
from tensorwire.cli.files import STDIO, UsageError, read, write
from tensorwire.cli.messages import decode, limits_of
from tensorwire.cli.routes import route

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
        made = _within_seldon(body, found, options)
    else:
        made = tw.transcode(
            body,
            found.name,
            options.target,
            reply=found.reply,
            lossy=options.lossy,
            limits=limits_of(options),
            missing=options.missing,
        )
    if options.model is not None:
        made = _named(made, found._replace(name=options.target), options)
    if options.delimited:
        made = grpc_tools.delimited(made)
    write(options.target_file, made)
    for note in _notes(made, options):
        say(note, sys.stderr if options.target_file == STDIO else sys.stdout)


def _notes(made: bytes, options: Namespace) -> Iterator[str]:
    """Say what whoever sends the file has to know."""
    if options.target == "oip/binary":
        yield f"Inference-Header-Content-Length: {tw.oip.json_size(made)}"
    message = route(options.target, "").message
    bare = message and not options.reply and not options.delimited
    if bare and grpc_tools.ghz_misreads(made, message):
        yield "ghz would read these bytes as several messages; --delimited prevents that"


def _within_seldon(body: bytes, found: Format, options: Namespace) -> bytes:
    """Convert a list of messages, or a feedback: no other protocol has such."""
    if not options.target.startswith("seldon/"):
        raise UsageError(f"a {found.message} is Seldon's own: --to seldon/json, for one")
    message = decode(body, found, limits_of(options), options.missing)
    return _encoded(options.target, message, options)


def _named(body: bytes, found: Format, options: Namespace) -> bytes:
    """Write the name of the model into a message; over REST it stands in the URL alone."""
    message = decode(body, found, limits_of(options), options.missing)
    if not hasattr(message, "model_name"):
        raise UsageError(f"--model: {found.name} has no place for it")
    message.model_name = options.model
    return _encoded(found.name, message, options)


def _encoded(name: str, message: Any, options: Namespace) -> bytes:
    return tw.get_protocol(name).encode(message, lossy=options.lossy, missing=options.missing)[0]
