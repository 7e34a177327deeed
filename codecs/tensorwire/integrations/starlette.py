"""FastAPI and Starlette: routes that answer in every protocol, in FastAPI's OpenAPI page too.

A route leads to `tensorwire.serving.asgi`, which can also be mounted as it is: then the paths are
not in the OpenAPI page, and dependencies of FastAPI do not guard them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tensorwire.extras import Needed
from tensorwire.serving import Handler, asgi, openapi

with Needed("tensorwire.integrations.starlette", "fastapi"):
    from starlette.requests import Request  # noqa: TC002 - FastAPI evaluates the annotation
    from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from fastapi import APIRouter
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["endpoint", "router"]


class _Answer(Response):
    """What the application answers to the request whose path is replaced."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        super().__init__()
        self._app, self._path = app, path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; bodies above the limit of the handler are never in memory."""
        own = {"path": self._path, "raw_path": b"", "root_path": ""}
        await self._app({**scope, **own}, receive, send)


def endpoint(handler: Handler, path: str) -> Callable[[Request], Awaitable[Response]]:
    """Return the function of one route, for `starlette.routing.Route` or FastAPI's decorators.

    Parameters
    ----------
    handler : Handler
        What answers. Its model is called in the event loop, and awaited where it is asynchronous.
    path : str
        The path of the protocol that the route stands for, whatever its own is: ``/predict``,
        ``/v2/models/m/infer``, ``/v1/models/m:predict``. Names in braces are parameters of the
        route's path.

    Returns
    -------
    callable
        The endpoint.

    Examples
    --------
    >>> from starlette.applications import Starlette
    >>> from starlette.routing import Route
    >>> from tensorwire.integrations.starlette import endpoint
    >>> from tensorwire.serving import Handler
    >>> score = endpoint(Handler(lambda X: X * 2), "/v2/models/double/infer")
    >>> app = Starlette(routes=[Route("/score", score, methods=["POST"])])
    """
    app = asgi(handler)

    async def answer(request: Request) -> Response:
        return _Answer(app, path.format_map(request.path_params))

    return answer


def router(handler: Handler) -> APIRouter:
    """Return the paths of every protocol, health and metadata too, for ``FastAPI.include_router``.

    Parameters
    ----------
    handler : Handler
        What answers. Its model is called in the event loop, and awaited where it is asynchronous.

    Returns
    -------
    fastapi.APIRouter
        Routes that FastAPI describes in its OpenAPI page, and that take its dependencies.

    Examples
    --------
    >>> from fastapi import FastAPI
    >>> from tensorwire.integrations.starlette import router
    >>> from tensorwire.serving import Handler
    >>> app = FastAPI()
    >>> app.include_router(router(Handler(lambda X: X * 2)), prefix="/models")
    """
    with Needed("tensorwire.integrations.starlette.router", "fastapi"):
        from fastapi import APIRouter

    made = APIRouter()
    for path, methods in openapi(handler)["paths"].items():
        for method, described in methods.items():
            answer, name = endpoint(handler, path), described["operationId"]
            made.add_api_route(
                path, answer, methods=[method.upper()], name=name, openapi_extra=described
            )
    return made
