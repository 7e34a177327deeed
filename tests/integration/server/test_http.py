"""Media types as clients send them: other names of JSON, charsets, and what Accept says of them."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tests.support.server_clients import ask

SELDON = {"data": {"ndarray": [[1.5, "h\u00e4"]]}}
BODIES = {
    "/predict": json.dumps(SELDON, ensure_ascii=False),
    "/v2/models/m/infer": json.dumps(
        {"inputs": [{"name": "h\u00e4", "datatype": "FP32", "shape": [1], "data": [1.5]}]},
        ensure_ascii=False,
    ),
    "/v1/models/m:predict": '{"instances": ["h\u00e4"]}',
}
every_path = pytest.mark.parametrize("path", BODIES)


@every_path
@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "APPLICATION/JSON",
        "application/json; charset=utf-8",
        'Application/Json ; Charset="UTF-8"; profile=x',
        "application/json;",
        "text/plain",
        "text/plain;charset=UTF-8",
        "text/json",
        "application/vnd.x+json",
        "application/problem+json; charset=us-ascii",
        "image/x.Y+JSON",
        "application/x-www-form-urlencoded",
        "",
    ],
)
def test_names_of_json(port: int, path: str, media_type: str) -> None:
    """The same body under any of these names is read, and answered as application/json."""
    body = BODIES[path].encode()
    expected = ask(port, path, body, {"Content-Type": "application/json"})
    assert expected.status == 200
    reply = ask(port, path, body, {"Content-Type": media_type} if media_type else {})
    assert (reply.status, reply.json) == (200, expected.json)
    assert reply.headers["content-type"] == "application/json"


@every_path
@pytest.mark.parametrize(
    "media_type",
    ["text/html", "application/xml", "json", "+json", "application/json+xml", "text/plainx", "x/+"],
)
def test_what_is_no_json(port: int, path: str, media_type: str) -> None:
    """Any other name is 415, and the text lists those that there are."""
    reply = ask(port, path, BODIES[path].encode(), {"Content-Type": media_type})
    assert reply.status == 415
    assert "application/json" in reply.body.decode()


@every_path
@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("iso-8859-1", "latin-1"),
        ("ISO-8859-1", "latin-1"),
        ("windows-1252", "cp1252"),
        ("utf-16", "utf-16"),
        ("utf-16le", "utf-16-le"),
        ("utf-8", "utf-8-sig"),
        ("", "utf-8-sig"),
        ("", "utf-16"),
        ("", "utf-32"),
    ],
)
def test_charsets(port: int, path: str, charset: str, encoding: str) -> None:
    """Text in another charset, by its parameter or its byte order mark, is the same text."""
    expected = ask(port, path, BODIES[path].encode(), {"Content-Type": "application/json"}).json
    for name in ("application/json", "text/plain"):
        media_type = f"{name}; charset={charset}" if charset else name
        body = BODIES[path].encode(encoding)
        assert ask(port, path, body, {"Content-Type": media_type}).json == expected


def test_wrong_charsets(port: int) -> None:
    """A charset that is not known is 415; bytes that are not in it are 400."""
    for charset in ("punycode", "zlib", "idna", "x" * 1000, "cp037", ""):
        headers = {"Content-Type": f"application/json; charset={charset}"}
        assert ask(port, "/predict", b"{}", headers).status == 415
    for charset, body in (
        ("utf-16", b"\xff\xfe{"),
        ("utf-8", b'{"strData":"\xe4"}'),
        ("utf-32", b"{"),
    ):
        headers = {"Content-Type": f"application/json; charset={charset}"}
        assert ask(port, "/predict", body, headers).status == 400


JSON, PROTOBUF, MSGPACK = "application/json", "application/x-protobuf", "application/msgpack"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("application/vnd.x+json", JSON),
        ("application/vnd.x+json;q=0.1, application/x-protobuf", PROTOBUF),
        ("text/plain", JSON),
        ("text/*", JSON),
        ("Application/JSON; charset=utf-8", JSON),
        ("application/json, text/plain, */*", JSON),
        ("text/html, */*;q=0.1", JSON),
        ("application/json;q=0, text/plain, application/msgpack;q=0.1", MSGPACK),
        ("text/html", None),
        ("application/json;q=0, text/plain", None),
        ("application/xml+jsonx", None),
    ],
)
def test_accept(port: int, accept: str, expected: str | None) -> None:
    """Other names of JSON are answered with JSON; what is refused is not sent."""
    for sent in (JSON, "text/plain", "application/vnd.x+json"):
        headers = {"Content-Type": sent, "Accept": accept}
        reply = ask(port, "/predict", b'{"strData":"x"}', headers)
        if expected is None:
            assert reply.status == 406
        else:
            assert (reply.status, reply.headers["content-type"]) == (200, expected)
