"""The paths of REST, as each protocol documents them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Route", "find"]


class Route(NamedTuple):
    """What a path is for.

    Attributes
    ----------
    action
        what is done: ``predict``, ``feedback``, ``live`` ...
    family
        whose messages and error replies.
    label
        the path without names, for metrics.
    address
        what the path says of the model, by the names of a request's attributes.
    """

    action: str
    family: str
    label: str
    address: Mapping[str, Any] = {}

    @property
    def method(self) -> str:
        """The method that it takes."""
        return "POST" if self.action in ("predict", "feedback") else "GET"


_FIXED = {
    "/api/v1.0/predictions": ("predict", "seldon"),
    "/api/v0.1/predictions": ("predict", "seldon"),
    "/predict": ("predict", "seldon"),
    "/api/v1.0/feedback": ("feedback", "seldon"),
    "/api/v0.1/feedback": ("feedback", "seldon"),
    "/send-feedback": ("feedback", "seldon"),
    "/health/ping": ("live", "seldon"),
    "/health/status": ("ready", "seldon"),
    "/live": ("live", "seldon"),
    "/ready": ("ready", "seldon"),
    "/v2": ("server", "oip"),
    "/v2/health/live": ("live", "oip"),
    "/v2/health/ready": ("ready", "oip"),
    "/metrics": ("metrics", "oip"),
}
_ROUTES = {path: Route(*what, path) for path, what in _FIXED.items()}
_OIP = re.compile(r"/v2/models/([^/]+)(?:/versions/([^/]+))?(/infer|/ready|)")
_OIP_ACTIONS = {"/infer": "predict", "/ready": "model_ready", "": "model"}
_SERVING = re.compile(
    r"/v1/models/([^/:]+)(?:/versions/([0-9]{1,18})|/labels/([^/:]+))?(:predict|)", re.ASCII
)
_SERVING_ACTIONS = {":predict": "predict", "": "model_status"}


def find(path: str) -> Route | None:
    """Tell what a path, its escapes undone, is for; None where there is nothing."""
    if len(path) > 1:
        path = path.removesuffix("/")
    route = _ROUTES.get(path)
    if route is not None:
        return route
    match = _OIP.fullmatch(path)
    if match:
        name, version, tail = match.groups()
        address = {"model_name": name, "model_version": version or ""}
        return Route(_OIP_ACTIONS[tail], "oip", "/v2/models/NAME" + tail, address)
    match = _SERVING.fullmatch(path)
    if match:
        name, version, label, tail = match.groups()
        number = None if version is None else int(version)
        address = {"model_name": name, "version": number, "version_label": label or ""}
        return Route(_SERVING_ACTIONS[tail], "tfserving", "/v1/models/NAME" + tail, address)
    return None
