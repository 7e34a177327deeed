"""What ``GET /`` tells: every route and method that is served, by their own tables."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import orjson

from tensorwire.server import about
from tensorwire.server.metrics import Metrics
from tensorwire.server.http import media_types, preferred, protocols_of
from tensorwire.server.rest_call import Reply
from tensorwire.server.routes import ROUTES
from tensorwire.server.services import ABOUT, FEEDBACKS, PREDICTS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["reply"]

_JSON, _HTML, _TEXT = "application/json", "text/html", "text/plain"
_MESSAGES = ("predict", "feedback")


def reply(headers: Mapping[str, str], grpc_port: int | None) -> Reply:
    """Answer in JSON, or as a page or a text where Accept prefers that."""
    told = _told(grpc_port)
    kind = preferred((_JSON, _HTML, _TEXT), headers.get("accept", ""))
    if kind == _JSON:
        return Reply(200, {"Content-Type": _JSON}, orjson.dumps(told))
    lines = _lines(told)
    if kind == _HTML:
        rows = "".join(f"<tr>{''.join(f'<td>{escape(cell)}' for cell in line)}\n" for line in lines)
        title = f"{told['name']} {told['version']}"
        page = (
            f"<!doctype html><meta charset=utf-8><title>{title}</title>\n"
            f"<h1>{title}</h1>\n<table>\n{rows}</table>\n"
        )
        return Reply(200, {"Content-Type": f"{_HTML}; charset=utf-8"}, page.encode())
    text = "".join("  ".join(line).rstrip() + "\n" for line in lines)
    return Reply(200, {"Content-Type": f"{_TEXT}; charset=utf-8"}, text.encode())


def _told(grpc_port: int | None) -> dict[str, Any]:
    told = {key: about.server()[key] for key in ("name", "version")}
    told["rest"] = [
        {
            "path": path,
            "methods": list(route.methods),
            "action": route.action,
            "protocols": protocols_of(route.family) if route.action in _MESSAGES else [],
            "media_types": _types(route.action, route.family),
        }
        for path, route in ROUTES.items()
    ]
    if grpc_port is not None:
        methods = [{"method": name, "protocol": of} for name, of in (PREDICTS | FEEDBACKS).items()]
        methods += [{"method": name, "protocol": "oip/protobuf"} for name in ABOUT]
        told["grpc"] = {"port": grpc_port, "methods": methods}
    return told


def _types(action: str, family: str) -> list[str]:
    """List the media types of the messages that a route takes, else of what it answers."""
    if action in _MESSAGES:
        return media_types(family)
    if action == "index":
        return [_JSON, _HTML, _TEXT]
    return [Metrics.media_type] if action == "metrics" else [_JSON]


def _lines(told: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    lines = [
        (", ".join(row["methods"]), row["path"], ", ".join(row["protocols"] or row["media_types"]))
        for row in told["rest"]
    ]
    grpc = told.get("grpc", {"methods": []})
    lines += [(f"gRPC :{grpc['port']}", row["method"], row["protocol"]) for row in grpc["methods"]]
    return lines
