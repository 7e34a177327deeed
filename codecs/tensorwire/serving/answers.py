"""The answer to each request that is prepared: what the server and every handler stand on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import orjson

import tensorwire as tw
from tensorwire.errors import UnknownCodecError, unknown
from tensorwire.missing import reading
from tensorwire.protocols import families, get_protocol
from tensorwire.protocols.family import ServerState
from tensorwire.serving.call import Call, Origin, call_of
from tensorwire.serving.exchange import Exchange
from tensorwire.serving.model import Model
from tensorwire.serving.negotiation import Negotiator
from tensorwire.serving.refusals import Refusal, Status, status_of
from tensorwire.serving.request import JSON, Reply, Request
from tensorwire.serving.routes import Route, Routes, calls_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.missing import Missing

__all__ = ["Answers", "log"]

_LOG = logging.getLogger("tensorwire.serving")


class Answers:
    """A model behind every protocol. Its methods raise what is wrong; `refused` makes it a reply.

    Attributes
    ----------
    size
        bytes of one request, as sent and as inflated.
    protocols
        those that are served, by name: built in, and of installed packages.
    exchange, routes
        what decodes and encodes, and what is where.
    calls
        the methods of gRPC, by their full names.
    """

    def __init__(
        self, model: Any, limits: Limits | None, size: int, missing: Missing | None
    ) -> None:
        reading(missing, "any", text=True)  # raises DecodeError for a word that is not known
        self.size = size
        self.protocols = {family.name: Negotiator(family) for family in families()}
        self.exchange = Exchange(Model(model), self.protocols, limits, missing)
        self.routes = Routes(self.protocols.values())
        self.calls = {
            call.path: (family, call) for family, call in calls_of(self.protocols.values())
        }
        self._of_protocols: dict[str, Route] = {}  # as many as there are forms

    def read(self, request: Request) -> Call:
        """Read a request; raise what is wrong with it."""
        route = self._checked(request)
        if route.action != "predict":
            reason = f"expected a path for predictions, got {request.path[:200]!r}"
            raise Refusal(Status.UNKNOWN_ROUTE, reason)
        raw, target = request.message(self.size)
        family, message = self.exchange.read(raw, target, route.address)
        return call_of(Origin(family, self.exchange, request, raw, target, message))

    def prepared(
        self, request: Request, headers: Mapping[str, str] | None, protocol: str
    ) -> Request:
        """Complete a request with its headers and its route."""
        if headers:
            request.headers = {name.lower(): value for name, value in headers.items()}
        if not protocol:
            path = request.path
            if path in self.calls:
                family, call = self.calls[path]
                request.route = Route(call.action, self.protocols[family.name], path, ("POST",))
                request.form = f"{family.name}/{call.forms[0]}"
            else:
                request.route = self.routes.find(path if path[:1] == "/" else f"/{path}")
            return request
        route = self._of_protocols.get(protocol)
        if route is None:
            name = protocol.partition("/")[0]
            if name not in self.protocols:
                known = tuple(self.protocols)
                raise UnknownCodecError(unknown("the name of a protocol", name, known))
            route = Route("predict", self.protocols[name], protocol, ("POST",))
            if "/" in protocol:
                get_protocol(protocol)  # raises UnknownCodecError for no form
            self._of_protocols[protocol] = route
        request.route = route
        if "/" in protocol:
            request.form = protocol
        return request

    def _checked(self, request: Request) -> Route:
        route, body = request.checked_route(), request.body or b""
        if len(body) > self.size:
            reason = f"expected a body of at most {self.size} bytes, got more"
            raise Refusal(Status.TOO_LARGE, reason)
        return route

    def answer(self, request: Request, *, parts: bool = False) -> Reply:
        """Answer a request; raise what is wrong."""
        route = self._checked(request)
        if route.takes_message:
            return self.exchanged(request, route, parts=parts)
        if request.form:  # of gRPC
            family, call = self.calls[request.path]
            return Reply(200, {}, [family.call(call, request.body or b"", self.state())])
        return self.about(request, route, self.routes, self.state())

    def exchanged(self, request: Request, route: Route, *, parts: bool = False) -> Reply:
        """Answer a request that has a message; raise what is wrong."""
        raw, target = request.message(self.size)
        if route.action == "predict":
            made, headers = self.exchange.predict(raw, target, route.address, parts=parts)
        else:
            made, headers = self.exchange.feedback(raw, target)
        return Reply(200, headers, made if isinstance(made, list) else [made])

    async def awaited(self, request: Request, *, parts: bool = False) -> Reply:
        """Answer a request, and wait for the model where it is awaited."""
        try:
            route = self._checked(request)
            if route.action != "predict":
                return self.answer(request, parts=parts)
            raw, target = request.message(self.size)
            awaited = self.exchange.awaited(raw, target, route.address, parts=parts)
            made, headers = await awaited
        except Exception as error:  # noqa: BLE001 - each has its reply
            return self.refused(request, error)
        return Reply(200, headers, made if isinstance(made, list) else [made])

    @staticmethod
    def about(
        request: Request,
        route: Route,
        routes: Routes,
        state: ServerState,
        grpc_port: int | None = None,
    ) -> Reply:
        """Answer a request without a message: about health, the model, or what is served."""
        if route.protocol is not None:
            status, answer = route.protocol.family.answer(route.action, route.address, state)
            return Reply(status, JSON, [orjson.dumps(answer)])
        media_type, body = routes.index(request.headers.get("accept", ""), grpc_port)
        return Reply(200, {"Content-Type": media_type}, [body])

    def state(self) -> ServerState:
        """Return the state that the endpoints of health and metadata tell."""
        return ServerState(tw.__version__, True, self.exchange.model.metadata)  # noqa: FBT003

    def refused(self, request: Request, error: Exception) -> Reply:
        """Return the reply that tells what is wrong; what is not the client's fault is logged."""
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise error.__cause__
        log(f"{request.method} {request.path}", error)
        return request.refused(error)


def log(what: str, error: Exception) -> None:
    """Log an error that is no fault of the request."""
    if status_of(error) is Status.INTERNAL:
        _LOG.error("%s", what, exc_info=error)
