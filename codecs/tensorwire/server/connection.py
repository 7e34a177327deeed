"""One HTTP connection, as uvicorn has it, with bounds on clients that are slow or send no end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from tensorwire.server.limits import ServerLimits

__all__ = ["Connection", "connection_class"]

_LEAVING = 0.1  # seconds for a request that is on its way when the server is told to stop


def connection_class(limits: ServerLimits) -> type[Connection]:
    """Give the class of the connections of one server, for uvicorn to make them."""
    return type("Connection", (Connection,), {"limits": limits})


class Connection(HttpToolsProtocol):
    """A connection that is looked at once a second, which costs nothing per request."""

    limits: ServerLimits

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        self._head = 0  # bytes received since the last head or body was understood
        self._seen: tuple[Any, int] | None = None  # the request, and bytes that wait to be sent
        self._leaving = False
        self._since = 0.0  # when that was first seen

    @property
    def _idle(self) -> bool:
        """No request is being received or answered."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is None or cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Take what has come in; a head without an end is too long some day."""
        self._head += len(data)
        super().data_received(data)
        if self._head > self.limits.head:
            self._refuse(b"431 Request Header Fields Too Large")

    def on_headers_complete(self) -> None:
        """Begin a request."""
        self._head = 0
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._head = 0
        super().on_body(body)

    def look(self, now: float) -> None:
        """End the connection if its client takes too long to send, or to read a reply."""
        unsent = self.transport.get_write_buffer_size()
        sending = self._idle or self.cycle.more_body
        if self._seen != (self.cycle, unsent) or not (sending or unsent):
            self._seen, self._since = (self.cycle, unsent), now
            return
        limits = self.limits
        if now - self._since <= (limits.head_timeout if self._idle else limits.timeout):
            return
        if unsent:
            self.transport.abort()
        else:
            self._refuse(b"408 Request Timeout")

    def _refuse(self, status: bytes) -> None:
        """Answer what is no request, and close."""
        if not self.transport.is_closing():
            head = b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            self.transport.write(head % status)
            self.transport.close()

    def shutdown(self) -> None:
        """End with the reply to the request that is under way, or on its way."""
        self._leaving = True
        if self._idle:
            self.loop.call_later(_LEAVING, super().shutdown)
        else:
            super().shutdown()
