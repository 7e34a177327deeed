"""The paths of REST, as each protocol documents them: the one table of what is served."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["ROUTES", "Route", "find"]

_LONGEST = 200  # characters of a path that is worth remembering
_POST, _GET, _EITHER = ("POST",), ("GET",), ("POST", "GET")


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
    methods
        those that it takes, the usual one first.
    address
        what the path says of the model, by the names of a request's attributes.
    """

    action: str
    family: str
    label: str
    methods: tuple[str, ...]
    address: Mapping[str, Any] = {}

    @property
    def method(self) -> str:
        """The method that it usually takes."""
        return self.methods[0]


# What stands for a name in a path, and which text it may be.
_NAMES = {
    "{model_name}": "([^/]+)",
    "{model_version}": "([^/]+)",
    "{name}": "([^/:]+)",
    "{version}": "([0-9]{1,18})",
    "{label}": "([^/:]+)",
}
_OIP, _SERVING = "/v2/models/{model_name}", "/v1/models/{name}"
_OF_VERSION = {_OIP: "/versions/{model_version}", _SERVING: "/versions/{version}"}


def _table() -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """List paths with their action, family and methods."""
    yield "/", "index", "oip", _GET
    yield "/api/v1.0/predictions", "predict", "seldon", _POST
    yield "/api/v0.1/predictions", "predict", "seldon", _POST
    yield "/predict", "predict", "seldon", _EITHER
    yield "/api/v1.0/feedback", "feedback", "seldon", _POST
    yield "/api/v0.1/feedback", "feedback", "seldon", _POST
    yield "/send-feedback", "feedback", "seldon", _EITHER
    yield "/health/ping", "live", "seldon", _GET
    yield "/health/status", "ready", "seldon", _GET
    yield "/live", "live", "seldon", _GET
    yield "/ready", "ready", "seldon", _GET
    yield "/v2", "server", "oip", _GET
    yield "/v2/health/live", "live", "oip", _GET
    yield "/v2/health/ready", "ready", "oip", _GET
    for model in (_OIP, _OIP + "/versions/{model_version}"):
        yield model + "/infer", "predict", "oip", _POST
        yield model + "/ready", "model_ready", "oip", _GET
        yield model, "model", "oip", _GET
    for model in (_SERVING, _SERVING + "/versions/{version}", _SERVING + "/labels/{label}"):
        yield model + ":predict", "predict", "tfserving", _POST
        yield model, "model_status", "tfserving", _GET
    yield "/metrics", "metrics", "oip", _GET


def _label(path: str) -> str:
    """Return a path with NAME for the model's name, whatever its version."""
    return re.sub(r"\{\w+\}", "NAME", re.sub(r"/(versions|labels)/\{\w+\}", "", path))


ROUTES: Mapping[str, Route] = {
    path: Route(action, family, _label(path), methods) for path, action, family, methods in _table()
}
_FIXED = {path: route for path, route in ROUTES.items() if "{" not in path}
_NAMED = [(path, route) for path, route in ROUTES.items() if "{" in path]


def _pattern(path: str) -> str:
    for name, text in _NAMES.items():
        path = path.replace(name, text)
    return path


# One group for each path, and in it one for each name.
_ANY = re.compile("|".join(f"({_pattern(path)})" for path, _ in _NAMED), re.ASCII)
_BY_GROUP: dict[int, tuple[Route, list[str]]] = {}
for _path, _route in _NAMED:
    _before = sum(1 + len(names) for _, names in _BY_GROUP.values())
    _BY_GROUP[_before + 1] = _route, re.findall(r"\{(\w+)\}", _path)


def find(path: str, *, escaped: bool = False) -> Route | None:
    """Tell what a path is for; None where there is nothing.

    Its escapes are undone, unless it is `escaped`: then those of the names in it are.
    """
    if len(path) > 1:
        path = path.removesuffix("/")
    route = _FIXED.get(path or "/")
    if route is not None:
        return route
    look = _remembered if len(path) <= _LONGEST else _named
    return look(path, escaped)


def _named(path: str, escaped: bool) -> Route | None:  # noqa: FBT001 - for the cache
    """Find a path that names a model."""
    match = _ANY.fullmatch(path)
    if match is None:
        return None
    first = match.lastindex or 0  # of the group that was closed last, which is around the others
    route, names = _BY_GROUP[first]
    texts = match.groups()[first:]
    found = dict(zip(names, map(unquote, texts[: len(names)]) if escaped else texts, strict=False))
    return route._replace(address=_address(route.family, found))


_remembered = lru_cache(256)(_named)  # the models of a server are few


def _address(family: str, found: Mapping[str, str]) -> dict[str, Any]:
    """Name what a path says of a model as the requests of a family do."""
    if family == "oip":
        return {"model_name": found["model_name"], "model_version": found.get("model_version", "")}
    version = found.get("version")
    return {
        "model_name": found["name"],
        "version": None if version is None else int(version),
        "version_label": found.get("label", ""),
    }
