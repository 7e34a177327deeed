"""The endpoints of a handler as an OpenAPI document.

Source: https://spec.openapis.org/oas/v3.0.3
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tensorwire as tw

if TYPE_CHECKING:
    from tensorwire.serving.handler import Handler
    from tensorwire.serving.routes import Route

__all__ = ["openapi"]

_ABOUT = {
    "predict": "Predict",
    "feedback": "Send feedback",
    "index": "List what is served",
    "live": "Whether the server runs",
    "ready": "Whether the server takes requests",
    "model_ready": "Whether the model takes requests",
    "server": "Metadata of the server",
    "model": "Metadata of the model",
}
_JSON = "application/json"
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_OBJECT = {"schema": {"type": "object"}}


def openapi(handler: Handler, *, prefix: str = "", title: str = "tensorwire") -> dict[str, Any]:
    """Return the OpenAPI document (3.0.3) of what a handler serves.

    Parameters
    ----------
    handler : Handler
        What answers.
    prefix : str, optional
        The path at which it is mounted, as in ``/models``.
    title : str, optional
        The title of the document.

    Returns
    -------
    dict
        The document, for JSON; ``["paths"]`` goes into that of another application.

    Examples
    --------
    >>> from tensorwire.serving import Handler, openapi
    >>> document = openapi(Handler(lambda X: X * 2))
    >>> sorted(document["paths"]["/v2/models/{model_name}/infer"])
    ['post']
    """
    paths: dict[str, Any] = {}
    for path, route in handler.answers.routes.table.items():
        names = re.findall(r"\{(\w+)\}", path)
        parameters = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
        paths[prefix + path] = {
            method.lower(): _operation(f"{method.lower()}{path}", route, method, parameters)
            for method in route.methods
        }
    info = {"title": title, "version": tw.__version__}
    return {"openapi": "3.0.3", "info": info, "paths": paths}


def _operation(
    name: str, route: Route, method: str, parameters: list[dict[str, Any]]
) -> dict[str, Any]:
    family = route.protocol.family if route.protocol else None
    found: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", name).strip("_"),
        "summary": _ABOUT.get(route.action, route.action),
        "tags": [family.name if family else "server"],
        "parameters": parameters,
        "responses": {"200": {"description": "The answer", "content": {_JSON: _OBJECT}}},
    }
    if route.takes_message and route.protocol is not None:
        content = {kind: _content(kind) for kind in route.protocol.media_types}
        replies = {kind: _content(kind) for kind, *_ in route.protocol.family.media_types.values()}
        found["responses"]["200"]["content"] = replies
        found["responses"]["default"] = {"description": "What is wrong, in the protocol's form"}
        if method == "POST":
            found["requestBody"] = {"required": True, "content": content}
        else:
            query = {"name": "json", "in": "query", "required": True, "schema": {"type": "string"}}
            found["parameters"] = [*parameters, query]
    return found


def _content(media_type: str) -> dict[str, Any]:
    return _OBJECT if media_type == _JSON else _BINARY
