"""A body, and where it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["CLIENTS", "RATE", "SECONDS", "Payload"]

# What the commands ask for; a person changes them to the question at hand.
SECONDS, CLIENTS, RATE = 10, 8, 100


class Payload(NamedTuple):
    """A body, and where it goes.

    Attributes
    ----------
    name
        the format: a codec or a protocol.
    headers
        of HTTP, Content-Type among them.
    url
        the whole of it; over gRPC its path is ``/package.Service/Method``.
    message
        the protobuf message that gRPC sends, empty for REST.
    """

    name: str
    body: bytes
    headers: Mapping[str, str]
    url: str
    message: str

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return self.name.replace("/", "-")

    @property
    def file(self) -> str:
        """The name of the file that holds the bare body."""
        is_json = self.headers.get("Content-Type") == "application/json"
        return self.stem + (".json" if is_json else ".bin")

    @property
    def host(self) -> str:
        """Scheme and authority of the URL."""
        address = urlsplit(self.url)
        return f"{address.scheme}://{address.netloc}"

    @property
    def path(self) -> str:
        """The rest of the URL."""
        return self.url.removeprefix(self.host)
