"""REST: an ASGI application, for uvicorn or inside anyone's Starlette or FastAPI."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import CancelledError
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import orjson

from tensorwire.server.cors import Cors
from tensorwire.server.http import Deadline, Vanished, read_body, too_large
from tensorwire.server.limits import ServerLimits, too_late
from tensorwire.server.service import Metrics, Service
from tensorwire.serving.encodings import in_utf8, inflate
from tensorwire.serving.model import RawMessage
from tensorwire.serving.refusals import Refusal, Status, reason_of, status_of
from tensorwire.serving.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, MutableMapping, Sequence
    from typing import TypeAlias

    from tensorwire.missing import Missing
    from tensorwire.server.http import Receive
    from tensorwire.serving.routes import Route

    Scope: TypeAlias = MutableMapping[str, Any]
    Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

__all__ = ["RestApp"]

_LOG = logging.getLogger("tensorwire.server")
_SMALL = 64 << 10  # bytes: up to here an echo takes less time than the start of a thread
_MARKED = (
    b"\xef",
    b"\xff",
    b"\xfe",
    b"\0",
)  # the first bytes of byte order marks, with which no JSON begins
_JSON = {"Content-Type": "application/json"}


class Reply(NamedTuple):
    """A reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Call:
    """A request.

    Attributes
    ----------
    route
        of its path; None for an unknown path.
    headers
        by their names in lower case.
    query
        of the URL, escaped.
    body
        None until it is read.
    """

    method: str
    path: str
    route: Route | None
    headers: Mapping[str, str]
    query: bytes = b""
    body: bytes | None = None

    @classmethod
    def read(cls, scope: Mapping[str, Any], routes: Routes) -> Call:
        """Read the ASGI scope of a request."""
        root, path = scope.get("root_path", ""), scope["path"]
        raw = (scope.get("raw_path") or b"").decode("latin-1")
        if root and path.startswith(root):  # mounted in another application
            path, raw = path[len(root) :], raw.removeprefix(quote(root))
        # A name may have an escaped slash.
        route = routes.find(raw, escaped=True) if "%" in raw else None
        headers = {
            key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]
        }
        query = scope.get("query_string", b"")
        return cls(scope["method"], path, route or routes.find(path), headers, query)

    def checked_route(self) -> Route:
        """Return the route of the call; raise `Refusal` for a wrong path or method."""
        route = self.route
        if route is None:
            reason = f"expected a path that is served, got {self.path[:200]!r}; GET / lists them"
            raise Refusal(Status.UNKNOWN_ROUTE, reason)
        if self.method not in route.methods and (self.method, route.method) != ("HEAD", "GET"):
            reason = f"expected {' or '.join(route.methods)}, got {self.method}"
            raise Refusal(Status.WRONG_METHOD, reason, Allow=", ".join(route.methods))
        if self.method != route.method == "POST" and not (self.query or self.body):
            reason = f"expected a message, got a {self.method} without one; send it in a "
            reason += f"{route.method}, or in the query, as json=MESSAGE"
            raise Refusal(Status.WRONG_METHOD, reason, Allow=", ".join(route.methods))
        return route

    def message(self, limit: int) -> tuple[RawMessage, str]:
        """Return the message of the call, and the form of its reply.

        No more than `limit` bytes are inflated.
        """
        route, headers = self.route, self.headers
        assert route is not None  # noqa: S101 - as `checked_route` has found
        assert route.protocol is not None  # noqa: S101 - nor is it the server's own
        protocol = route.protocol
        body = inflate(self.body or b"", headers.get("content-encoding", ""), limit)
        source, said = protocol.source(headers), headers.get("content-type", "")
        if self.query or said != "application/json" or body[:1] in _MARKED:
            unwrapped = protocol.family.unwrap(body, self.query, said, route.action)
            if unwrapped is not None:
                body, source = unwrapped, f"{protocol.family.name}/json"
            elif protocol.is_json(source):
                body = in_utf8(body, said)
        return RawMessage(body, source, headers), protocol.target(source, headers.get("accept", ""))

    def refused(self, error: BaseException) -> Reply:
        """Return the error reply, in the form that the protocol of the call documents."""
        protocol = self.route.protocol if self.route else None
        body, headers = protocol.error(error, self.headers) if protocol else _error(error)
        more = error.headers if isinstance(error, Refusal) else {}
        return Reply(status_of(error).http, {**headers, **more}, body)


class RestApp:
    """An ASGI application that serves the endpoints of every protocol.

    Parameters
    ----------
    model : object, optional
        An object with `predict` or `predict_raw`, see `tensorwire.server.model.Model`; None for an
        echo.
    limits : ServerLimits, optional
        Bounds on requests; `ServerLimits()` where None.
    cors : str or sequence of str, optional
        The origins whose pages may call it from a browser, ``*`` for all; none by default.
    missing : {"null", "nan", "any", "error"}, optional
        What stands for NaN and infinities in requests: ``null``, ``nan`` (the bare words), ``any``
        of both, or ``error`` for neither; None for what clients of each protocol send. Replies have
        what servers of the protocol write.

    Attributes
    ----------
    service : Service
        The model, its threads and its metrics.

    Raises
    ------
    TypeError
        The model has neither `predict` nor `predict_raw`.
    ValueError
        An origin of `cors` is none, or `missing` is not known.

    Examples
    --------
    >>> import asyncio
    >>> from tensorwire.server import RestApp
    >>> app = RestApp()
    >>> scope = {"type": "http", "method": "GET", "path": "/v2/health/live", "headers": []}
    >>> async def receive():
    ...     return {"type": "http.request", "body": b""}
    >>> async def send(event):
    ...     print(event.get("status", event.get("body")))
    >>> asyncio.run(app(scope, receive, send))
    200
    b'{"live":true}'
    """

    def __init__(
        self,
        model: Any = None,
        limits: ServerLimits | None = None,
        *,
        cors: str | Sequence[str] = (),
        missing: Missing | None = None,
    ) -> None:
        self.service = Service(model, limits or ServerLimits(), missing)
        self._routes = Routes(self.service.protocols.values())
        self._cors = Cors(cors, self._exposed()) if cors else None
        self.service.metrics.active.labels("rest").set_function(lambda: self._active)
        self._active = 0

    def _exposed(self) -> list[str]:
        """List the headers of replies that pages of other origins may read."""
        families = (protocol.family for protocol in self.service.protocols.values())
        return [name for family in families for name in family.exposed_headers]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, as ASGI has it."""
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        call = Call.read(scope, self._routes)
        self._active += 1
        try:
            reply = await self._reply(call, receive)
        except Vanished:
            return
        except Exception as error:  # noqa: BLE001 - each has its reply
            if status_of(error) is Status.INTERNAL:
                _LOG.error("%s %s", call.method, call.path, exc_info=error)
            reply = call.refused(error)
        finally:
            self._active -= 1
        if self._cors is not None:
            reply = reply._replace(headers={**reply.headers, **self._cors.headers(call.headers)})
        label = call.route.label if call.route else "other"
        sizes = len(call.body or b""), len(reply.body)
        self.service.metrics.record("rest", label, str(reply.status), began, *sizes)
        headers = [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        if reply.status != 204:
            headers.append((b"Content-Length", b"%d" % sizes[1]))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})

    async def _reply(self, call: Call, receive: Receive) -> Reply:
        await self._receive(call, receive)
        if self._cors is not None and call.method == "OPTIONS" and call.route is not None:
            allowed = self._cors.preflight(call.headers, call.route)
            if allowed is not None:
                return Reply(204, allowed, b"")
        route = call.checked_route()
        if route.takes_message:
            return await self._exchange(call, route, receive)
        if route.protocol is not None:
            status, answer = route.protocol.family.answer(
                route.action, route.address, self.service.state
            )
            return Reply(status, _JSON, orjson.dumps(answer))
        if route.action == "metrics":
            return Reply(200, {"Content-Type": Metrics.media_type}, self.service.metrics.text())
        accept = call.headers.get("accept", "")
        media_type, body = self._routes.index(accept, self.service.grpc_port)
        return Reply(200, {"Content-Type": media_type}, body)

    async def _receive(self, call: Call, receive: Receive) -> None:
        limits, headers = self.service.limits, call.headers
        length = headers.get("content-length", "")
        if "expect" in headers and length.isdecimal() and int(length) > limits.body:
            raise too_large(limits.body)  # before it is sent
        busy = self._active > limits.concurrency
        call.body = await read_body(receive, limits, keep=not busy)
        if busy:
            raise Refusal(
                Status.BUSY, f"expected at most {limits.concurrency} requests at once, got more"
            )

    def _answer(self, call: Call, route: Route) -> Reply:
        """Answer a call that has a message; nothing is awaited."""
        exchange = self.service.exchange
        raw, target = call.message(self.service.limits.body)
        if route.action == "predict":
            made, headers = exchange.predict(raw, target, route.address)
        else:
            made, headers = exchange.feedback(raw, target)
        return Reply(200, headers, made)

    async def _exchange(self, call: Call, route: Route, receive: Receive) -> Reply:
        """Answer a small echo here, and anything else in a thread."""
        service, limits = self.service, self.service.limits
        small = len(call.body or b"") <= _SMALL and "content-encoding" not in call.headers
        if small and service.exchange.model.is_echo:
            return self._answer(call, route)
        future = service.workers.submit(partial(self._answer, call, route))
        gone = asyncio.ensure_future(receive())  # done when the client disconnects
        gone.add_done_callback(lambda _: service.workers.abandon(future))
        try:
            async with Deadline(limits.timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise too_late(limits.timeout) from None
        except (asyncio.CancelledError, CancelledError):
            if gone.done():
                raise Vanished from None
            raise
        finally:
            gone.cancel()


def _error(error: BaseException) -> tuple[bytes, dict[str, str]]:
    """Write the error reply for a path of no protocol."""
    return orjson.dumps({"error": reason_of(error)}), _JSON
