"""The messages of Seldon Core v1 in each container.

A SeldonMessage that holds an array is what the codecs write and read. Here is all else: text, JSON
values and messages of other types, lists of messages, feedback, error replies.
Source: https://docs.seldon.io/projects/seldon-core/ and seldon_core/flask_utils.py
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers import CONTAINERS
from tensorwire.containers.protobuf.schema import schema
from tensorwire.errors import CodecError
from tensorwire.kinds import KINDS
from tensorwire.limits import checked_limits
from tensorwire.protocols import bodies
from tensorwire.protocols.headers import Headers
from tensorwire.protocols.seldon import envelope as seldon
from tensorwire.protocols.seldon.locate import blamed, check_depth
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList, messages_in
from tensorwire.protocols.seldon.peek import claims
from tensorwire.protocols.seldon.reader import class_of, from_tree
from tensorwire.protocols.seldon.writer import around, is_bare, to_tree
from tensorwire.registry import get_codec
from tensorwire.tree import levels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing, Reading, Writing
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.neutral import Peek
    from tensorwire.protocols.seldon.codec import Codec

__all__ = ["protocol"]

_NAMES = {
    Message: seldon.MESSAGE,
    MessageList: "seldon.protos.SeldonMessageList",
    Feedback: "seldon.protos.Feedback",
}
_DEEP = 24  # levels of JSON in which protobuf nests less than it reads, 100 messages


def protocol(name: str) -> SeldonProtocol:
    """Give ``seldon/json``, ``seldon/protobuf`` or ``seldon/msgpack``."""
    return SeldonProtocol(name)


class SeldonProtocol:
    """SeldonMessage, SeldonMessageList and Feedback in one container."""

    request = response = Message

    def __init__(self, name: str) -> None:
        self.name = name
        self._container = CONTAINERS[name.partition("/")[2]]
        self.media_type = self._container.media_types[0]
        self._schemas = {kind: schema(full) for kind, full in _NAMES.items()}
        self._codecs: dict[Any, Codec] = {
            kind: get_codec(f"{self._container.name}/{kind}") for kind in KINDS
        }
        self._headers = Headers()
        self._reading = seldon.reading(None, self._container)

    def __repr__(self) -> str:
        """Return the call that gives it."""
        return f"get_protocol({self.name!r})"

    @property
    def family(self) -> Family:
        """The protocol of which this is a form."""
        from tensorwire.protocols.seldon.family import FAMILY

        return FAMILY

    def encode(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message; see `MessageProtocol`."""
        codec = self._codec(message)
        if codec is not None and not lossy and is_bare(message):
            body = codec.encode(message.value, missing=missing)
            return body, {"Content-Type": self.media_type}
        body = (
            self._write(bodies.write, message, missing, lossy=lossy)
            if codec is None
            else codec.encode(message.value, **around(message), lossy=lossy, missing=missing)
        )
        return body, {"Content-Type": self.media_type}

    def encode_parts(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        codec = self._codec(message)
        parts = (
            self._write(bodies.write_parts, message, missing, lossy=lossy)
            if codec is None
            else codec.encode_parts(message.value, **around(message), lossy=lossy, missing=missing)
        )
        return parts, {"Content-Type": self.media_type}

    def _codec(self, message: Any) -> Codec | None:
        """Give the codec that writes a message with an array, None for any other."""
        if isinstance(message, Message) and isinstance(message.kind, str):
            return self._codecs.get(message.kind)
        return None

    def _write(
        self, write: Callable[..., Any], message: Any, missing: Missing | None, *, lossy: bool
    ) -> Any:
        box, how = self._container, seldon.writing(missing)
        try:
            tree = to_tree(message, box, how, lossy=lossy)
            kind = class_of(type(message))
            body = write(box, tree, self._schemas[kind], how.words)
        except CodecError as error:
            encode = partial(self.encode, lossy=lossy, missing=missing)
            alone = partial(self._alone, message, lossy, how)
            raise blamed(error, message, encode, alone) from None
        if kind is not Message and box.name == "protobuf" and levels(tree) > _DEEP:
            check_depth(body, _NAMES[kind], message)
        return body

    def _alone(self, message: Message, lossy: bool, how: Writing, name: str) -> None:  # noqa: FBT001
        """Write one member of a message."""
        tree = to_tree(message, self._container, how, lossy=lossy)
        if name in tree:
            bodies.write(self._container, {name: tree[name]}, self._schemas[Message], how.words)

    def decode(  # noqa: PLR0913
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002 - the word that every decoder uses
        limits: Limits | None = None,
        align: bool = False,
        missing: Missing | None = None,
    ) -> Any:
        """Read a message; see `MessageProtocol`."""
        if align:
            message = self.decode(body, headers, type=type, limits=limits, missing=missing)
            bodies.align(messages_in(message))
            return message
        del headers
        if limits is None and isinstance(body, bytes) and (type is None or type is Message):
            known = self._headers.view(body, (Message, len(body)))
            if known is not None:
                return known
        how = self._reading if missing is None else seldon.reading(missing, self._container)
        message = self._read(body, type, from_tree, limits, how)
        if limits is None and self._container.sized and isinstance(message, Message):
            self._learn(body, message)
        return message

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002
    ) -> Peek:
        """Tell what a message says of its arrays; see `MessageProtocol`."""
        del headers
        found: Peek = self._read(body, type, claims, None, self._reading)
        return found

    def _read(
        self,
        body: Any,
        kind: Any,
        build: Callable[..., Any],
        limits: Limits | None,
        how: Reading,
    ) -> Any:
        kind, box = class_of(kind), self._container
        bounds = checked_limits(limits)
        try:
            return bodies.read(
                box,
                body,
                self._schemas[kind],
                lambda tree, size, how: build(tree, kind, box, bounds, size, how),
                how,
            )
        except CodecError as error:
            raise error.within("$") from None

    def _learn(self, body: Any, message: Message) -> None:
        """Remember what the bytes around an array say, where they say nothing else."""
        kind, value = message.kind, message.value
        codec = self._codecs.get(kind)
        if codec is None or message.names is not None or message.meta or message.status:
            return
        learn = partial(self._headers.learn, (Message, len(body)), body)
        if KINDS[kind].views:
            learn([value], lambda arrays, _: Message(arrays[0], kind))
        elif self.name == "seldon/protobuf" and type(body) is bytes and _is_one_number(value):
            # It ends the message, and is read as a copy.
            last = np.frombuffer(body, "<f8", 1, len(body) - 8).reshape(value.shape)
            if codec.encode(last) == body:
                learn([last], lambda arrays, _: Message(arrays[0].copy(), kind))

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write the reply that says what was wrong.

        A text or a `CodecError` is for a status of 400 over HTTP; any other exception is the
        server's own fault, for a status of 500, as Seldon's wrapper has it.
        """
        info = str(error).encode("utf-8", "replace").decode()
        told = isinstance(error, (str, CodecError))
        reason = "MICROSERVICE_BAD_DATA" if told else "MICROSERVICE_INTERNAL_ERROR"
        status = {"status": 1, "info": info, "code": -1, "reason": reason}
        body = bodies.write(self._container, {"status": status}, self._schemas[Message])
        return body, {"Content-Type": self.media_type}


def _is_one_number(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype == np.float64 and value.size == 1
