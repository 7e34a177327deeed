"""Ray Serve: a deployment with `predict` answers every protocol, over HTTP and gRPC.

The proxy passes the bytes of a request on to the replica, which decodes them, and passes the bytes
of the reply back: no message is parsed, pickled or written twice.
"""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tensorwire.extras import Needed
from tensorwire.serving import Handler

with Needed("tensorwire.integrations.ray_serve", "ray"):
    import grpc
    from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from tensorwire.serving import Reply

__all__ = ["Endpoint", "add_to_server"]


class Asked(NamedTuple):
    """A request, as `Handler.call` takes it: it pickles, and arrives in batches as a tuple."""

    body: bytes
    headers: Mapping[str, str]
    path: str


class _Message(NamedTuple):
    """The bytes of a reply, of which Ray asks what it asks of a message."""

    body: bytes

    def SerializeToString(self) -> bytes:  # noqa: N802 - protobuf's name
        return self.body


class Endpoint:
    """The base of a deployment: `predict` of a subclass answers, and may be a coroutine function.

    Attributes
    ----------
    handler : Handler
        What decodes and encodes; set it in ``__init__`` for other limits, or another model.

    Examples
    --------
    >>> from ray import serve  # doctest: +SKIP
    >>> @serve.deployment  # doctest: +SKIP
    ... class Doubler(Endpoint):
    ...     def predict(self, X):
    ...         return X * 2
    >>> serve.run(Doubler.bind())  # doctest: +SKIP
    """

    @cached_property
    def handler(self) -> Handler:
        """The handler of this deployment."""
        return Handler(self)

    async def answer(self, asked: Asked) -> Reply:
        """Answer a prediction; ``@serve.batch`` of `Handler.batch` in a subclass gathers them.

        Parameters
        ----------
        asked : Asked
            The body, the headers, and the path or the method of gRPC.

        Returns
        -------
        Reply
            The answer, or what is wrong.
        """
        return await self.handler.call(*asked)

    async def __call__(self, request: Request) -> Response:
        """Answer a request of HTTP."""
        scope, body = request.scope, await request.body()
        asked = Asked(body, request.headers, scope["path"].removeprefix(scope["root_path"]))
        if scope["method"] == "POST" and not scope["query_string"]:
            reply = await self.answer(asked)
        else:
            more = {"method": scope["method"], "query": scope["query_string"]}
            reply = await self.handler.call(*asked, **more)
        return Response(reply.body, reply.status, reply.headers)

    async def _grpc(self, request: Asked, grpc_context: Any) -> _Message:
        reply = await self.answer(request)
        if reply.grpc != "OK":
            grpc_context.set_code(grpc.StatusCode[reply.grpc])
            grpc_context.set_details(reply.reason)
        return _Message(reply.body)

    # Ray calls a method by the last part of its name.
    Predict = SendFeedback = _grpc
    ModelInfer = ModelReady = ModelMetadata = ServerLive = ServerReady = ServerMetadata = _grpc


def add_to_server(servicer: Any, server: Any) -> None:
    """Add the methods of gRPC of every protocol to Ray's proxy.

    Ray calls it by its name, which is to be in the ``grpc_servicer_functions`` of `gRPCOptions`:
    ``"tensorwire.integrations.ray_serve.add_to_server"``.

    Parameters
    ----------
    servicer : object
        What Ray passes, and does not use.
    server : grpc.aio.Server
        The server of the proxy.
    """
    services: dict[str, dict[str, Any]] = {}
    for path, (_, call) in Handler().answers.calls.items():
        method: Any = grpc.unary_unary_rpc_method_handler(
            getattr(servicer, call.name), request_deserializer=partial(_asked, path)
        )
        services.setdefault(call.service, {})[call.name] = method
    for service, methods in services.items():  # Ray looks at the first handler of a call alone
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, methods),))


def _asked(path: str, body: bytes) -> Asked:
    return Asked(body, {}, path)
