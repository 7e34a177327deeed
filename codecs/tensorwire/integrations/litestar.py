"""Litestar: every path of every protocol in one mount, and routes of one path each.

A mount is absent from Litestar's OpenAPI page; a route is in it, with the media types it takes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tensorwire.errors import UnknownCodecError
from tensorwire.extras import Needed
from tensorwire.serving import Handler, asgi

with Needed("tensorwire.integrations.litestar", "litestar"):
    import litestar
    from litestar.handlers import HTTPRouteHandler
    from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody
    from litestar.types import ASGIApp  # noqa: TC002 - Litestar evaluates the annotation

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["mount", "route"]


def mount(handler: Handler, path: str) -> Any:
    """Return the paths of every protocol, health and metadata too.

    Parameters
    ----------
    handler : Handler
        What answers. Its model is called in the event loop, and awaited where it is asynchronous.
    path : str
        Where they begin. At ``/`` it takes every path, those of other routes too.

    Returns
    -------
    litestar.handlers.ASGIRouteHandler
        For ``Litestar(route_handlers=[...])``.

    Examples
    --------
    >>> from litestar import Litestar
    >>> from tensorwire.integrations.litestar import mount
    >>> from tensorwire.serving import Handler
    >>> app = Litestar([mount(Handler(lambda X: X * 2), "/models")])
    """
    return litestar.asgi(path, is_mount=True, copy_scope=True)(asgi(handler))


def route(handler: Handler, path: str, stands_for: str) -> Any:
    """Return a route that stands for the path of a protocol, whatever its own is.

    Parameters
    ----------
    handler : Handler
        What answers. Its model is called in the event loop, and awaited where it is asynchronous.
    path : str
        The path of the route, as Litestar has them: ``/score``, ``/of/{model_name:str}``.
    stands_for : str
        The path of the protocol: ``/predict``, ``/v2/models/m/infer``, ``/v1/models/m:predict``.
        Names in braces are parameters of `path`.

    Returns
    -------
    litestar.handlers.HTTPRouteHandler
        For ``Litestar(route_handlers=[...])``, controllers and routers.

    Raises
    ------
    UnknownCodecError
        No protocol has that path for its messages.

    Examples
    --------
    >>> from litestar import Litestar
    >>> from tensorwire.integrations.litestar import route
    >>> from tensorwire.serving import Handler
    >>> app = Litestar([route(Handler(lambda X: X * 2), "/score", "/v2/models/double/infer")])
    """
    app, found = asgi(handler), handler.answers.routes.find(stands_for)
    if found is None or found.protocol is None or not found.takes_message:
        raise UnknownCodecError(f"expected the path of a protocol's messages, got {stands_for!r}")
    media_types = found.protocol.media_types

    @dataclass
    class Described(Operation):
        def __post_init__(self) -> None:
            content = {media_type: OpenAPIMediaType() for media_type in media_types}
            self.request_body = RequestBody(content, required=True)

    async def tensorwire(request: litestar.Request) -> ASGIApp:
        own = {"path": stands_for.format_map(request.path_params), "raw_path": b"", "root_path": ""}

        async def answer(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
            await app({**scope, **own}, receive, send)

        return answer

    made = HTTPRouteHandler(path, http_method=["POST"], status_code=200, operation_class=Described)
    return made(tensorwire)
