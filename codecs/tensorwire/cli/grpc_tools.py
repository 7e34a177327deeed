"""Load tools for gRPC: their files, and the commands that use them.

ghz sends a serialized message (https://ghz.sh/docs/options, ``--binary-file``); it learns the
service from a file of descriptors. h2load sends a file as it is, so gRPC's own frame stands in it:
a zero byte and the length in four bytes, big-endian. h2load does not look at the status of a call.
"""

from __future__ import annotations

from pkgutil import get_data
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tensorwire.cli.payload import CLIENTS, SECONDS
from tensorwire.containers.protobuf import varint

if TYPE_CHECKING:
    from tensorwire.cli.payload import Payload

__all__ = ["commands", "delimited", "files", "ghz_misreads"]

_PROTOSET = "tensorwire.protoset"
_REPLY = 4 << 20  # the largest reply that gRPC in Go takes unless it is told otherwise


def files(payload: Payload) -> dict[str, bytes]:
    """Write the message, ghz's descriptors, and h2load's body."""
    body = payload.body
    made = {
        payload.file: body,
        _h2load_file(payload): b"\0" + len(body).to_bytes(4, "big") + body,
        _PROTOSET: get_data("tensorwire.containers.protobuf", "descriptors.binpb") or b"",
    }
    if _ghz_file(payload) != payload.file:
        made[_ghz_file(payload)] = delimited(body)
    return made


def commands(payload: Payload, folder: str) -> list[list[str]]:
    """Give the command lines that send it, each as its words."""
    address = urlsplit(payload.url)
    ghz = ["ghz", "--protoset", f"{folder}/{_PROTOSET}", "--call", address.path[1:]]
    ghz += ["--binary-file", f"{folder}/{_ghz_file(payload)}"]
    ghz += ["-c", f"{CLIENTS}", "-z", f"{SECONDS}s"]
    if address.scheme == "http":
        ghz.append("--insecure")
    if len(payload.body) > _REPLY // 2:
        ghz += ["--max-recv-message-size", f"{4 * len(payload.body)}"]
    h2load = ["h2load", f"-c{CLIENTS}", "-m1", f"-D{SECONDS}", "-w24", "-W26"]
    h2load += ["-H", "content-type: application/grpc", "-H", "te: trailers"]
    h2load += ["-d", f"{folder}/{_h2load_file(payload)}"]
    return [[*ghz, address.netloc], [*h2load, payload.url]]


def _h2load_file(payload: Payload) -> str:
    return f"{payload.stem}.h2load"


def _ghz_file(payload: Payload) -> str:
    """Name the bare message, or one with its length before it where ghz would misread that."""
    misread = ghz_misreads(payload.body, payload.message)
    return f"{payload.stem}.ghz" if misread else payload.file


def delimited(body: bytes) -> bytes:
    """Put its length before a message, which ghz never misreads."""
    return varint.write(len(body)) + body


def ghz_misreads(body: bytes, message: str) -> bool:
    """Tell whether ghz would take a message for several, each with its length before it.

    That is what it tries first, and it takes what it finds up to the first that is cut short. The
    first byte of our messages is a tag, which is a length then.
    """
    from google.protobuf.message import DecodeError

    from tensorwire.containers.protobuf.schema import message_class

    if not body or body[0] >= len(body):
        return False
    try:
        message_class(message).FromString(body[1 : 1 + body[0]])
    except DecodeError:
        return False
    return True
