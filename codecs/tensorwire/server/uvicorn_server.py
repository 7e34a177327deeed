"""One HTTP connection, as uvicorn has it, with bounds on clients that are slow or send no end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from tensorwire.server.limits import ServerLimits

__all__ = ["Connection", "connection_class"]

_LEAVING = 0.1  # seconds for a request that is on its way when the server is told to stop


def connection_class(limits: ServerLimits) -> type[Connection]:
    """Give the class of the connections of one server, for uvicorn to make them."""
    return type("Connection", (Connection,), {"limits": limits})


def _parser(connection: Connection) -> httptools.HttpRequestParser:
    """Make a parser, as uvicorn does: requests behind a last one are not an error."""
    parser = httptools.HttpRequestParser(connection)
    if hasattr(parser, "set_dangerous_leniencies"):  # from httptools 0.6.3 on
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class Connection(HttpToolsProtocol):
    """A connection that is looked at once a second, which costs nothing per request.

    An offer to upgrade is ignored, whatever the protocol (RFC 9110, 7.8): the request is answered
    over HTTP/1.1.
    """

    limits: ServerLimits

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        self._head = 0  # bytes received since the last head or body was understood
        self._seen: tuple[Any, int] | None = None  # the request, and bytes that wait to be sent
        self._leaving = False
        self._offered = False  # the request that is parsed offers an upgrade
        self._since = 0.0  # when that was first seen

    @property
    def _idle(self) -> bool:
        """No request is being received or answered."""
        cycle: Any = self.cycle  # None before the first request
        return cycle is None or cycle.response_complete

    def data_received(self, data: bytes) -> None:
        """Parse what has come in; a head without an end is refused when it is too long."""
        self._head += len(data)
        self._unset_keepalive_if_required()
        rest: bytes | memoryview = data
        try:
            while (end := self._feed(rest)) is not None:
                rest = memoryview(rest)[end:]
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")
            return
        if self._head > self.limits.head:
            self._refuse(b"431 Request Header Fields Too Large")

    def _feed(self, data: bytes | memoryview) -> int | None:
        """Parse bytes; return where the head of a request that offers an upgrade ends.

        llhttp, by way of httptools, takes such a request to have no body, and what follows its
        head for another protocol. The head is parsed once more, by a new parser and without
        the offer, and what follows it is read as that head says.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            end = int(offer.args[0])
            if not self._offered:  # CONNECT, which has no body
                return end
            self._offered = False
            method = self.parser.get_method()
            version = self.parser.get_http_version().encode()
            lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
            lines += [b"%b: %b" % line for line in self.headers if line[0] != b"upgrade"]
            self.parser = _parser(self)
            self.parser.feed_data(b"\r\n".join([*lines, b"\r\n"]))
            return end
        return None

    def on_headers_complete(self) -> None:
        """Begin a request; one that offers an upgrade begins without the offer, see `_feed`."""
        self._head = 0
        if self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT":
            self._offered = True
            return
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._head = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """End a body."""
        if not self._offered:
            super().on_message_complete()

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
