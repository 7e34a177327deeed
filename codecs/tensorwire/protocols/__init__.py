"""Protocols by name: whose messages, and in which container they travel."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, cast

from tensorwire.errors import UnknownCodecError, is_known, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.peeking import Peek

__all__ = ["MessageProtocol", "get_protocol", "protocol_names"]

_MODULES = {  # each has a function, protocol(name)
    "seldon/json": "seldon.protocol",
    "seldon/protobuf": "seldon.protocol",
    "seldon/msgpack": "seldon.protocol",
    "oip/json": "oip.rest",
    "oip/binary": "oip.rest",
    "oip/protobuf": "oip.grpc",
    "oip/protobuf-typed": "oip.grpc",
    "oip/protobuf-json": "oip.grpc_json",
    "tfserving/json": "tfserving.rest",
    "tfserving/protobuf": "tfserving.grpc",
}


class MessageProtocol(Protocol):
    """Whole messages of one protocol to bytes and back.

    Attributes
    ----------
    name
        protocol and container, as in ``oip/protobuf``.
    media_type
        the media type of the bytes.
    request, response
        the classes of its messages.
    """

    name: str
    media_type: str
    request: type
    response: type

    def encode(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message: the body, and the headers to send with it; raise `EncodeError`.

        `missing` says how JSON has NaN and infinities: ``error`` refuses them (the default of
        Seldon and OIP), ``nan`` writes bare words (that of TensorFlow Serving), ``null`` writes
        NaN as null, ``any`` what the servers of the protocol read.
        """

    def encode_parts(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write the same body as buffers for a vectored write, arrays where they are."""

    def decode(  # noqa: PLR0913
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: type | None = None,  # noqa: A002 - the word that every decoder uses
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
    ) -> Any:
        """Read a message of a class, by default a request; raise `DecodeError`.

        Parameters
        ----------
        body
            any contiguous buffer.
        headers
            those of the body, where a part of it is binary.
        type
            the class of the message.
        limits
            what the payload may claim; `Limits()` where None.
        align
            return arrays whose addresses suit their dtypes: a view where one does, else a copy of
            that array. See `Codec.decode`.
        missing
            what stands for NaN among floats in text: ``null``, ``nan`` (the bare words NaN,
            Infinity, -Infinity), ``any`` of both (the default of Seldon and OIP; that of
            TensorFlow Serving is ``nan``), or ``error``. See `tensorwire.missing`.
        """

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: type | None = None,  # noqa: A002
    ) -> Peek:
        """Tell what a message says of its arrays, without a look at them."""

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write the reply that says what was wrong, in the protocol's documented form."""


def protocol_names() -> tuple[str, ...]:
    """List the names that `get_protocol` knows."""
    return tuple(_MODULES)


def get_protocol(name: str) -> MessageProtocol:
    """Get a protocol by name, as in ``get_protocol("oip/protobuf")``.

    Raises
    ------
    UnknownCodecError
        there is none of that name; a `LookupError` that lists the names.
    """
    if not is_known(name, _MODULES):
        raise UnknownCodecError(unknown("the name of a protocol", name, _MODULES))
    return _made(name)


@cache
def _made(name: str) -> MessageProtocol:
    module = import_module(f"tensorwire.protocols.{_MODULES[name]}")
    return cast("MessageProtocol", module.protocol(name))
