"""Which part of a message is refused, once it is clear that one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.errors import CodecError, EncodeError
from tensorwire.message import Message
from tensorwire.protocols.seldon_read import placed
from tensorwire.protocols.seldon_write import parts_of
from tensorwire.wire.pool import message_class

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["blamed", "check_depth"]


def blamed(
    error: CodecError,
    message: Any,
    encode: Callable[[Message], Any],
    write: Callable[[str], Any],
) -> CodecError:
    """Give an error its place: that of the part which is refused alone, too.

    `encode` writes one message of several, `write` one member of a message.
    """
    if not isinstance(message, Message):
        for place, one in parts_of(message):
            found = _refusal(encode, one)
            if found is not None:
                return placed(found, place)
    elif error.path == "$":  # of a container, which sees no parts
        for name in ("status", "meta", message.kind):
            found = _refusal(write, name)
            if found is not None:
                return found.within(f"$.{name}")
    return error


def _refusal(write: Callable[[Any], Any], part: Any) -> CodecError | None:
    try:
        write(part)
    except CodecError as error:
        return error
    return None


def check_depth(body: Any, name: str) -> None:
    """Let protobuf read what is nested in a message that is itself nested."""
    from google.protobuf.message import DecodeError as Refused

    try:
        message_class(name).FromString(body if type(body) is bytes else b"".join(body))
    except Refused:
        raise EncodeError("a message in it is nested deeper than protobuf reads") from None
