"""A handler as an application of ASGI or WSGI, and as the methods of a gRPC server."""

from __future__ import annotations

import sys
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tensorwire.serving.refusals import Refusal, Status
from tensorwire.serving.request import Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
    from typing import TypeAlias

    from tensorwire.serving.handler import Handler

    Scope: TypeAlias = MutableMapping[str, Any]
    Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]

__all__ = ["add_to_server", "asgi", "wsgi"]


def asgi(handler: Handler) -> Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]:
    """Return an ASGI application, to mount in Starlette, FastAPI, Litestar, BentoML, Ray Serve.

    It has every path of every protocol, health and metadata too. The model runs where the
    application does, and is awaited where it is a coroutine function;
    `tensorwire.server.RestApp` is an application that calls it in threads, within limits of time.

    Parameters
    ----------
    handler : Handler
        What answers.

    Returns
    -------
    callable
        The application; it pickles where the model does.

    Examples
    --------
    >>> import asyncio
    >>> from tensorwire.serving import Handler, asgi
    >>> app = asgi(Handler(lambda X: X * 2))
    >>> scope = {"type": "http", "method": "POST", "path": "/v1/models/m:predict", "headers": []}
    >>> async def receive():
    ...     return {"type": "http.request", "body": b'{"instances":[1.5]}'}
    >>> async def send(event):
    ...     print(event.get("status", event.get("body")))
    >>> asyncio.run(app(scope, receive, send))
    200
    b'{"predictions":[3.0]}'
    """
    return _Asgi(handler)


class _Asgi:
    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            for event in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{event}.complete"})
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        answers = self._handler.answers
        request = Request.of_scope(scope, answers.routes)
        parts: list[bytes] = []
        size, more = 0, True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            part, more = event.get("body", b""), event.get("more_body", False)
            size += len(part)
            if size <= answers.size:
                parts.append(part)
        request.body = parts[0] if len(parts) == 1 else b"".join(parts)
        if size > answers.size:
            reply = answers.refused(request, _too_large(answers.size))
        else:
            reply = await answers.awaited(request)
        headers = [(name.lower().encode(), text.encode()) for name, text in reply.headers.items()]
        headers.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body})


def wsgi(handler: Handler) -> Callable[[dict[str, Any], Callable[..., Any]], list[bytes]]:
    """Return a WSGI application, to mount in Flask or Django, or to run under gunicorn.

    Parameters
    ----------
    handler : Handler
        What answers.

    Returns
    -------
    callable
        The application; it pickles where the model does.

    Examples
    --------
    >>> from io import BytesIO
    >>> from tensorwire.serving import Handler, wsgi
    >>> body = b'{"instances":[1.5]}'
    >>> environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/v1/models/m:predict"}
    >>> environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    >>> wsgi(Handler(lambda X: X * 2))(environ, lambda status, headers: print(status))
    200 OK
    [b'{"predictions":[3.0]}']
    """
    return partial(_wsgi, handler)


def _wsgi(
    handler: Handler, environ: dict[str, Any], start_response: Callable[..., Any]
) -> list[bytes]:
    answers = handler.answers
    headers = {
        name[5:].replace("_", "-").lower(): text
        for name, text in environ.items()
        if name.startswith("HTTP_")
    }
    headers["content-type"] = environ.get("CONTENT_TYPE") or ""
    # As bytes that were read as Latin-1 (PEP 3333).
    path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
    query = environ.get("QUERY_STRING", "").encode("latin-1")
    size = environ.get("CONTENT_LENGTH") or ""
    if size.isdecimal() and int(size) > answers.size:
        request = answers.prepared(Request(environ["REQUEST_METHOD"], path), headers, "")
        reply = answers.refused(request, _too_large(answers.size))
    else:
        stream = environ["wsgi.input"]
        if size.isdecimal():
            body = stream.read(int(size))
        else:  # of chunks, whose end the server knows
            body = stream.read(answers.size + 1) if environ.get("wsgi.input_terminated") else b""
        reply = handler(body, headers, path, method=environ["REQUEST_METHOD"], query=query)
    sent = [*reply.headers.items(), ("Content-Length", str(len(reply.body)))]
    start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", sent)
    return [reply.body]


def _too_large(size: int) -> Refusal:
    return Refusal(Status.TOO_LARGE, f"expected a body of at most {size} bytes, got more")


def add_to_server(handler: Handler, server: Any) -> None:
    """Add the methods of every protocol to a server of grpcio, synchronous or of `grpc.aio`.

    Its limits of size are the server's own: its options ``grpc.max_receive_message_length`` and
    ``grpc.max_send_message_length``.

    Parameters
    ----------
    handler : Handler
        What answers.
    server : grpc.Server or grpc.aio.Server
        A server that has not started yet.

    Examples
    --------
    >>> from concurrent.futures import ThreadPoolExecutor
    >>> import grpc
    >>> from tensorwire.serving import Handler, add_to_server
    >>> server = grpc.server(ThreadPoolExecutor(2))
    >>> add_to_server(Handler(lambda X: X * 2), server)
    """
    grpc = sys.modules["grpc"]  # which the caller has imported: it made the server
    is_async = isinstance(server, grpc.aio.Server)
    services: dict[str, dict[str, Any]] = {}
    for path, (_, call) in handler.answers.calls.items():
        answer: Callable[..., Any] = _await_call if is_async else _answer_call
        method = grpc.unary_unary_rpc_method_handler(
            partial(answer, handler, path, grpc.StatusCode)
        )
        services.setdefault(call.service, {})[call.name] = method
    handlers = (
        grpc.method_handlers_generic_handler(service, methods)
        for service, methods in services.items()
    )
    server.add_generic_rpc_handlers(tuple(handlers))


def _answer_call(handler: Handler, path: str, codes: Any, body: bytes, context: Any) -> bytes:
    reply = handler(body, None, path)
    if reply.grpc != "OK":
        context.abort(codes[reply.grpc], reply.reason)
    return reply.body


async def _await_call(handler: Handler, path: str, codes: Any, body: bytes, context: Any) -> bytes:
    reply = await handler.call(body, None, path)
    if reply.grpc != "OK":
        await context.abort(codes[reply.grpc], reply.reason)
    return reply.body
