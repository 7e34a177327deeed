"""What ``GET /`` lists, and that all of it is served."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer
from tests.support.server_clients import ask, refused

# As the protocols document them.
PATHS = {
    "POST": [
        "/api/v1.0/predictions",
        "/api/v0.1/predictions",
        "/predict",
        "/api/v1.0/feedback",
        "/send-feedback",
        "/v2/models/{model_name}/infer",
        "/v2/models/{model_name}/versions/{model_version}/infer",
        "/v1/models/{name}:predict",
        "/v1/models/{name}/versions/{version}:predict",
        "/v1/models/{name}/labels/{label}:predict",
    ],
    "GET": [
        "/",
        "/predict",
        "/metrics",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/{model_name}",
        "/v2/models/{model_name}/ready",
        "/v1/models/{name}",
        "/health/ping",
        "/health/status",
    ],
}


def listed(server: EchoServer) -> Any:
    """Return what the server lists."""
    return ask(server.rest_port, "/").json


def test_every_documented_path_is_listed(server: EchoServer) -> None:
    """Each path with its methods, and the version of the server."""
    told = listed(server)
    assert (told["name"], told["version"]) == ("tensorwire", tw.__version__)
    rows = {row["path"]: row["methods"] for row in told["rest"]}
    for method, paths in PATHS.items():
        for path in paths:
            assert method in rows[path]


def test_all_that_is_listed_is_served(server: EchoServer) -> None:
    """No path is 404 and no method 405; any other method is."""
    for row in listed(server)["rest"]:
        path = re.sub(r"\{\w+\}", "1", row["path"])
        for method in row["methods"]:
            is_message = row["action"] in ("predict", "feedback")
            query = "?json=5" if method == "GET" and is_message else ""
            body = b"{" if method == "POST" else None
            reply = ask(server.rest_port, path + query, body, method=method)
            assert reply.status == (400 if body or query else 200), row
        assert ask(server.rest_port, path, method="PATCH").status == 405


def test_messages_are_read_in_every_media_type_listed(server: EchoServer) -> None:
    """A route for messages names its protocols, and takes each of its media types."""
    for row in listed(server)["rest"]:
        if row["action"] not in ("predict", "feedback"):
            assert not row["protocols"]
            continue
        assert set(row["protocols"]) <= set(tw.protocol_names())
        for name in row["protocols"]:
            assert tw.get_protocol(name).media_type in row["media_types"]
        path = re.sub(r"\{\w+\}", "1", row["path"])
        for media_type in row["media_types"]:
            headers = {"Content-Type": media_type}
            assert ask(server.rest_port, path, b"\xff", headers).status == 400, media_type


def test_grpc_is_listed_where_it_is_served(server: EchoServer) -> None:
    """The methods of gRPC with their protocols and the port; none for REST alone."""
    grpc = listed(server)["grpc"]
    assert grpc["port"] == server.grpc_port
    protocols = {row["method"]: row["protocol"] for row in grpc["methods"]}
    assert protocols["/inference.GRPCInferenceService/ModelInfer"] == "oip/protobuf"
    assert protocols["/tensorflow.serving.PredictionService/Predict"] == "tfserving/protobuf"
    for method in protocols:
        assert refused(server.grpc_port, method, b"")[0] != "UNIMPLEMENTED"
    with EchoServer(grpc_port=None) as alone:
        assert "grpc" not in listed(alone)


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("text/plain", "text/plain"),
        ("text/*;q=0.5, application/json;q=0.1", "text/html"),
        ("image/png", "application/json"),
    ],
)
def test_forms_of_the_list(server: EchoServer, accept: str, media_type: str) -> None:
    """JSON for programs, a page for browsers, text for those who ask for it: the same list."""
    reply = ask(server.rest_port, "/", headers={"Accept": accept} if accept else {})
    assert (reply.status, reply.headers["content-type"].partition(";")[0]) == (200, media_type)
    text = reply.body.decode()
    for row in listed(server)["rest"]:
        assert row["path"] in text
    if media_type == "application/json":
        assert json.loads(text) == listed(server)


def test_an_unknown_path_gets_the_list(server: EchoServer) -> None:
    """A path that is none names the one that lists all; HEAD has no body."""
    assert "GET /" in ask(server.rest_port, "/nope").json["error"]
    assert ask(server.rest_port, "/", method="HEAD").body == b""
    assert ask(server.rest_port, "/", b"x", method="POST").status == 405
