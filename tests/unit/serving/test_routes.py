"""Paths are found as the protocols document them, without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tensorwire import protocols
from tensorwire.protocols.family import Endpoint, Family
from tensorwire.serving.negotiation import Negotiator
from tensorwire.serving.routes import Routes

ROUTES = Routes([Negotiator(family) for family in protocols.families()], metrics=True)


@pytest.mark.parametrize(
    ("path", "action", "address"),
    [
        ("/v2/models/m/infer", "predict", {"model_name": "m", "model_version": ""}),
        ("/v2/models/m/versions/3/infer", "predict", {"model_name": "m", "model_version": "3"}),
        ("/v2/models/m", "model", {"model_name": "m", "model_version": ""}),
        ("/v2/models/{model_name}/ready", "model_ready", {"model_name": "{model_name}"}),
        ("/v1/models/m:predict", "predict", {"model_name": "m", "version": None}),
        ("/v1/models/m/versions/12:predict", "predict", {"version": 12, "version_label": ""}),
        ("/v1/models/m/labels/a:predict", "predict", {"version": None, "version_label": "a"}),
        ("/predict", "predict", {}),
        ("/predict/", "predict", {}),
        ("/", "index", {}),
        ("", "index", {}),
        ("/metrics", "metrics", {}),
    ],
)
def test_find(path: str, action: str, address: dict[str, Any]) -> None:
    """A path gives the action, and what it says of the model by a request's attributes."""
    for _ in range(2):  # looked for, then remembered
        route = ROUTES.find(path)
        assert route is not None
        assert route.action == action
        assert dict(route.address) | address == dict(route.address)


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/v2/models//infer", "/v1/models/m/versions/x:predict", "/v2/models/a/b/infer"],
)
def test_not_found(path: str) -> None:
    """Where nothing is, nothing is found."""
    assert ROUTES.find(path) is None
    assert ROUTES.find(path + "x" * 300) is None


def test_escaped_names() -> None:
    """The escapes of a name are undone behind the slashes of the path."""
    route = ROUTES.find("/v2/models/a%2Fb%20c/infer", escaped=True)
    assert route is not None
    assert route.address["model_name"] == "a/b c"


class Odd(Family):
    """A family whose paths have characters of regular expressions."""

    name = "odd"
    request = response = dict
    endpoints = (Endpoint("/odd(/{m}", "live"), Endpoint("/v1.0/{m}+{n}", "ready"))


@pytest.mark.parametrize(
    ("path", "action"),
    [("/odd(/a", "live"), ("/v1.0/a+b", "ready"), ("/v1x0/a+b", ""), ("/v1.0/aab", "")],
)
def test_the_text_of_a_path_is_itself(path: str, action: str) -> None:
    """Only the names in braces are patterns."""
    route = Routes([Negotiator(Odd())]).find(path)
    assert (route.action if route else "") == action


def test_labels_have_no_names() -> None:
    """Metrics have one label for all models and versions."""
    labels = {route.label for route in ROUTES.table.values()}
    assert "/v2/models/NAME/infer" in labels
    assert not [label for label in labels if "{" in label or "versions" in label]


def test_the_index_lists_every_path() -> None:
    """It is JSON, a page or a text, with every path of every protocol."""
    media_type, body = ROUTES.index("", 5)
    listed = json.loads(body)
    assert media_type == "application/json"
    assert [row["path"] for row in listed["rest"]] == list(ROUTES.table)
    documented = {one.path for family in protocols.families() for one in family.endpoints}
    assert documented <= set(ROUTES.table)
    calls = {call.path for family in protocols.families() for call in family.calls}
    assert {row["method"] for row in listed["grpc"]["methods"]} == calls
    assert ROUTES.index("text/html", None)[1].startswith(b"<!doctype html>")
    assert b"/metrics" in ROUTES.index("text/plain", None)[1]
