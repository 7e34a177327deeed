"""REST: an ASGI application, for uvicorn or inside anyone's Starlette or FastAPI."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import CancelledError
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any

from tensorwire.server.cors import Cors
from tensorwire.server.http import Deadline, Vanished, read_body, too_large
from tensorwire.server.intake import Intake
from tensorwire.server.limits import ServerLimits, too_late
from tensorwire.server.service import Metrics, Service
from tensorwire.serving.refusals import Refusal, Status
from tensorwire.serving.request import Reply, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence
    from typing import TypeAlias

    from tensorwire.missing import Missing
    from tensorwire.server.http import Receive
    from tensorwire.serving.routes import Route

    Scope: TypeAlias = MutableMapping[str, Any]
    Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

__all__ = ["RestApp"]

_LOG = logging.getLogger("tensorwire.server")
_SMALL = 64 << 10  # bytes: up to here an echo takes less time than the start of a thread


class RestApp:
    """An ASGI application that serves the endpoints of every protocol.

    Parameters
    ----------
    model : object, optional
        A function of an array, or an object with `predict` or `predict_raw`, see
        `tensorwire.serving.model.Model`; None for an echo.
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
    intake : Intake
        The requests that are under way.

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
        self._cors = Cors(cors, self._exposed()) if cors else None
        self.intake = Intake(self.service, self._cors)

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
        call = Request.of_scope(scope, self.intake.routes)
        counts = call.route is not None and call.route.takes_message  # unlike probes
        self.intake.begin(counts=counts)
        try:
            reply = await self._reply(call, receive)
        except Vanished:
            return
        except Exception as error:  # noqa: BLE001 - each has its reply
            reply = self.intake.refused(call, error)
        finally:
            self.intake.end(counts=counts)
        headers = [
            (name.encode(), value.encode())
            for name, value in self.intake.headers_of(call, reply, began).items()
        ]
        if reply.status != 204:
            headers.append((b"Content-Length", b"%d" % len(reply.parts[0])))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.parts[0]})

    async def _reply(self, call: Request, receive: Receive) -> Reply:
        await self._receive(call, receive)
        if self._cors is not None and call.method == "OPTIONS" and call.route is not None:
            allowed = self._cors.preflight(call.headers, call.route)
            if allowed is not None:
                return Reply(204, allowed, [b""])
        route = call.checked_route()
        if route.takes_message:
            return await self._exchange(call, route, receive)
        if route.action == "metrics":
            return Reply(200, {"Content-Type": Metrics.media_type}, [self.service.metrics.text()])
        about = partial(self._about, call, route)
        if route.action == "model" and not self.service.exchange.model.is_echo:
            return await self._in_thread(about, receive)  # it asks the model
        return about()

    def _about(self, call: Request, route: Route) -> Reply:
        service = self.service
        return service.answers.about(
            call, route, self.intake.routes, service.state, service.grpc_port
        )

    async def _receive(self, call: Request, receive: Receive) -> None:
        limits, headers = self.service.limits, call.headers
        length = headers.get("content-length", "")
        if "expect" in headers and length.isdecimal() and int(length) > limits.body:
            raise too_large(limits.body)  # before it is sent
        counts = call.route is not None and call.route.takes_message
        busy = counts and self.intake.messages > limits.concurrency
        call.body = await read_body(receive, limits, keep=not busy)
        if busy:
            raise Refusal(
                Status.BUSY, f"expected at most {limits.concurrency} requests at once, got more"
            )

    async def _exchange(self, call: Request, route: Route, receive: Receive) -> Reply:
        """Answer a quick call here, and anything else in a thread."""
        service = self.service
        if self.intake.is_quick(call):
            return service.answers.exchanged(call, route)
        return await self._in_thread(partial(service.answers.exchanged, call, route), receive)

    async def _in_thread(self, answer: Callable[[], Reply], receive: Receive) -> Reply:
        """Answer in a thread, within the time that there is, and while the client is there."""
        limits = self.service.limits
        job = self.service.workers.submit(answer)
        gone = asyncio.ensure_future(receive())  # done when the client disconnects
        gone.add_done_callback(lambda _: job.abandon())
        try:
            async with Deadline(limits.timeout):
                return await asyncio.wrap_future(job)
        except TimeoutError:
            job.abandon()
            raise too_late(limits.timeout) from None
        except (asyncio.CancelledError, CancelledError):
            if gone.done():
                raise Vanished from None
            raise
        finally:
            gone.cancel()
