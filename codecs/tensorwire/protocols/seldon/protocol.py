"""The messages of Seldon Core v1 in each container, as a `MessageProtocol`.

Whole messages are written by `MessageWriter` and read by `MessageReader`.
Source: https://docs.seldon.io/projects/seldon-core/ and seldon_core/flask_utils.py
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers import CONTAINERS
from tensorwire.errors import CodecError
from tensorwire.protocols import bodies
from tensorwire.protocols.seldon.messages import Message, messages_in
from tensorwire.protocols.seldon.peek import peek_tree
from tensorwire.protocols.seldon.reader import MessageReader, class_of
from tensorwire.protocols.seldon.short import read_short, write_rows
from tensorwire.protocols.seldon.writer import MessageWriter
from tensorwire.wire.buffers import as_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing
    from tensorwire.protocols.family import Family
    from tensorwire.protocols.neutral import Peek

__all__ = ["SeldonProtocol", "protocol"]

_new, _ndarray = object.__new__, np.ndarray


def protocol(name: str) -> SeldonProtocol:
    """Return ``seldon/json``, ``seldon/protobuf`` or ``seldon/msgpack``."""
    return SeldonProtocol(name)


class SeldonProtocol:
    """SeldonMessage, SeldonMessageList and Feedback in one container."""

    request = response = Message

    def __init__(self, name: str) -> None:
        self.name = name
        self._container = container = CONTAINERS[name.partition("/")[2]]
        self.media_type = container.media_types[0]
        self._reader, self._writer = MessageReader(container), MessageWriter(container)
        self._short = container.name == "json"

    def __repr__(self) -> str:
        """Return the call that returns this protocol."""
        return f"get_protocol({self.name!r})"

    @property
    def family(self) -> Family:
        """The protocol of this form."""
        from tensorwire.protocols.seldon.family import FAMILY

        return FAMILY

    def encode(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[bytes, dict[str, str]]:
        """Write a message; see `MessageProtocol`."""
        return self.write(message, lossy, missing), {"Content-Type": self.media_type}

    def write(self, message: Any, lossy: bool, missing: Missing | None) -> bytes:  # noqa: FBT001
        """Write a message, as `encode` does."""
        if self._short and missing is None and message.__class__ is Message:
            kind, value, status = message.kind, message.value, message.status
            rows = type(value) is _ndarray and kind.__class__ is str and kind == "ndarray"
            if rows and status.__class__ is dict and not status:
                body = write_rows(value, message.names, message.meta)
                if body is not None:
                    return body
        return self._writer.write(message, lossy=lossy, missing=missing)

    def encode_parts(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> tuple[list[bytes | memoryview], dict[str, str]]:
        """Write a message as buffers; see `MessageProtocol`."""
        parts = self._writer.write_parts(message, lossy=lossy, missing=missing)
        return parts, {"Content-Type": self.media_type}

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
        del headers
        return self.read(body, type, limits, missing, align)

    def read(
        self,
        body: Any,
        kind: Any,
        limits: Limits | None,
        missing: Missing | None,
        align: bool,  # noqa: FBT001 - arguments by name cost a tenth of a short message
    ) -> Any:
        """Read a message, as `decode` does."""
        if self._short and limits is None and missing is None and (kind is None or kind is Message):
            if type(body) is not bytes:
                body = as_bytes(body)
            found = read_short(body)
            if found is not None:
                message = _new(Message)  # a call of the class takes twice as long
                message.value, message.kind, message.names, message.meta = found
                message.status = {}
                return message
        if align:
            message = self.read(body, kind, limits, missing, align=False)
            bodies.align(messages_in(message))
            return message
        reader = self._reader
        options = reader.default if missing is None else reader.options(missing)
        return reader.read(body, class_of(kind), limits, options)

    def peek(
        self,
        body: Any,
        headers: Mapping[str, str] | None = None,
        *,
        type: Any = None,  # noqa: A002
    ) -> Peek:
        """Describe the arrays of a message; see `MessageProtocol`."""
        del headers
        kind, reader = class_of(type), self._reader
        found: Peek = reader.build(body, kind, peek_tree, reader.default, kind, self._container)
        return found

    def encode_error(self, error: BaseException | str) -> tuple[bytes, dict[str, str]]:
        """Write an error reply.

        A text or a `CodecError` is for a status of 400 over HTTP; any other exception is the
        server's own fault, for a status of 500, as in Seldon's wrapper.
        """
        info = str(error).encode("utf-8", "replace").decode()
        refused = isinstance(error, (str, CodecError))
        reason = "MICROSERVICE_BAD_DATA" if refused else "MICROSERVICE_INTERNAL_ERROR"
        status = {"status": 1, "info": info, "code": -1, "reason": reason}
        return self._writer.status(status), {"Content-Type": self.media_type}
