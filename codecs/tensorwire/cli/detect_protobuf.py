"""Recognises protobuf messages, which do not say what they are.

The first one is taken that reads the bytes, knows every field in them, has a payload, and whose
payload can be decoded; else the first that falls short in the last of these only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from google.protobuf.message import DecodeError as NotThisOne
from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from tensorwire.cli.detect import Format
from tensorwire.cli.messages import decode
from tensorwire.containers.protobuf.schema import message_class
from tensorwire.errors import CodecError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["detect_protobuf"]

_DEPTH = 4  # of messages in messages that are looked into
_ITEMS = 16  # of the messages in a list


class _Candidate(NamedTuple):
    message: str
    payload: str
    """The fields of which one has to be there."""
    format: Format


_SELDON, _OIP, _SERVING = "seldon/protobuf", "oip/protobuf", "tfserving/protobuf"
_DATA = "data binData strData jsonData customData"
# Seldon's come last: whatever is text may be their strData.
_CANDIDATES = (
    _Candidate("inference.ModelInferRequest", "inputs", Format(_OIP)),
    _Candidate("inference.ModelInferResponse", "outputs", Format(_OIP, reply=True)),
    _Candidate("tensorflow.serving.PredictRequest", "inputs", Format(_SERVING)),
    _Candidate("tensorflow.serving.PredictResponse", "outputs", Format(_SERVING, reply=True)),
    _Candidate("seldon.protos.SeldonMessage", _DATA, Format(_SELDON)),
    _Candidate(
        "seldon.protos.SeldonMessageList", "seldonMessages", Format(_SELDON, message="MessageList")
    ),
    _Candidate(
        "seldon.protos.Feedback", "request response truth", Format(_SELDON, message="Feedback")
    ),
    _Candidate("seldon.protos.SeldonMessage", "status meta", Format(_SELDON)),
)


def detect_protobuf(body: bytes, *, reply: bool) -> Format | None:
    """Tell which message the bytes are, None if they are none of them.

    `reply` decides where they are a request and a reply alike.
    """
    fitting = [one.format for one in _CANDIDATES if _fits(body, one)]
    readable = [found for found in fitting if _decodes(body, found)] or fitting[:1]
    if not readable:
        return None
    first = readable[0]
    twin = first._replace(reply=True)
    if first.reply or twin not in readable:
        return first
    return (twin if reply else first)._replace(either=True)


def _decodes(body: bytes, found: Format) -> bool:
    try:
        decode(body, found)
    except CodecError:
        return False
    return True


def _fits(body: bytes, one: _Candidate) -> bool:
    try:
        message = message_class(one.message).FromString(body)
    except NotThisOne:
        return False
    there = {field.name for field, _ in message.ListFields()}
    return not there.isdisjoint(one.payload.split()) and _is_known(message, _DEPTH)


def _is_known(message: Message, depth: int) -> bool:
    """Tell whether a message, and those in it, have no field beside the ones they declare."""
    if len(UnknownFieldSet(message)):
        return False
    return depth == 0 or all(_is_known(inner, depth - 1) for inner in _messages(message))


def _messages(message: Message) -> Iterator[Message]:
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if isinstance(value, Message):
            yield value
        else:
            items = value.values() if hasattr(value, "values") else value[:_ITEMS]
            yield from (item for item in items if isinstance(item, Message))
