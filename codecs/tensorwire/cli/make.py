"""``make``: a folder of payloads for load tools, and the commands that send them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import tensorwire as tw
from tensorwire.cli import arrays
from tensorwire.cli.files import UsageError, printable, say, width, write
from tensorwire.cli.load_tools import GrpcPayload, RestPayload, route
from tensorwire.protocols import find_protocol
from tensorwire.transcoding import find_form

if TYPE_CHECKING:
    from argparse import Namespace

    from tensorwire.cli.load_tools import Payload
    from tensorwire.tree import Array

__all__ = ["run"]


def run(options: Namespace) -> None:
    """Write every file, or none if one of the formats refuses the array."""
    array = _array(options)
    payloads = [_payload(name, array, options) for name in dict.fromkeys(options.codec)]
    made: dict[str, bytes] = {}
    for payload in payloads:
        made |= payload.files()
    folder = Path(options.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for file, body in made.items():
        write(str(folder / file), body)
    for payload in payloads:
        say(f"{printable(str(folder / payload.file))}  {payload.name}, {len(payload.body):,} bytes")
        for words in payload.commands(str(folder)):
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
        reason = f"expected --npy or --{given[0]}, got both"
        raise UsageError(f"{reason}; the file has its own values: leave out --{given[0]}")
    return arrays.load(options.npy)


def _payload(name: str, array: Array, options: Namespace) -> Payload:
    find_form(name)  # raises UnknownCodecError for a name that is not known
    path, message = route(name, options.model)
    body, headers = _request(name, array, options)
    url = _url(options.grpc if message else options.url, "--grpc" if message else "--url")
    if message or urlsplit(url).path in ("", "/"):
        url = url.rstrip("/") + path
    if message:
        return GrpcPayload(name, body, headers, url, message)
    return RestPayload(name, body, headers, url)


def _request(name: str, array: Array, options: Namespace) -> tuple[bytes, dict[str, str]]:
    """Write an array as a request: the body, and the headers of HTTP."""
    protocol = find_protocol(name)
    if protocol is not None:
        message = protocol.family.build(
            array,
            name.partition("/")[2],
            name=options.input,
            model=options.model,
            columns=options.names,
        )
        return protocol.encode(message, lossy=options.lossy, missing=options.missing)
    codec = tw.get_codec(name)
    # A plug-in is passed the array, and other arguments only if its signature has them.
    more: dict[str, Any] = {
        "names": options.names,
        "lossy": options.lossy,
        "missing": options.missing,
    }
    body = codec.encode(array, **{key: value for key, value in more.items() if value})
    return body, {"Content-Type": codec.media_type}


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
