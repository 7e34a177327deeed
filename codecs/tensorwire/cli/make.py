"""``make``: a folder of payloads for load tools, and the commands that send them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tensorwire.cli import arrays, grpc_tools, rest_tools
from tensorwire.cli.console import printable, say, width
from tensorwire.cli.files import UsageError, write
from tensorwire.cli.messages import request
from tensorwire.cli.payload import Payload
from tensorwire.cli.routes import route

if TYPE_CHECKING:
    from argparse import Namespace

    from tensorwire.tree import Array

__all__ = ["run"]


def run(options: Namespace) -> None:
    """Write every file, or none if one of the formats refuses the array."""
    array = _array(options)
    payloads = [_payload(name, array, options) for name in dict.fromkeys(options.codec)]
    tools = [(grpc_tools if payload.message else rest_tools, payload) for payload in payloads]
    made: dict[str, bytes] = {}
    for tool, payload in tools:
        made |= tool.files(payload)
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file, body in made.items():
        write(str(folder / file), body)
    for tool, payload in tools:
        say(f"{printable(str(folder / payload.file))}  {payload.name}, {len(payload.body):,} bytes")
        for words in tool.commands(payload, str(folder)):
            say(_wrapped(words))
        say("")


def _array(options: Namespace) -> Array:
    drawn = ("shape", "dtype", "values", "seed")
    given = [name for name in drawn if getattr(options, name) is not None]
    if options.npy is None:
        shape = (1, 10) if options.shape is None else options.shape
        return arrays.build(
            shape, options.dtype or "float64", options.values or "normal", options.seed or 0
        )
    if given:
        raise UsageError(f"--npy brings its own values: leave out --{given[0]}")
    return arrays.load(options.npy)


def _payload(name: str, array: Array, options: Namespace) -> Payload:
    if name == "oip/protobuf-json":
        raise UsageError(f"{name} is text that no load tool sends as it is: make oip/protobuf")
    body, headers = request(name, array, options)
    path, message = route(name, options.model)
    url = _url(options.grpc if message else options.url, "--grpc" if message else "--url")
    if message or urlsplit(url).path in ("", "/"):
        url = url.rstrip("/") + path
    return Payload(name, body, headers, url, message)


def _url(text: str, option: str) -> str:
    """Check an address; without a scheme it is http."""
    url = text if "://" in text else f"http://{text}"
    try:
        address = urlsplit(url)
        valid = address.scheme in ("http", "https") and bool(address.hostname)
        valid = valid and address.port != 0 and bool(re.fullmatch("[!-~]+", url))
    except ValueError:
        valid = False
    if not valid:
        raise UsageError(
            f"{option}: expected an address such as http://127.0.0.1:9000, got {text!r}"
        )
    return url


def _wrapped(words: list[str]) -> str:
    """Write a command for a shell, over several lines where one is too long."""
    pieces: list[str] = []
    before = ""
    for word in words:
        quoted = word if word == "|" else shlex.quote(word)
        if before == "|" or (before.startswith("-") and not word.startswith(("-", "|"))):
            pieces[-1] += f" {quoted}"  # an option and its argument stay together
        else:
            pieces.append(quoted)
        before = word
    lines = [f"  {pieces[0]}"]
    for piece in pieces[1:]:
        if len(lines[-1]) + len(piece) + 3 > width():
            lines.append(f"    {piece}")
        else:
            lines[-1] += f" {piece}"
    return " \\\n".join(lines)
