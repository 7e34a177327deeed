"""Files and command lines of load tools: curl, wrk, h2load, vegeta, Locust; ghz over gRPC.

vegeta reads one JSON object a line, the last one ended by a newline too, with the body in base64
(https://github.com/tsenart/vegeta, "json format"). wrk and Locust run a script, which reads the
body from the file beside it; curl and h2load send that file.

ghz sends a serialized message (https://ghz.sh/docs/options, ``--binary-file``); it learns the
service from a file of descriptors. Over gRPC h2load sends a file as it is, so gRPC's own frame is
in it: a zero byte and the length in four bytes, big-endian. h2load ignores the status of a call.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pkgutil import get_data
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from tensorwire.cli.files import UsageError
from tensorwire.containers.protobuf import varint
from tensorwire.protocols import families
from tensorwire.transcoding import find_form

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "CLIENTS",
    "RATE",
    "SECONDS",
    "GrpcPayload",
    "Payload",
    "RestPayload",
    "Route",
    "delimited",
    "ghz_misreads",
    "lua",
    "route",
]

# The defaults in the commands, which the user edits.
SECONDS, CLIENTS, RATE = 10, 8, 100
_PROTOSET = "tensorwire.protoset"
_REPLY = 4 << 20  # the default limit of a reply in gRPC for Go
_WRK = """\
-- Sends {name} with wrk.
local here = debug.getinfo(1, "S").source:match("^@(.*/)") or ""
local file = assert(io.open(here .. {file}, "rb"))
wrk.method = "POST"
wrk.body = file:read("*a")
{headers}
file:close()
"""
_LOCUST = '''\
"""Sends {name} with Locust."""

from pathlib import Path

from locust import FastHttpUser, constant, task

BODY = Path(__file__).with_name({file}).read_bytes()
HEADERS = {headers}


class Client(FastHttpUser):
    """Sends the next request as soon as the last is answered."""

    host = {host}
    wait_time = constant(0)

    @task
    def predict(self):
        self.client.post({path}, data=BODY, headers=HEADERS, name={label})
'''


class Route(NamedTuple):
    """Where a request goes.

    Attributes
    ----------
    path
        the path of the URL; over gRPC ``/package.Service/Method``.
    message
        the protobuf message that gRPC sends, empty for REST.
    """

    path: str
    message: str = ""


def route(name: str, model: str) -> Route:
    """Return where a request in a format goes, as its protocol documents it.

    A codec of arrays without a message has no protocol: the first one is taken, and a person names
    the right URL.

    Raises
    ------
    UsageError
        the format is for no server.
    """
    family = find_form(name).family
    if not family.endpoints and not family.calls:
        family = families()[0]
    first, _, second = name.partition("/")
    container = second if first == family.name else first
    predicts = [call for call in family.calls if call.action == "predict"]
    for call in predicts:
        if container in call.forms:
            return Route(call.path, call.message)
    if first == family.name and container not in family.media_types:
        other = f"; use {first}/{predicts[0].forms[0]}" if predicts else ""
        raise UsageError(f"expected a form that load tools send, got {name}{other}")
    paths = [one.path for one in family.endpoints if one.action == "predict"]
    return Route(re.sub(r"\{\w+\}", lambda _: quote(model, safe=""), paths[0]))


@dataclass(frozen=True)
class Payload:
    """A body, and where it goes.

    Attributes
    ----------
    name
        the format: a codec or a protocol.
    headers
        of HTTP, Content-Type among them.
    url
        the whole of it; over gRPC its path is ``/package.Service/Method``.
    """

    name: str
    body: bytes
    headers: Mapping[str, str]
    url: str

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return self.name.replace("/", "-")

    @property
    def file(self) -> str:
        """The name of the file that holds the bare body."""
        is_json = self.headers.get("Content-Type") == "application/json"
        return self.stem + (".json" if is_json else ".bin")

    def files(self) -> dict[str, bytes]:
        """Return the files of the load tools, by name."""
        return {self.file: self.body}

    def commands(self, folder: str) -> list[list[str]]:
        """Return the command lines that send it from a folder, each as its words."""
        raise NotImplementedError


class RestPayload(Payload):
    """A body that goes over HTTP."""

    def files(self) -> dict[str, bytes]:
        """Return the body, vegeta's targets, and the scripts of wrk and Locust."""
        return {
            **super().files(),
            self._vegeta_file: self._vegeta(),
            self._wrk_file: self._wrk(),
            self._locust_file: self._locust(),
        }

    def commands(self, folder: str) -> list[list[str]]:
        """Return the command lines that send it from a folder, each as its words."""
        headers = (f"{name}: {value}" for name, value in self.headers.items())
        flags = [word for header in headers for word in ("-H", header)]
        body, url = f"{folder}/{self.file}", self.url
        wrk = ["wrk", "-t2", f"-c{CLIENTS}", f"-d{SECONDS}s", "--latency"]
        vegeta = ["vegeta", "attack", "-format=json", f"-rate={RATE}", f"-duration={SECONDS}s"]
        locust = ["locust", "-f", f"{folder}/{self._locust_file}", "--headless"]
        return [
            ["curl", "-sS", *flags, "--data-binary", f"@{body}", url],
            [*wrk, "-s", f"{folder}/{self._wrk_file}", url],
            ["h2load", "--h1", f"-c{CLIENTS}", f"-D{SECONDS}", *flags, "-d", body, url],
            [*vegeta, f"-targets={folder}/{self._vegeta_file}", "|", "vegeta", "report"],
            [*locust, "-u", f"{CLIENTS}", "-r", f"{CLIENTS}", "-t", f"{SECONDS}s"],
        ]

    @property
    def _vegeta_file(self) -> str:
        return f"{self.stem}.vegeta.jsonl"

    def _vegeta(self) -> bytes:
        target = {
            "method": "POST",
            "url": self.url,
            "header": {name: [value] for name, value in self.headers.items()},
            "body": base64.b64encode(self.body).decode(),
        }
        return json.dumps(target, separators=(",", ":")).encode() + b"\n"

    @property
    def _wrk_file(self) -> str:
        return f"{self.stem}.wrk.lua"

    def _wrk(self) -> bytes:
        headers = (f"wrk.headers[{lua(n)}] = {lua(v)}" for n, v in self.headers.items())
        text = _WRK.format(name=self.name, file=lua(self.file), headers="\n".join(headers))
        return text.encode()

    @property
    def _locust_file(self) -> str:
        return f"{self.stem.replace('-', '_')}_locust.py"

    def _locust(self) -> bytes:
        address = urlsplit(self.url)
        host = f"{address.scheme}://{address.netloc}"
        text = _LOCUST.format(
            name=self.name,
            label=repr(self.name),
            file=repr(self.file),
            headers=repr(dict(self.headers)),
            host=repr(host),
            path=repr(self.url.removeprefix(host)),
        )
        return text.encode()


@dataclass(frozen=True)
class GrpcPayload(Payload):
    """A message that goes over gRPC.

    Attributes
    ----------
    message
        its full name.
    """

    message: str

    def files(self) -> dict[str, bytes]:
        """Return the message, ghz's descriptors, and h2load's body."""
        frame = b"\0" + len(self.body).to_bytes(4, "big")
        made = {**super().files(), self._h2load_file: frame + self.body}
        made[_PROTOSET] = get_data("tensorwire.containers.protobuf", "descriptors.binpb") or b""
        if self._ghz_file != self.file:
            made[self._ghz_file] = delimited(self.body)
        return made

    def commands(self, folder: str) -> list[list[str]]:
        """Return the command lines that send it from a folder, each as its words."""
        address = urlsplit(self.url)
        ghz = ["ghz", "--protoset", f"{folder}/{_PROTOSET}", "--call", address.path[1:]]
        ghz += ["--binary-file", f"{folder}/{self._ghz_file}"]
        ghz += ["-c", f"{CLIENTS}", "-z", f"{SECONDS}s"]
        if address.scheme == "http":
            ghz.append("--insecure")
        if len(self.body) > _REPLY // 2:
            ghz += ["--max-recv-message-size", f"{4 * len(self.body)}"]
        h2load = ["h2load", f"-c{CLIENTS}", "-m1", f"-D{SECONDS}", "-w24", "-W26"]
        h2load += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
        h2load += ["-d", f"{folder}/{self._h2load_file}"]
        return [[*ghz, address.netloc], [*h2load, self.url]]

    @property
    def _h2load_file(self) -> str:
        return f"{self.stem}.h2load"

    @property
    def _ghz_file(self) -> str:
        """The file of the bare message, or of one with its length before it if ghz needs that."""
        misread = ghz_misreads(self.body, self.message)
        return f"{self.stem}.ghz" if misread else self.file


def delimited(body: bytes) -> bytes:
    """Put its length before a message, which ghz never misreads."""
    return varint.write(len(body)) + body


def ghz_misreads(body: bytes, message: str) -> bool:
    """Return whether ghz would read a message as several, each with its length before it.

    ghz tries that first, and keeps what it has read when a message is cut short. It takes the first
    byte of a message, which is a tag, for a length.
    """
    from google.protobuf.message import DecodeError

    from tensorwire.protocols.family import message_class

    if not body or body[0] >= len(body):
        return False
    try:
        message_class(message).FromString(body[1 : 1 + body[0]])
    except DecodeError:
        return False
    return True


def lua(text: str) -> str:
    """Write a string in Lua's syntax, with escapes for bytes other than printable ASCII."""
    plain = (chr(b) if 32 <= b < 127 and b not in b'"\\' else f"\\{b:03d}" for b in text.encode())
    return f'"{"".join(plain)}"'
