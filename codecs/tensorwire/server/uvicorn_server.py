"""The REST application on uvicorn, in a separate thread; slow clients are disconnected."""

from __future__ import annotations

import asyncio
import socket
from threading import Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import httptools
import uvicorn
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tensorwire.server.direct import Direct

if TYPE_CHECKING:
    from tensorwire.server.direct import Pending
    from tensorwire.server.limits import ServerLimits
    from tensorwire.server.rest import RestApp

__all__ = ["Connection", "RestServer", "connection_class"]

_START = 10.0  # seconds in which an event loop runs, on any machine
_SMALL = 64 << 10  # bytes of a body that is not read by way of ASGI
_PIECE = 16 << 10  # bytes that are parsed at once: requests that wait take 80 times as much
_GAP = 0.1  # seconds between head and body of most clients that send them apart
_INVALID = "Invalid HTTP request received."  # as uvicorn has it
_LEAVING = 0.1  # seconds for a request that is on its way when the server stops


def connection_class(app: RestApp) -> type[Connection]:
    """Return the class of which uvicorn makes the connections of one server."""
    members = {"limits": app.service.limits, "direct": Direct(app.intake)}
    return type("Connection", (Connection,), members)


def _parser(connection: Connection) -> httptools.HttpRequestParser:
    """Make a parser, as uvicorn does: requests behind a last one are not an error."""
    parser = httptools.HttpRequestParser(connection)
    if hasattr(parser, "set_dangerous_leniencies"):  # from httptools 0.6.3 on
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class _Flow(FlowControl):
    """Reads no more of a connection whose requests wait, or whose client does not read."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection.transport)
        self._connection = connection

    def resume_reading(self) -> None:
        """Read, unless what was read before is not answered yet."""
        connection = self._connection
        if self.write_paused or connection.pipeline or connection.waiting:
            return
        super().resume_reading()


class Connection(HttpToolsProtocol):
    """A connection that is checked once a second, at no cost for a request.

    An offer to upgrade is ignored, whatever the protocol (RFC 9110, 7.8): the request is answered
    over HTTP/1.1.
    """

    limits: ServerLimits
    direct: Direct

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        self._head = 0  # bytes received since the last head or body was understood
        self._seen: tuple[Any, ...] | None = None  # the request, and bytes that wait to be sent
        self._leaving = False
        self._offered = False  # the request that is parsed offers an upgrade
        self._since = 0.0  # when that was first seen
        self._whole: list[bytes] | None = None  # parts of the body of what may come whole
        self.waiting = b""  # received, and not parsed yet
        self._gap: asyncio.TimerHandle | None = None  # until the next part of that body
        self._pending: Pending | None = None
        self._running: Any = None  # the request that ASGI answers, or has answered last
        self._replies = 0  # without ASGI

    @property
    def _idle(self) -> bool:
        """No request is being received or answered."""
        cycle: Any = self.cycle  # None before the first request
        return self._whole is None and (cycle is None or cycle.response_complete)

    def connection_made(self, transport: Any) -> None:
        """Begin."""
        super().connection_made(transport)
        self.flow = _Flow(self)

    def data_received(self, data: bytes) -> None:
        """Parse what has come in, unless it has to wait for the requests before it."""
        self._unset_keepalive_if_required()
        if self.waiting:
            self.waiting += data
        else:
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        """Parse bytes up to the first request that has to wait; refuse a head that is too long."""
        view = memoryview(data)
        for at in range(0, len(data), _PIECE):
            if self.pipeline:
                self.waiting = data[at:]
                self.flow.pause_reading()
                return
            rest = view[at : at + _PIECE]
            self._head += len(rest)
            try:
                while (end := self._feed(rest)) is not None:
                    rest = rest[end:]
            except httptools.HttpParserError:
                self.send_400_response(_INVALID)
                return
            if self._head > self.limits.head:
                self._refuse(b"431 Request Header Fields Too Large")
                return
        if self._whole is not None and self._gap is None:  # more of it is to come
            if self._is_small():
                self._gap = self.loop.call_later(_GAP, self._start_late)
            else:
                self._start_late()

    def _go_on(self) -> None:
        """Parse what has waited."""
        if self.waiting and not self.pipeline and not self.transport.is_closing():
            data, self.waiting = self.waiting, b""
            self._parse(data)
            self.flow.resume_reading()

    def on_response_complete(self) -> None:
        """Begin the next request."""
        super().on_response_complete()
        if self.waiting and not self.pipeline:
            self.loop.call_soon(self._go_on)

    def resume_writing(self) -> None:
        """Go on when the client has read."""
        super().resume_writing()
        self.flow.resume_reading()

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

    def on_message_begin(self) -> None:
        """Begin the head of a request."""
        self.url, self.headers, self.expect_100_continue = b"", [], False

    def on_headers_complete(self) -> None:
        """Begin a request; one that offers an upgrade begins without the offer, see `_feed`."""
        self._head = 0
        self._unset_keepalive_if_required()  # a reply to what came with it may have set it
        parser, is_free = self.parser, self._idle
        method = parser.get_method()
        if parser.should_upgrade() and method != b"CONNECT":
            self._offered = True
            return
        self._whole = []
        if (
            method != b"POST"
            or not is_free
            or self.expect_100_continue
            or self._leaving
            or self.flow.write_paused
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
        ):
            self._start()

    def _start(self) -> None:
        """Begin a request by way of ASGI, with what has come of its body."""
        url, headers, expect, whole = self.url, self.headers, self.expect_100_continue, self._whole
        self._end_whole()
        super().on_message_begin()  # makes the scope
        self.url, self.expect_100_continue = url, expect
        self.headers = self.scope["headers"] = headers
        super().on_headers_complete()
        if self._leaving:
            self.cycle.keep_alive = False
        for part in whole or ():
            super().on_body(part)

    def _start_late(self) -> None:
        """Begin a request outside of the parser, which would make its own error of a wrong URL."""
        try:
            self._start()
        except (AttributeError, ValueError, httptools.HttpParserError):  # no path, or not ASCII
            self.send_400_response(_INVALID)

    def _end_whole(self) -> None:
        self._whole = None
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None

    def _is_small(self) -> bool:
        """Return whether a body is worth a short wait: many clients send it in its own packet."""
        lengths = [value for name, value in self.headers if name == b"content-length"]
        return bool(lengths) and int(lengths[0]) <= _SMALL

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        self._head = 0
        if self._whole is None:
            super().on_body(body)
        else:
            self._whole.append(body)

    def on_message_complete(self) -> None:
        """End a body, and answer a request that came whole."""
        if self._offered:
            return
        whole = self._whole
        if whole is not None:
            body = whole[0] if len(whole) == 1 else b"".join(whole)
            call = self.direct.request(self.url, self.headers, body)
            if call is not None:
                self._end_whole()
                self.direct.answer(self, call)
                return
            self._start()
        super().on_message_complete()

    def wait_for(self, pending: Pending) -> None:
        """Wait for an answer, which is this connection's request and response meanwhile."""
        self.cycle = self._pending = pending  # type: ignore[assignment]
        self.tasks.add(pending)  # type: ignore[arg-type]

    def reply(self, written: bytes, *, keep_alive: bool = True) -> None:
        """Send a reply that is not ASGI's."""
        self._pending = None
        self._replies += 1
        self.transport.write(written)
        if not keep_alive:
            self.transport.close()
        if self.pipeline or self.flow.read_paused:
            self.on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Drop what is not answered yet."""
        self._end_whole()
        if self._pending is not None:
            self._pending.drop()
        self.pipeline.clear()
        if self._running is not None:  # uvicorn tells the request that came last, not this one
            self._running.disconnected = True
        super().connection_lost(exc)

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def look(self, now: float) -> None:
        """End the connection if its client takes too long to send, or to read a reply."""
        unsent = self.transport.get_write_buffer_size()
        sending = self._idle or self._whole is not None or self.cycle.more_body
        seen = self.cycle, self._replies, self._whole is None, unsent
        if self._seen != seen or not (sending or unsent):
            self._seen, self._since = seen, now
            return
        limits, limit = self.limits, self.limits.timeout
        if self._idle:
            limit = limits.head_timeout if self._head else self.timeout_keep_alive
        if now - self._since <= limit:
            return
        if self._idle and not (self._head or unsent):
            self.transport.close()
        elif unsent:
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
            if self._whole is not None:
                self._start_late()
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
                http=connection_class(app),
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
