"""Payloads with their envelope: the messages of Seldon Core v1."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.protocols import seldon_any
from tensorwire.reprs import repr_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Feedback", "Message", "MessageList"]


@dataclass(slots=True, repr=False)
class Message:
    """A value, and what travels with it.

    Attributes
    ----------
    value
        by kind: the array, or nested lists where rows mix numbers and strings; text for
        ``strData``; any JSON value for ``jsonData``; a `tensorwire.seldon.Any`, or the object with
        ``@type`` that JSON has in its place, for ``customData``.
    kind
        ``ndarray``, ``tensor``, ``tftensor`` or ``raw``; ``strData``, ``jsonData`` or
        ``customData``; empty, with the value None, where there is meta or status alone. `dumps`
        keeps it.
    names
        the names of the columns, None where there are none.
    meta
        puid, tags, routing, requestPath and metrics, as the JSON form has them.
    status
        code, info, reason and status of a reply.
    """

    value: Any
    kind: str = "tensor"
    names: Sequence[str] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return the fields that are set; large values are told in short."""
        return repr_of(self)

    def reply(self, value: Any, names: Sequence[str] | None = None) -> Message:
        """Answer this message with a value, in the kind that Seldon's wrapper would choose.

        Numbers go back in the kind of the request, or as `tensor` where it brought no array or raw
        bytes; strings, bools and mixed rows in arrays and lists go back as `ndarray`, bytes as
        `raw`, a str as `strData`, a dict as `jsonData`, an `Any` as `customData`. The request's
        puid, by which a caller matches answers, is kept.
        """
        meta = {"puid": self.meta["puid"]} if "puid" in self.meta else {}
        return Message(value, self._kind_of(value), names, meta)

    def _kind_of(self, value: Any) -> str:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return "raw"
        if isinstance(value, str):
            return "strData"
        if isinstance(value, Mapping):
            return "jsonData"
        if isinstance(value, seldon_any.Any):
            return "customData"
        array = np.asarray(value)
        if array.dtype.kind in "bSUTO":
            return "ndarray"
        return self.kind if self.kind in ("ndarray", "tftensor") else "tensor"


@dataclass(slots=True, repr=False)
class MessageList:
    """What a combiner is sent: a SeldonMessageList.

    Attributes
    ----------
    messages
        the replies to combine, in order.
    """

    messages: Sequence[Message] = ()

    def __repr__(self) -> str:
        """Return the fields that are set; large values are told in short."""
        return repr_of(self)


@dataclass(slots=True, repr=False)
class Feedback:
    """How good a reply turned out to be.

    Attributes
    ----------
    request, response
        what was asked and answered, None where that is not told.
    reward
        a number that the receiver knows what to make of; protobuf carries it as float32.
    truth
        what the answer should have been, None where that is not told.
    """

    request: Message | None = None
    response: Message | None = None
    reward: float = 0.0
    truth: Message | None = None

    def __repr__(self) -> str:
        """Return the fields that are set; large values are told in short."""
        return repr_of(self)


def messages_in(message: Message | MessageList | Feedback) -> Sequence[Message]:
    """Return the SeldonMessages of a message: itself, or those in it."""
    if isinstance(message, Message):
        return [message]
    if isinstance(message, MessageList):
        return message.messages
    found = (message.request, message.response, message.truth)
    return [one for one in found if one is not None]
