"""A request of HTTP before it is decoded: its route, its message, and the reply that refuses it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

import orjson

from tensorwire.serving.encodings import in_utf8, inflate
from tensorwire.serving.model import RawMessage
from tensorwire.serving.refusals import Refusal, Status, reason_of, status_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensorwire.serving.routes import Route, Routes

__all__ = ["JSON", "Reply", "Request"]

# The first bytes of byte order marks, with which no JSON begins.
_MARKED = (b"\xef", b"\xff", b"\xfe", b"\0")
JSON = {"Content-Type": "application/json"}


class Reply(NamedTuple):
    """The reply to a request, for an engine to send.

    Parameters
    ----------
    status : int
        The status of HTTP.
    headers : mapping of str to str
        The headers, without Content-Length.
    parts : sequence of bytes or memoryview
        The body: one part, or several where they were asked for.
    grpc : str
        The name of the status of gRPC.
    reason : str
        What was wrong; empty in a reply that answers.

    Examples
    --------
    >>> from tensorwire.serving import Reply
    >>> Reply(200, {}, [b"a", b"b"]).body
    b'ab'
    """

    status: int
    headers: Mapping[str, str]
    parts: Sequence[bytes | memoryview]
    grpc: str = "OK"
    reason: str = ""

    @property
    def body(self) -> bytes:
        """The body in one piece."""
        if len(self.parts) == 1 and isinstance(self.parts[0], bytes):
            return self.parts[0]
        return b"".join(self.parts)


@dataclass(slots=True)
class Request:
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
    form
        the form of its message where the engine knows it; empty where the headers tell.
    """

    method: str
    path: str
    route: Route | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: bytes = b""
    body: bytes | None = None
    form: str = ""

    @classmethod
    def of_scope(cls, scope: Mapping[str, Any], routes: Routes) -> Request:
        """Read the ASGI scope of a request."""
        root, path = scope.get("root_path", ""), scope["path"]
        raw = (scope.get("raw_path") or b"").decode("latin-1")
        if root and path.startswith(root):  # mounted in another application
            path, raw = path[len(root) :], raw.removeprefix(quote(root))
        if path[:1] != "/":  # as Litestar has it
            path = "/" + path
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
        protocol, body = route.protocol, self.body or b""
        if "content-encoding" in headers:
            body = inflate(body, headers["content-encoding"], limit)
        source = self.form or protocol.source(headers)
        said = headers.get("content-type", "")
        if not self.form and (self.query or said != "application/json" or body[:1] in _MARKED):
            unwrapped = protocol.family.unwrap(body, self.query, said, route.action)
            if unwrapped is not None:
                body, source = unwrapped, f"{protocol.family.name}/json"
            elif protocol.is_json(source):
                body = in_utf8(body, said)
        return RawMessage(body, source, headers), protocol.target(source, headers.get("accept", ""))

    def refused(self, error: BaseException) -> Reply:
        """Return the error reply, in the form that the protocol of the call documents."""
        protocol, status, reason = self.route and self.route.protocol, status_of(error), ""
        if protocol:
            body, headers = protocol.error(error, self.headers, self.form)
            reason = reason_of(error)
        else:
            reason = reason_of(error)
            body, headers = orjson.dumps({"error": reason}), JSON
        more = error.headers if isinstance(error, Refusal) else {}
        return Reply(status.http, {**headers, **more}, [body], status.grpc, reason)
