"""The REST application on uvicorn, in a separate thread; slow clients are disconnected."""

from __future__ import annotations

import asyncio
import socket
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if TYPE_CHECKING:
    from tensorwire.server.limits import ServerLimits
    from tensorwire.server.rest import RestApp

__all__ = ["Connection", "RestServer", "connection_class"]

_START = 10.0  # seconds in which an event loop runs, on any machine
_LEAVING = 0.1  # seconds for a request that is on its way when the server stops


def connection_class(limits: ServerLimits) -> type[Connection]:
    """Return the class of which uvicorn makes the connections of one server."""
    return type("Connection", (Connection,), {"limits": limits})


def _parser(connection: Connection) -> httptools.HttpRequestParser:
    """Make a parser, as uvicorn does: requests behind a last one are not an error."""
    parser = httptools.HttpRequestParser(connection)
    if hasattr(parser, "set_dangerous_leniencies"):  # from httptools 0.6.3 on
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class Connection(HttpToolsProtocol):
    """A connection that is checked once a second, at no cost for a request.

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
        """Answer a malformed request, and close the connection."""
        if not self.transport.is_closing():
            head = b"HTTP/1.1 %b\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            self.transport.write(head % status)
            self.transport.close()

    def shutdown(self) -> None:
        """Close after the reply to the request that is being received or answered."""
        self._leaving = True
        if self._idle:
            self.loop.call_later(_LEAVING, super().shutdown)
        else:
            super().shutdown()


class RestServer:
    """Listens from the moment it is made, and answers until it is closed.

    Parameters
    ----------
    app
        what answers.
    host, port
        where to listen; port 0 is any that is free.
    reuse_port
        share the port with other processes that do so too.

    Attributes
    ----------
    port
        where it listens.
    """

    def __init__(self, app: RestApp, host: str, port: int, *, reuse_port: bool) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, reuse_port=reuse_port)
        self.port: int = self._socket.getsockname()[1]
        self._limits = app.service.limits
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=connection_class(app.service.limits),
                ws="none",
                lifespan="off",
                log_config=None,
                proxy_headers=False,
                server_header=False,
                callback_notify=self._look,
                timeout_notify=0,
                timeout_graceful_shutdown=app.service.limits.grace,  # type: ignore[arg-type]
            )
        )
        self._thread = Thread(target=self._run, name="tensorwire-rest", daemon=True)
        self._thread.start()
        end = monotonic() + _START
        while not self._server.started and self._thread.is_alive() and monotonic() < end:
            sleep(0.002)
        if not self._server.started:
            raise OSError(f"expected an HTTP server within {_START} s, got none")

    def _run(self) -> None:
        self._server.run(sockets=[self._socket])

    async def _look(self) -> None:
        """Look at every connection, once a second."""
        now = asyncio.get_running_loop().time()
        connections: list[Connection] = list(self._server.server_state.connections)  # type: ignore[arg-type]
        for connection in connections:
            connection.look(now)

    def stop(self) -> None:
        """Take no more requests."""
        self._server.should_exit = True

    def wait(self) -> None:
        """Wait for the requests under way, if they end in time."""
        self._thread.join(self._limits.grace + _START)
        self._socket.close()
