"""Which part of a message is refused, once it is clear that one is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.containers.protobuf.schema import message_class
from tensorwire.errors import CodecError, EncodeError
from tensorwire.protocols.seldon.messages import Message
from tensorwire.protocols.seldon.reader import placed
from tensorwire.protocols.seldon.writer import parts_of
from tensorwire.tree import levels

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
        if error.path == "$":  # for the depth that it adds to the messages in it
            return type(error)(error.reason, _deepest(message), error.remedy)
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


def check_depth(body: Any, name: str, message: Any) -> None:
    """Raise `EncodeError` where protobuf does not read what is nested in one of the messages."""
    from google.protobuf.message import DecodeError as Refused

    try:
        message_class(name).FromString(body if type(body) is bytes else b"".join(body))
    except Refused:
        reason = "protobuf reads no more than 100 messages in one another"
        raise EncodeError(reason, _deepest(message)) from None


def _deepest(message: Any) -> str:
    """Return the place of what is nested deepest in a list of messages or in a feedback."""
    parts = {"$": 0}
    for place, one in parts_of(message):
        parts[f"{place}.{one.kind}"] = levels(one.value)
        parts[f"{place}.meta"] = levels(one.meta)
    return max(parts, key=lambda place: parts[place])
