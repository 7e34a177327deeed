"""REST: an ASGI application, for uvicorn or inside anyone's Starlette or FastAPI."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import CancelledError
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tensorwire.server import index, rest_call
from tensorwire.server.cors import Cors
from tensorwire.server.limits import ServerLimits
from tensorwire.server.metrics import Metrics
from tensorwire.server.receiving import Deadline, Vanished, read_body, too_large
from tensorwire.server.refusals import Refusal, Status, status_of
from tensorwire.server.rest_call import Call, Reply
from tensorwire.server.service import Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence
    from typing import TypeAlias

    from tensorwire.missing import Missing
    from tensorwire.server.receiving import Receive
    from tensorwire.server.routes import Route

    Scope: TypeAlias = MutableMapping[str, Any]
    Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

__all__ = ["RestApp"]

_LOG = logging.getLogger("tensorwire.server")
_SMALL = 64 << 10  # bytes that are echoed in about the time that a thread takes to begin


class RestApp:
    """The routes of Seldon, of the Open Inference Protocol and of TensorFlow Serving.

    Parameters
    ----------
    model
        an object with `predict` or `predict_raw`, see `Model`; None for an echo.
    limits
        what requests may take.
    cors
        the origins whose pages may call it from a browser, ``*`` for all; none by default.
    missing
        how NaN and infinities may come in requests: ``null``, ``nan`` (bare words), ``any``,
        ``error``; None for what clients of each protocol send. Replies have what its servers write.
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
        self._cors = Cors(cors) if cors else None
        self.service.metrics.active.labels("rest").set_function(lambda: self._active)
        self._active = 0

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
        call = rest_call.read_call(scope)
        self._active += 1
        try:
            reply = await self._reply(call, receive)
        except Vanished:
            return
        except Exception as error:  # noqa: BLE001 - each has its reply
            if status_of(error) is Status.INTERNAL:
                _LOG.error("%s %s", call.method, call.path, exc_info=error)
            reply = rest_call.error_reply(call, error)
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
        route = rest_call.checked_route(call)
        if route.method == "POST":
            return await self._predict(call, route, receive)
        if route.action == "metrics":
            return Reply(200, {"Content-Type": Metrics.media_type}, self.service.metrics.text())
        if route.action == "index":
            return index.reply(call.headers, self.service.grpc_port)
        return rest_call.about_reply(self.service.exchange, route, ready=self.service.ready)

    async def _receive(self, call: Call, receive: Receive) -> None:
        limits, headers = self.service.limits, call.headers
        length = headers.get("content-length", "")
        if "expect" in headers and length.isdecimal() and int(length) > limits.body:
            raise too_large(limits.body)  # before it is sent
        busy = self._active > limits.concurrency
        call.body = await read_body(receive, limits, keep=not busy)
        if busy:
            raise Refusal(Status.BUSY, f"{limits.concurrency} requests are under way")

    async def _predict(self, call: Call, route: Route, receive: Receive) -> Reply:
        """Answer a small echo here, and anything else in a thread."""
        service, limits = self.service, self.service.limits
        work = partial(rest_call.reply, service.exchange, call, route, limits.body)
        small = len(call.body or b"") <= _SMALL and "content-encoding" not in call.headers
        if small and service.exchange.model.is_echo:
            return work()
        future = service.workers.submit(work)
        gone = asyncio.ensure_future(receive())  # says when the client is
        gone.add_done_callback(lambda _: service.workers.abandon(future))
        try:
            async with Deadline(limits.timeout):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise Refusal(Status.TIMEOUT, f"no answer within {limits.timeout} s") from None
        except (asyncio.CancelledError, CancelledError):
            if gone.done():
                raise Vanished from None
            raise
        finally:
            gone.cancel()
