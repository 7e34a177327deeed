"""One call over REST: what it asks, and what it is answered. Nothing here waits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import orjson

import tensorwire as tw
from tensorwire.protocols.seldon import forms
from tensorwire.server import about
from tensorwire.server.inflate import inflate
from tensorwire.server.http import in_utf8, media_type_of, source_of, target_of
from tensorwire.server.raw import RawMessage
from tensorwire.server.refusals import ModelError, Refusal, Status, reason_of, status_of
from tensorwire.server.routes import Route, find

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.server.exchange import Exchange

__all__ = ["Call", "Reply", "about_reply", "error_reply", "read_call", "reply"]

_MARKED = (b"\xef", b"\xff", b"\xfe", b"\0")  # how a byte order mark begins, and no JSON
_JSON = re.compile(rb"\s*[{\[]")  # how a message in JSON begins, and no form does


@dataclass(slots=True)
class Call:
    """A request.

    Attributes
    ----------
    route
        what its path is for, None where it is for nothing.
    headers
        by their names in lower case.
    query
        of the URL, escaped.
    body
        None until it is there.
    """

    method: str
    path: str
    route: Route | None
    headers: Mapping[str, str]
    query: bytes = b""
    body: bytes | None = None


class Reply(NamedTuple):
    """A reply."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def read_call(scope: Mapping[str, Any]) -> Call:
    """Read what ASGI says of a request."""
    root, path = scope.get("root_path", ""), scope["path"]
    raw = (scope.get("raw_path") or b"").decode("latin-1")
    if root and path.startswith(root):  # mounted in another application
        path, raw = path[len(root) :], raw.removeprefix(quote(root))
    route = find(raw, escaped=True) if "%" in raw else None  # a name may have an escaped slash
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    query = scope.get("query_string", b"")
    return Call(scope["method"], path, route or find(path), headers, query)


def checked_route(call: Call) -> Route:
    """Return the route of a call; raise `Refusal` for a wrong path or method."""
    route = call.route
    if route is None:
        raise Refusal(
            Status.UNKNOWN_ROUTE, f"nothing is at {call.path[:200]!r}; GET / lists what is"
        )
    if call.method not in route.methods and (call.method, route.method) != ("HEAD", "GET"):
        reason = f"expected {' or '.join(route.methods)}, got {call.method}"
        raise Refusal(Status.WRONG_METHOD, reason, Allow=", ".join(route.methods))
    if call.method != route.method == "POST" and not (call.query or call.body):
        reason = f"expected a message in a {route.method} or in the query, as json=MESSAGE"
        raise Refusal(Status.WRONG_METHOD, reason, Allow=", ".join(route.methods))
    return route


def reply(exchange: Exchange, call: Call, route: Route, limit: int) -> Reply:
    """Answer a call that brings a message; no more than `limit` bytes are inflated."""
    headers = call.headers
    body = inflate(call.body or b"", headers.get("content-encoding", ""), limit)
    source = source_of(route.family, headers)
    if call.query or headers.get("content-type") != "application/json" or body[:1] in _MARKED:
        body, source = _json_of(call, route, body, source)
    target = target_of(source, headers.get("accept", ""))
    raw = RawMessage(body, source, headers)
    if route.action == "predict":
        made, headers = exchange.predict(raw, target, route.address)
    else:
        made, headers = exchange.feedback(raw, target)
    return Reply(200, headers, made)


def _json_of(call: Call, route: Route, body: bytes, source: str) -> tuple[bytes, str]:
    """Return the body and the protocol of a message, once no form and no query is around it.

    Seldon's wrapper takes ``json=`` from a form, else from the query, and the body itself where
    it is in neither.
    """
    content_type = call.headers.get("content-type", "")
    if route.family == "seldon":
        media_type = media_type_of(call.headers)
        if media_type == forms.MULTIPART:
            return forms.message_in_parts(body, content_type, route.action), source
        is_form = body.startswith(b"json=") and not media_type  # as Seldon's own client sends it
        if media_type == forms.URLENCODED:  # which curl -d says of JSON too
            is_form = b"=" in body and not _JSON.match(body)
        in_query = forms.json_field(call.query) if call.query else b""
        found = forms.json_field(body, needed=not in_query) if is_form else b""
        if found or in_query:
            return found or in_query, "seldon/json"
    return in_utf8(body, content_type) if source.endswith("/json") else body, source


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
