"""One call over REST: what it asks, and what it is answered. Nothing here waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

import orjson

import tensorwire as tw
from tensorwire.server import about
from tensorwire.server.inflate import inflate
from tensorwire.server.negotiation import source_of, target_of
from tensorwire.server.raw import RawMessage
from tensorwire.server.refusals import ModelError, Refusal, Status, reason_of, status_of
from tensorwire.server.routes import Route, find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.server.exchange import Exchange

__all__ = ["Call", "Reply", "about_reply", "error_reply", "read_call", "reply"]


@dataclass(slots=True)
class Call:
    """A request.

    Attributes
    ----------
    route
        what its path is for, None where it is for nothing.
    headers
        by their names in lower case.
    body
        None until it is there.
    """

    method: str
    path: str
    route: Route | None
    headers: Mapping[str, str]
    body: bytes | None = None


class Reply(NamedTuple):
    """A reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_call(scope: Mapping[str, Any]) -> Call:
    """Read what ASGI says of a request."""
    root, path = scope.get("root_path", ""), scope["path"]
    if root and path.startswith(root):  # mounted in another application
        path = path[len(root) :]
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return Call(scope["method"], path, find(path), headers)


def checked_route(call: Call) -> Route:
    """Give the route of a call; raise `Refusal` for a wrong path or method."""
    route = call.route
    if route is None:
        raise Refusal(Status.UNKNOWN_ROUTE, f"nothing is at {call.path[:200]!r}")
    if call.method != route.method and (call.method, route.method) != ("HEAD", "GET"):
        reason = f"{call.method} in place of {route.method}"
        raise Refusal(Status.WRONG_METHOD, reason, Allow=route.method)
    return route


def reply(exchange: Exchange, call: Call, route: Route, limit: int) -> Reply:
    """Answer a call that brings a message; no more than `limit` bytes are inflated."""
    body = inflate(call.body or b"", call.headers.get("content-encoding", ""), limit)
    if body.startswith(b"json="):  # the form that Seldon's own client sends
        body = unquote_to_bytes(body[5:].partition(b"&")[0].replace(b"+", b" "))
    source = source_of(route.family, call.headers)
    target = target_of(source, call.headers.get("accept", ""))
    raw = RawMessage(body, source, call.headers)
    if route.action == "predict":
        made, headers = exchange.predict(raw, target, route.address)
    else:
        made, headers = exchange.feedback(raw, target)
    return Reply(200, headers, made)


def about_reply(exchange: Exchange, route: Route, *, ready: bool) -> Reply:
    """Answer a call that asks about the server or the model."""
    action, address, status = route.action, route.address, 200
    if action == "live":
        told = {"live": True}
    elif action == "server":
        told = about.server()
    elif action == "model":
        told = about.model(exchange.model, address["model_name"], address["model_version"])
    elif action == "model_status":
        told = about.model_status(address["version"])
    else:  # ready, or model_ready
        told = {"name": address["model_name"]} if address else {}
        told["ready"], status = ready, 200 if ready else 503
    return Reply(status, {"Content-Type": "application/json"}, orjson.dumps(told))


def error_reply(call: Call, error: BaseException) -> Reply:
    """Tell what was wrong with a call, in the form that its protocol documents."""
    status, text = status_of(error), reason_of(error)
    reason = ModelError(text) if status.http >= 500 else text  # no fault of the client
    family = call.route.family if call.route else "oip"
    try:
        name = source_of(family, call.headers)
    except Refusal:
        name = f"{family}/json"
    body, headers = tw.get_protocol(name).encode_error(reason)
    if not body:  # a protocol that is meant for gRPC
        body, headers = tw.get_protocol(f"{family}/json").encode_error(reason)
    more = error.headers if isinstance(error, Refusal) else {}
    return Reply(status.http, {**headers, **more}, body)
