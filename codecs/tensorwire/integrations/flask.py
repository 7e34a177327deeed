"""Flask: a blueprint with the paths of every protocol, and the view of one path.

`tensorwire.serving.wsgi` is the application behind them, to mount without Flask's routes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tensorwire.extras import Needed
from tensorwire.serving import Handler, openapi, wsgi

with Needed("tensorwire.integrations.flask", "flask"):
    from flask import Blueprint, Response, request

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["blueprint", "view"]


def view(handler: Handler, path: str) -> Callable[..., Any]:
    """Return the function of one route, for ``Flask.add_url_rule``.

    Parameters
    ----------
    handler : Handler
        What answers. Its model is called in the thread of the request.
    path : str
        The path of the protocol that the route stands for, whatever its own is: ``/predict``,
        ``/v2/models/m/infer``, ``/v1/models/m:predict``. Names in braces are parameters of the
        route's path.

    Returns
    -------
    callable
        The view.

    Examples
    --------
    >>> from flask import Flask
    >>> from tensorwire.integrations.flask import view
    >>> from tensorwire.serving import Handler
    >>> score = view(Handler(lambda X: X * 2), "/v2/models/double/infer")
    >>> app = Flask("scores")
    >>> app.add_url_rule("/score", view_func=score, methods=["POST"])
    """
    app = wsgi(handler)

    def tensorwire(**names: str) -> Any:
        # WSGI has the bytes of a path as Latin-1 (PEP 3333).
        asked = path.format_map(names).encode().decode("latin-1")
        return Response.from_app(app, {**request.environ, "PATH_INFO": asked})

    return tensorwire


def blueprint(handler: Handler, name: str = "tensorwire") -> Any:
    """Return the paths of every protocol, health and metadata too.

    Parameters
    ----------
    handler : Handler
        What answers. Its model is called in the thread of the request.
    name : str, default "tensorwire"
        The name of the blueprint.

    Returns
    -------
    flask.Blueprint
        For ``Flask.register_blueprint``, with a `url_prefix` or without one.

    Examples
    --------
    >>> from flask import Flask
    >>> from tensorwire.integrations.flask import blueprint
    >>> from tensorwire.serving import Handler
    >>> app = Flask("models")
    >>> app.register_blueprint(blueprint(Handler(lambda X: X * 2)), url_prefix="/models")
    """
    made = Blueprint(name, __name__)
    for path, methods in openapi(handler)["paths"].items():
        rule, names = re.sub(r"\{(\w+)\}", r"<\1>", path), [method.upper() for method in methods]
        made.add_url_rule(rule, path.replace(".", "_"), view(handler, path), methods=names)
    return made
