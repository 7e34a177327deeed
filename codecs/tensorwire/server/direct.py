"""Requests that came whole, answered without the events and tasks of ASGI.

Head and body of a small request arrive together. To deliver a body in parts, and to tell meanwhile
that the client has gone away, takes longer than to decode and encode one value: an echo of it takes
0.55 of the time without that, and with a model in a thread 0.35.
"""

from __future__ import annotations

import logging
from collections import deque
from contextlib import suppress
from functools import lru_cache
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HEADER_VALUE_RE, STATUS_LINE

from tensorwire.server.limits import too_late
from tensorwire.serving.refusals import Refusal, Status
from tensorwire.serving.request import Request

if TYPE_CHECKING:
    from tensorwire.server.intake import Intake
    from tensorwire.serving.request import Reply
    from tensorwire.serving.routes import Route

__all__ = ["Direct", "Pending"]

_LOG = logging.getLogger("tensorwire.server")
_FAULT = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Length: 21\r\nConnection: close\r\n\r\nInternal Server Error"
)
_LONGEST = 200  # bytes of a URL that is cached


class _Event:
    """An event that nobody waits for."""

    def set(self) -> None:
        """Wake nobody."""


_EVENT = _Event()


class Connection(Protocol):
    """What this module needs of a connection."""

    loop: Any
    tasks: set[Any]
    server_state: Any

    def wait_for(self, pending: Pending) -> None:
        """Wait for an answer."""

    def reply(self, written: bytes, *, keep_alive: bool = True) -> None:
        """Send a reply."""


class Direct:
    """Answers the requests of one server that came whole and have a message."""

    def __init__(self, intake: Intake) -> None:
        self.app, self.service = intake, intake.service
        self._cached = lru_cache(256)(self._target)  # the models of a server are few
        self._ended: deque[tuple[Pending, Reply | BaseException]] = deque()
        self._line = lru_cache(256)(_line)
        self._headers: list[tuple[bytes, bytes]] = []
        self._text = b""  # of these headers
        self._told = False  # the event loop is going to look at them

    def request(
        self, url: bytes, headers: list[tuple[bytes, bytes]], body: bytes
    ) -> Request | None:
        """Return a POST that is for the model; None for any other, which ASGI answers."""
        if not self.app.takes(len(body)):
            return None
        try:
            found = (self._cached if len(url) <= _LONGEST else self._target)(url)
        except httptools.HttpParserError:
            return None
        path, route, query = found
        if route is None or not route.takes_message or "POST" not in route.methods:
            return None
        named = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        return Request("POST", path, route, named, query, body)

    def _target(self, url: bytes) -> tuple[str, Route | None, bytes]:
        """Return path, route and query of a URL."""
        parsed = httptools.parse_url(url)
        scope = {
            "method": "POST",
            "path": unquote(parsed.path.decode("ascii")),
            "raw_path": parsed.path,
            "query_string": parsed.query or b"",
            "headers": (),
        }
        request = Request.of_scope(scope, self.app.routes)
        return request.path, request.route, request.query

    def answer(self, connection: Connection, call: Request) -> None:
        """Answer here if there is no model, else in a thread."""
        began = perf_counter()
        if self.app.is_quick(call):
            reply: Reply | BaseException
            try:
                reply = self.exchanged(call)
            except Exception as error:  # noqa: BLE001 - each has its reply
                reply = error
            self.send(connection, call, reply, began)
        else:
            try:
                pending = Pending(self, connection, call, began)
            except RuntimeError as error:  # no thread can be started
                self.send(connection, call, error, began)
            else:
                connection.wait_for(pending)

    def exchanged(self, call: Request) -> Reply:
        """Decode, call the model and encode; raise what is wrong."""
        assert call.route is not None  # noqa: S101 - `request` returned it
        return self.service.answers.exchanged(call, call.route)

    def send(
        self,
        connection: Connection,
        call: Request,
        found: Reply | BaseException,
        began: float,
        *,
        keep_alive: bool = True,
    ) -> None:
        """Send a reply, or the reply to what was wrong."""
        try:
            closes = False
            if isinstance(found, BaseException):
                found = self.app.refused(call, found)
                closes = any(name.lower() == "connection" for name in found.headers)
            written = self._written(connection, call, found, began, ends=keep_alive or closes)
        except Exception:  # noqa: BLE001 - what tells what is wrong is wrong; as uvicorn has it
            _LOG.exception("%s %s", call.method, call.path)
            written, closes = _FAULT, True
        connection.reply(written, keep_alive=keep_alive and not closes)

    def _written(
        self, connection: Connection, call: Request, reply: Reply, began: float, *, ends: bool
    ) -> bytes:
        """Return the bytes of a reply, whose headers end as they are or with that of a last one."""
        body = reply.body
        headers = self.app.headers_of(call, reply, began)
        lines = [STATUS_LINE[reply.status], self._common(connection.server_state.default_headers)]
        for name, value in headers.items():
            lines.append(self._line(name, value))
        lines.append(b"Content-Length: %d\r\n" % len(body))
        lines.append(b"\r\n" if ends else b"Connection: close\r\n\r\n")
        lines.append(body)
        return b"".join(lines)

    def _common(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """Return the headers of every reply, of which uvicorn makes a new list when they change."""
        if headers is not self._headers:
            self._headers = headers
            self._text = b"".join(b"%b: %b\r\n" % header for header in headers)
        return self._text

    def deliver(self, pending: Pending, found: Reply | BaseException) -> None:
        """Pass a result from a thread to the event loop, which is woken once for several."""
        self._ended.append((pending, found))
        if not self._told:
            self._told = True
            with suppress(RuntimeError):  # the event loop has ended
                pending.loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        self._told = False
        while self._ended:
            pending, found = self._ended.popleft()
            pending.finish(found)


def _line(name: str, value: str) -> bytes:
    line = f"{name}: {value}\r\n".encode("latin-1")
    if HEADER_VALUE_RE.search(line, 0, len(line) - 2):
        raise ValueError(f"expected a header without control characters, got {value[:80]!r}")
    return line


class Pending:
    """A request whose answer is made in a thread.

    For uvicorn it is the cycle of request and response of its connection, and one of its tasks.
    """

    __slots__ = (
        *("_direct", "_connection", "_call", "_began", "_timer", "loop"),
        *("response_complete", "disconnected", "message_event", "more_body", "keep_alive"),
    )

    def __init__(self, direct: Direct, connection: Connection, call: Request, began: float) -> None:
        self._direct = direct
        self._connection: Connection | None = connection
        self._call: Request | None = call
        self._began = began
        self.loop = connection.loop
        self.more_body = self.response_complete = False
        self.keep_alive = True
        self.disconnected, self.message_event = False, _EVENT
        direct.service.workers.post(self._run)  # before what would have to be undone
        self._timer = self.loop.call_later(direct.service.limits.timeout, self._late)
        direct.app.begin()

    def _run(self) -> None:
        """Answer, in a thread, unless that is no longer wanted."""
        call = self._call
        if call is None:
            return
        found: Reply | BaseException
        try:
            found = self._direct.exchanged(call)
        except BaseException as error:  # noqa: BLE001 - each has its reply
            found = error
        del call
        self._direct.deliver(self, found)
        del found

    def finish(self, found: Reply | BaseException) -> None:
        """Send the reply, unless that is no longer wanted."""
        call, connection = self._call, self._connection
        if call is None or connection is None:
            return
        self.drop()
        self._direct.send(connection, call, found, self._began, keep_alive=self.keep_alive)

    def drop(self) -> None:
        """Stop waiting: the call is not started, or its result is dropped."""
        if self._call is None or self._connection is None:
            return
        self._connection.tasks.discard(self)
        self._call = self._connection = None
        self.response_complete = True
        self._timer.cancel()
        self._direct.app.end()

    def _late(self) -> None:
        self.finish(too_late(self._direct.service.limits.timeout))

    def cancel(self, msg: object = None) -> None:  # noqa: ARG002 - as uvicorn calls a task
        """Answer that the server ends, when it has waited long enough."""
        self.keep_alive = False
        reason = "expected an answer before the server ends, got none"
        self.loop.call_soon(self.finish, Refusal(Status.BUSY, reason))
