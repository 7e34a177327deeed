"""What is served: the paths of every protocol, and ``GET /``, which lists them."""

from __future__ import annotations

import re
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

import orjson

import tensorwire as tw
from tensorwire.serving.negotiation import preferred

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tensorwire.protocols.family import Call, Family
    from tensorwire.serving.negotiation import Negotiator

__all__ = ["Route", "Routes", "calls_of"]

_LONGEST = 200  # characters of a path that is cached
_NAME = re.compile(r"\{(\w+)\}")  # in the path of an endpoint
_JSON, _HTML, _TEXT = "application/json", "text/html", "text/plain"
_ACTIONS = ("predict", "feedback")  # that take a message
_OWN = {"index": [_JSON, _HTML, _TEXT], "metrics": ["text/plain; version=0.0.4; charset=utf-8"]}


class Route(NamedTuple):
    """What the server does for a path.

    Attributes
    ----------
    action
        what is done: ``predict``, ``feedback``, ``live`` ...
    protocol
        whose messages and error replies; None for what is the server's own.
    label
        the path without names, for metrics.
    methods
        those that it takes, the usual one first.
    address
        the model in the path, by the names of a request's attributes.
    """

    action: str
    protocol: Negotiator | None
    label: str
    methods: tuple[str, ...]
    address: Mapping[str, Any] = {}

    @property
    def method(self) -> str:
        """The method that it usually takes."""
        return self.methods[0]

    @property
    def takes_message(self) -> bool:
        """Whether it is for messages of its protocol."""
        return self.action in _ACTIONS


class Routes:
    """The paths of REST, as protocols document them; the first that declares a path keeps it.

    With `metrics`, those of the server are a path too.
    """

    def __init__(self, protocols: Iterable[Negotiator], *, metrics: bool = False) -> None:
        self._protocols = tuple(protocols)
        table: dict[str, Route] = {"/": Route("index", None, "/", ("GET",))}
        for protocol in self._protocols:
            for path, action, methods in protocol.family.endpoints:
                table.setdefault(path, Route(action, protocol, _label(path), methods))
        if metrics:
            table["/metrics"] = Route("metrics", None, "/metrics", ("GET",))
        self.table: Mapping[str, Route] = table
        # One group for each path that names a model, and in it one for each name.
        self._by_group: dict[int, tuple[Route, list[str]]] = {}
        patterns, groups = [], 1
        for path, route in table.items():
            if "{" not in path or route.protocol is None:
                continue
            segments, names = route.protocol.family.segments, _NAME.findall(path)
            pattern = "".join(
                f"({segments.get(part, '[^/]+')})" if at % 2 else re.escape(part)
                for at, part in enumerate(_NAME.split(path))  # text and names in turn
            )
            patterns.append(f"({pattern})")
            self._by_group[groups] = route, names
            groups += 1 + len(names)
        self._any = re.compile("|".join(patterns), re.ASCII)
        self._cached = lru_cache(256)(self._named)  # the models of a server are few

    def find(self, path: str, *, escaped: bool = False) -> Route | None:
        """Return the route of a path; None for an unknown path.

        An `escaped` path still has its escapes, which are undone in the names alone.
        """
        if len(path) > 1:
            path = path.removesuffix("/")
        route = self.table.get(path or "/") if "{" not in path else None
        if route is not None:
            return route
        look = self._cached if len(path) <= _LONGEST else self._named
        return look(path, escaped)

    def _named(self, path: str, escaped: bool) -> Route | None:  # noqa: FBT001 - for the cache
        """Find a path that names a model."""
        match = self._any.fullmatch(path)
        if match is None:
            return None
        first = match.lastindex or 0  # of the group that was closed last, around the others
        route, names = self._by_group[first]
        texts = match.groups()[first : first + len(names)]
        found = dict(zip(names, map(unquote, texts) if escaped else texts, strict=True))
        assert route.protocol is not None  # noqa: S101 - no path of the server's own has names
        return route._replace(address=route.protocol.family.address(found))

    def index(self, accept: str, grpc_port: int | None) -> tuple[str, bytes]:
        """Return media type and body of the list: JSON, or a page or text where preferred."""
        listing = self._listing(grpc_port)
        kind = preferred((_JSON, _HTML, _TEXT), accept)
        if kind == _JSON:
            return _JSON, orjson.dumps(listing)
        lines = list(_lines(listing))
        if kind == _HTML:
            cells = ("".join(f"<td>{escape(cell)}" for cell in line) for line in lines)
            rows = "".join(f"<tr>{row}\n" for row in cells)
            title = f"{listing['name']} {listing['version']}"
            page = (
                f"<!doctype html><meta charset=utf-8><title>{title}</title>\n"
                f"<h1>{title}</h1>\n<table>\n{rows}</table>\n"
            )
            return f"{_HTML}; charset=utf-8", page.encode()
        text = "".join("  ".join(line).rstrip() + "\n" for line in lines)
        return f"{_TEXT}; charset=utf-8", text.encode()

    def _listing(self, grpc_port: int | None) -> dict[str, Any]:
        listing: dict[str, Any] = {"name": "tensorwire", "version": tw.__version__}
        listing["rest"] = [
            {
                "path": path,
                "methods": list(route.methods),
                "action": route.action,
                "protocols": route.protocol.names if route.protocol and route.takes_message else [],
                "media_types": _media_types(route),
            }
            for path, route in self.table.items()
        ]
        if grpc_port is not None:
            calls = calls_of(self._protocols)
            calls.sort(key=lambda pair: (*_ACTIONS, pair[1].action).index(pair[1].action))
            methods = [
                {"method": call.path, "protocol": f"{family.name}/{call.forms[0]}"}
                for family, call in calls
            ]
            listing["grpc"] = {"port": grpc_port, "methods": methods}
        return listing


def calls_of(protocols: Iterable[Negotiator]) -> list[tuple[Family, Call]]:
    """Return the gRPC methods with their protocols: the first that declares a method keeps it."""
    found: dict[str, tuple[Family, Call]] = {}
    for protocol in protocols:
        for call in protocol.family.calls:
            found.setdefault(call.path, (protocol.family, call))
    return list(found.values())


def _label(path: str) -> str:
    """Return a path with NAME for the model's name, without its version."""
    return _NAME.sub("NAME", re.sub(r"/(versions|labels)/\{\w+\}", "", path))


def _media_types(route: Route) -> list[str]:
    """List the media types of the messages that a route takes, else of what it answers."""
    if route.protocol and route.takes_message:
        return route.protocol.media_types
    return _OWN.get(route.action, [_JSON])


def _lines(listing: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for row in listing["rest"]:
        last = ", ".join(row["protocols"] or row["media_types"])
        yield ", ".join(row["methods"]), row["path"], last
    grpc = listing.get("grpc", {"methods": []})
    for row in grpc["methods"]:
        yield f"gRPC :{grpc['port']}", row["method"], row["protocol"]
