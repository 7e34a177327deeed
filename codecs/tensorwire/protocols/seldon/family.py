"""The properties of Seldon Core's protocol that all its forms share.

Source: https://docs.seldon.io/projects/seldon-core/ (apis/external-prediction.md, user-model.md)
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tensorwire import lists
from tensorwire.containers import CONTAINERS
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.protocols.family import (
    Arguments,
    Call,
    Candidate,
    Contents,
    Endpoint,
    Family,
    Judgement,
    Recognized,
)
from tensorwire.protocols.neutral import Neutral
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols import MessageProtocol
    from tensorwire.protocols.neutral import Peek

__all__ = ["FAMILY", "OneKind"]

_POST, _GET, _EITHER = ("POST",), ("GET",), ("POST", "GET")
_SERVICE, _MODEL = "seldon.protos.Seldon", "seldon.protos.Model"
_MESSAGE, _FEEDBACK = "seldon.protos.SeldonMessage", "seldon.protos.Feedback"
_ARRAYS = ("ndarray", "tensor", "tftensor")
_OTHERS = ("strData", "jsonData", "customData", "")  # kinds that are not arrays
_DATA = ("data", "binData", "strData", "jsonData", "customData")
_MEMBERS = {*_DATA, "meta", "status"}
_MEMBERS |= {"bin_data", "str_data", "json_data", "custom_data"}  # protobuf's JSON takes these too
_LISTS = {"seldonMessages", "seldon_messages"}
_OF_FEEDBACK = {"request", "response", "truth", "reward"}
# A map that is empty, or whose first key is text or bytes: a PNG has the first byte of a map, too.
_MSGPACK = re.compile(
    rb"\x80|(?:[\x81-\x8f]|\xde..|\xdf....)[\xa0-\xbf\xc4-\xc6\xd9-\xdb]", re.DOTALL
)
_LIST, _FEEDBACKS = "MessageList", "Feedback"  # names of its other messages
_HTML_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


class Seldon(Family):
    """SeldonMessage: one payload, the names of its columns, and meta."""

    name = "seldon"
    request = response = Message
    messages: ClassVar = {_LIST: MessageList, _FEEDBACKS: Feedback}
    feedback = Feedback
    media_types: ClassVar = {name: box.media_types for name, box in CONTAINERS.items()}
    wrappers = _HTML_FORMS
    endpoints = (
        Endpoint("/api/v1.0/predictions", "predict", _POST),
        Endpoint("/api/v0.1/predictions", "predict", _POST),
        Endpoint("/predict", "predict", _EITHER),
        Endpoint("/api/v1.0/feedback", "feedback", _POST),
        Endpoint("/api/v0.1/feedback", "feedback", _POST),
        Endpoint("/send-feedback", "feedback", _EITHER),
        Endpoint("/health/ping", "live"),
        Endpoint("/health/status", "ready"),
        Endpoint("/live", "live"),
        Endpoint("/ready", "ready"),
    )
    calls = (
        Call(_SERVICE, "Predict", "predict", _MESSAGE),
        Call(_MODEL, "Predict", "predict", _MESSAGE),
        Call(_SERVICE, "SendFeedback", "feedback", _FEEDBACK),
        Call(_MODEL, "SendFeedback", "feedback", _FEEDBACK),
    )
    candidates = (
        Candidate(_MESSAGE, _DATA, Recognized("protobuf")),
        Candidate(
            "seldon.protos.SeldonMessageList",
            ("seldonMessages",),
            Recognized("protobuf", message=_LIST),
        ),
        Candidate(
            _FEEDBACK,
            ("request", "response", "truth"),
            Recognized("protobuf", message=_FEEDBACKS),
        ),
        Candidate(_MESSAGE, ("status", "meta"), Recognized("protobuf")),
    )
    greedy = True  # any text is a SeldonMessage of strData

    def take(self, message: Any) -> Neutral:
        """Convert a message to a `Neutral`; raise `EncodeError` for one without an array."""
        if not isinstance(message, Message) or message.kind in ("jsonData", "customData", ""):
            kind = getattr(message, "kind", None) or type(message).__name__
            raise EncodeError(f"expected an array, got {kind}, which Seldon's protocol alone has")
        meta = dict(message.meta)
        puid = meta.pop("puid") if type(meta.get("puid")) is str else ""
        extras = {"$.data.names": message.names, "$.status": message.status}
        extras |= {f"$.meta.{name}": [value] for name, value in meta.items()}
        value = message.value
        if message.kind == "strData":
            value = lists.to_array([value.encode()], EncodeError)
        elif message.kind == "raw":
            value = np.frombuffer(value, np.uint8)
        return Neutral({"": value}, puid, {}, (), extras)

    def make(self, neutral: Neutral, kind: type) -> tuple[Message, dict[str, Any]]:
        """Make a message of the one array, in the kind that keeps its dtype."""
        if kind is not Message:
            raise EncodeError(f"expected the class Message, got {kind.__name__}")
        meta = {"puid": neutral.id} if neutral.id else {}
        lost = {**neutral.extras, "$.outputs": neutral.outputs}
        return Message(neutral.single(), "tftensor", None, meta), lost

    def recognize(self, body: bytes, document: Any) -> Recognized | None:
        """Recognise a map of msgpack, or the members of one of the three messages."""
        if document is None:
            return Recognized("msgpack") if _MSGPACK.match(body) else None
        if not isinstance(document, dict):
            return None
        keys = document.keys()
        if keys & _LISTS:
            return Recognized("json", message=_LIST)
        if keys & _MEMBERS:
            return Recognized("json")
        return Recognized("json", message=_FEEDBACKS) if keys & _OF_FEEDBACK else None

    def contents(self, message: Any) -> Contents:
        """Return the contents of a message, for display."""
        if isinstance(message, MessageList):
            numbered = [(f"{i}", inner) for i, inner in enumerate(message.messages)]
            return Contents({}, messages=numbered, title=_LIST)
        if isinstance(message, Feedback):
            members = ("request", "response", "truth")
            inner = [(name, getattr(message, name)) for name in members]
            messages = [(name, one) for name, one in inner if one is not None]
            return Contents({"reward": message.reward}, messages=messages, title=_FEEDBACKS)
        fields = {name: getattr(message, name) for name in ("kind", "names", "meta", "status")}
        if message.kind in _OTHERS:
            payload = (message.value,) if message.kind else ()
            return Contents(fields, payload=payload, title="SeldonMessage")
        return Contents(fields, [("", message.value, {})], title="SeldonMessage")

    def build(
        self, array: Any, form: str, *, name: str | None, model: str, columns: Sequence[str] | None
    ) -> Message:
        """Make a request of one array; it has no name, but its columns may have names."""
        del form, name, model
        return Message(array, names=columns)

    def unwrap(self, body: bytes, query: bytes, content_type: str, action: str) -> bytes | None:
        """Return the JSON of a message in a form or a query, as Seldon's wrapper accepts them."""
        from tensorwire.protocols.seldon.forms import unwrap

        return unwrap(body, query, content_type, action)

    def arguments(self, request: Message) -> Arguments:
        """Return the payload: an array, bytes, text, or any JSON value."""
        if not request.kind:
            raise DecodeError("expected a payload to predict from, got none")
        value = request.value.tobytes() if request.kind == "raw" else request.value
        return Arguments(value, list(request.names or ()), dict(request.meta))

    def echo(self, request: Message) -> Message:
        """Return the message itself: its class is that of replies."""
        return request

    def reply(self, request: Message, value: Any, names: Sequence[str]) -> Message:
        """Answer in the kind of the request where possible; arrays have column names."""
        reply = request.reply(value)
        if reply.kind in _ARRAYS:
            reply.names = list(names) or None
        return reply

    def release(self, request: Message) -> None:
        """Drop the value of a request."""
        request.value = None

    def judgement(self, feedback: Feedback) -> Judgement:
        """Return the arguments of `send_feedback` for a feedback message."""
        asked, truth = feedback.request, feedback.truth
        value, names = (None, []) if asked is None else self.arguments(asked)[:2]
        return Judgement(value, names, feedback.reward, truth and truth.value)

    def acknowledge(self, answer: Any) -> Message:
        """Answer feedback with an empty message, or with the model's own answer."""
        return Message(None, "") if answer is None else Message(None).reply(answer)


FAMILY = Seldon()


class OneKind:
    """The messages of one kind, which a codec writes and reads, as a `MessageProtocol`."""

    request: type = Message
    response: type = Message
    family = FAMILY

    def __init__(self, codec: Any) -> None:
        from tensorwire.protocols import get_protocol

        self.name, self.media_type = codec.name, codec.media_type
        self._codec = codec
        self._all: MessageProtocol = get_protocol(f"seldon/{codec.container.name}")

    def encode(
        self, message: Message, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message in the kind of the codec; see `MessageProtocol`."""
        return self._all.encode(self._of_kind(message, lossy=lossy), lossy=lossy, missing=missing)

    def encode_parts(
        self, message: Message, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        message = self._of_kind(message, lossy=lossy)
        return self._all.encode_parts(message, lossy=lossy, missing=missing)

    def _of_kind(self, message: Message, *, lossy: bool) -> Message:
        codec = self._codec
        if codec.kind.name == "raw" and not lossy:
            _check_bytes(message.value, codec)
        return replace(message, kind=codec.kind.name)

    def decode(  # noqa: PLR0913
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: type | None = None,  # noqa: A002
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
    ) -> Message:
        """Read a message; raise `DecodeError` for one of another kind."""
        del headers, type
        message: Message = self._all.decode(body, limits=limits, align=align, missing=missing)
        if message.kind != self._codec.kind.name:
            self._codec.decode(body, limits=limits)  # raises an error with the kind of the message
        return message

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: type | None = None,  # noqa: A002
    ) -> Peek:
        """Describe the array of a message; see `MessageProtocol`."""
        return self._all.peek(body, headers, type=type)

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write the reply to a request that failed; see `MessageProtocol`."""
        return self._all.encode_error(error)


def _check_bytes(value: Any, codec: Any) -> None:
    """Refuse to write an array as raw bytes, which do not represent its dtype and shape."""
    if not isinstance(value, np.ndarray) or (value.dtype.kind == "S" and not value.ndim):
        return  # a single byte string, or a value that the codec checks
    if value.dtype != np.uint8 or value.ndim != 1:
        reason = f"expected uint8 of one dimension, got {value.dtype} of shape {value.shape}"
        remedy = f"use {codec.container.name}/tftensor, or pass lossy=True to write its memory"
        raise EncodeError(reason, codec.path, remedy)
