"""Pages of a browser that call the server: off by default, and then for the origins allowed."""

from __future__ import annotations

import struct
from typing import Any

import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, RestApp
from tensorwire.server.__main__ import parse
from tests.support.server_clients import Reply, ask

ORIGIN = "https://example.org"
BODY = '{"strData":"x"}'


def preflight(port: int | None, path: str = "/predict", **headers: str) -> Reply:
    """Ask as a browser does before a request of another origin."""
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
    asked |= {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(port, path, headers=asked, method="OPTIONS")


def cors_of(reply: Reply) -> dict[str, str]:
    """Return the headers of a reply that are for browsers."""
    start = "access-control-"
    return {
        name.removeprefix(start): value
        for name, value in reply.headers.items()
        if name.startswith(start)
    }


def test_off_by_default() -> None:
    """Nobody asked: no header, and OPTIONS is a method like others."""
    with EchoServer(grpc_port=None) as server:
        reply = ask(server.rest_port, "/predict", BODY, {"Origin": ORIGIN})
        assert (reply.status, cors_of(reply)) == (200, {})
        assert "vary" not in reply.headers
        reply = preflight(server.rest_port)
        assert (reply.status, cors_of(reply)) == (405, {})


@pytest.mark.parametrize(
    "cors", [ORIGIN, [ORIGIN], ("http://a.org:8080", "HTTPS://Example.org:443")]
)
def test_an_origin(cors: Any) -> None:
    """Pages of the origin may call and read every reply, an error too; others may not."""
    told = {"allow-origin": ORIGIN, "expose-headers": "Inference-Header-Content-Length"}
    with EchoServer(grpc_port=None, cors=cors) as server:
        port = server.rest_port
        for path, body, status in (
            ("/predict", BODY, 200),
            ("/predict", "{", 400),
            ("/nope", None, 404),
            ("/live", None, 200),
            ("/predict", None, 405),
        ):
            reply = ask(port, path, body, {"Origin": ORIGIN})
            assert (reply.status, cors_of(reply)) == (status, told)
            assert reply.headers["vary"] == "Origin"
        for other in ("https://example.org.evil.com", "http://example.org", "null", "x" * 5000):
            reply = ask(port, "/predict", BODY, {"Origin": other})
            assert (reply.status, cors_of(reply), reply.headers["vary"]) == (200, {}, "Origin")
            assert preflight(port, Origin=other).status == 403
        reply = ask(port, "/predict", BODY)
        assert (reply.status, cors_of(reply), reply.headers["vary"]) == (200, {}, "Origin")


def test_a_preflight() -> None:
    """It says which methods and headers are allowed, and for how long that may be remembered."""
    names = "content-type, inference-header-content-length"
    with EchoServer(grpc_port=None, cors=ORIGIN) as server:
        port = server.rest_port
        reply = preflight(port, "/v2/models/m/infer", Access_Control_Request_Headers=names)
        assert (reply.status, reply.body) == (204, b"")
        assert "content-length" not in reply.headers
        assert cors_of(reply) == {
            "allow-origin": ORIGIN,
            "allow-methods": "POST",
            "allow-headers": names,
            "max-age": "7200",
            "expose-headers": "Inference-Header-Content-Length",
        }
        assert cors_of(preflight(port, "/live"))["allow-methods"] == "GET"
        assert cors_of(preflight(port))["allow-methods"] == "POST, GET"
        assert "allow-headers" not in cors_of(preflight(port))
        wrong = preflight(port, Access_Control_Request_Headers="a b, c: d")
        assert "allow-headers" not in cors_of(wrong)
        assert preflight(port, "/nope").status == 404
        plain = ask(port, "/predict", headers={"Origin": ORIGIN}, method="OPTIONS")
        assert plain.status == 405
        assert ask(port, "/predict", BODY, {"Origin": ORIGIN}).status == 200


def test_any_origin() -> None:
    """A star allows all of them."""
    with EchoServer(grpc_port=None, cors="*") as server:
        for origin in (ORIGIN, "null", "http://localhost:3000"):
            reply = ask(server.rest_port, "/predict", BODY, {"Origin": origin})
            assert cors_of(reply)["allow-origin"] == "*"
            assert preflight(server.rest_port, Origin=origin).status == 204


def test_the_header_of_binary_replies_is_exposed() -> None:
    """Without it a page cannot tell where the JSON of a binary reply ends."""
    head = (
        b'{"parameters":{"binary_data_output":true},"inputs":[{"name":"x","datatype":"FP32",'
        b'"shape":[1],"parameters":{"binary_data_size":4}}]}'
    )
    name = "Inference-Header-Content-Length"
    with EchoServer(grpc_port=None, cors="*") as server:
        headers = {"Origin": ORIGIN, name: str(len(head))}
        reply = ask(server.rest_port, "/v2/models/m/infer", head + struct.pack("<f", 1.5), headers)
    assert reply.body[int(reply.headers[name.lower()]) :] == struct.pack("<f", 1.5)
    assert cors_of(reply)["expose-headers"] == name


@pytest.mark.slow
@pytest.mark.parametrize(
    "origin",
    ["example.org", "https://example.org/", "https://a.org, https://b.org", "", "https://"],
)
def test_what_is_no_origin(origin: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused at once, and by the command line in one line."""
    with pytest.raises(ValueError, match="expected an origin"):
        RestApp(cors=[origin])
    with pytest.raises(SystemExit):
        parse(["--cors", origin])
    assert "expected an origin" in capsys.readouterr().err.splitlines()[-1]


def test_the_option() -> None:
    """``--cors`` may be given more than once."""
    assert parse([])[0]["cors"] == []
    assert parse(["--cors", ORIGIN, "--cors", "null"])[0]["cors"] == [ORIGIN, "null"]
