"""Seldon's forms: multipart/form-data, and ``json=`` in a form or a query, as its wrapper reads."""

from __future__ import annotations

import base64
import json
import random
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus, urlencode

import msgpack
import pytest

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)
pytest.importorskip("python_multipart")

from tensorwire.server import EchoServer, RawMessage
from tests.support.server_clients import PROTOBUF, Reply, ask

if TYPE_CHECKING:
    from pathlib import Path

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
IMAGE = b"\x89PNG\r\n\x1a\n\x00\xff"
DATA = {"data": {"names": ["a", "b"], "ndarray": [[1.5, 2.0]]}}
TEXT = json.dumps(DATA)


def field(name: str, value: str | bytes, more: str = "") -> bytes:
    """Write a field of a form by hand (RFC 7578)."""
    data = value.encode() if isinstance(value, str) else value
    head = f'Content-Disposition: form-data; name="{name}"{more}\r\n\r\n'
    return head.encode() + data


def file(name: str, data: str | bytes, more: str = "") -> bytes:
    """Write a file of a form by hand."""
    return field(name, data, f'; filename="some; file.bin"{more}')


def multipart(*parts: bytes, boundary: str = "----aBc'()+_,-./:=?") -> tuple[bytes, dict[str, str]]:
    """Put parts into a form; give its body and its header."""
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"
    return body, {"Content-Type": f'multipart/form-data; boundary="{boundary}"'}


def post(port: int | None, *parts: bytes, path: str = "/predict") -> Reply:
    """Send a form."""
    return ask(port, path, *multipart(*parts))


PNG = base64.b64encode(IMAGE).decode()
BASE64 = "\r\nContent-Transfer-Encoding: base64"


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        # What get_multi_form_data_request of seldon_core 1.17.1 makes of the same parts.
        ([file("binData", IMAGE)], {"binData": PNG}),
        ([file("binData", b"")], {"binData": ""}),
        ([file("binData", b"\r\n------aBc\r\n--")], {"binData": "DQotLS0tLS1hQmMNCi0t"}),
        ([field("strData", "h\u00e4\r\n")], {"strData": "h\u00e4\r\n"}),
        ([field("strData", "")], {"strData": ""}),
        ([field("strData", '{"a": 1}')], {"strData": '{"a": 1}'}),
        ([file("strData", "h\u00e4\n")], {"strData": "h\u00e4\n"}),
        ([field("jsonData", '{"a": [1.5, null]}')], {"jsonData": {"a": [1.5, None]}}),
        ([file("jsonData", '{"a": 1}')], {"jsonData": '{"a": 1}'}),
        ([field("data", json.dumps(DATA["data"]))], DATA),
        ([field("binData", f'"{PNG}"')], {"binData": PNG}),
        (
            [file("binData", IMAGE), field("meta", '{"puid": "x"}')],
            {"binData": PNG, "meta": {"puid": "x"}},
        ),
        (
            [field("meta", '{"tags": {"a": "b"}}'), field("strData", "x")],
            {"meta": {"tags": {"a": "b"}}, "strData": "x"},
        ),
        # What it does not read, and what these parts say by themselves.
        (
            [file("jsonData", '{"a": 1}', "\r\nContent-Type: application/json")],
            {"jsonData": {"a": 1}},
        ),
        ([file("data", json.dumps(DATA["data"]))], DATA),
        ([field("json", TEXT)], DATA),
        ([field("binData", IMAGE, "\r\nContent-Type: application/octet-stream")], {"binData": PNG}),
        ([field("binData", IMAGE, "; filename*=UTF-8''%C3%A4.png")], {"binData": PNG}),
        ([file("binData", PNG[:8] + "\r\n" + PNG[8:], BASE64)], {"binData": PNG}),
        (
            [field("strData", b"h\xe4", "\r\ncontent-type: text/plain; charset=ISO-8859-1")],
            {"strData": "h\u00e4"},
        ),
        (
            [field("strData", b"h=C3=A4", "\r\nContent-Transfer-Encoding: Quoted-Printable")],
            {"strData": "h\u00e4"},
        ),
    ],
    ids=lambda value: None if isinstance(value, list) else json.dumps(value)[:40],
)
def test_parts_of_a_message(port: int, parts: list[bytes], message: Any) -> None:
    """Files and fields become the members of a message, on every path for predictions."""
    for path in ("/predict", "/api/v1.0/predictions", "/api/v0.1/predictions"):
        reply = post(port, *parts, path=path)
        assert (reply.status, reply.json) == (200, message)
        assert reply.headers["content-type"] == "application/json"


def test_the_reply_to_a_form_is_negotiated(port: int) -> None:
    """A form is answered with what Accept says."""
    body, headers = multipart(file("binData", IMAGE))
    reply = ask(port, "/predict", body, {**headers, "Accept": "application/msgpack"})
    assert msgpack.unpackb(reply.body) == {"binData": IMAGE}


def test_feedback_in_a_form(port: int) -> None:
    """Feedback has other members."""
    parts = [field("request", TEXT), field("reward", "0.5"), field("truth", TEXT)]
    assert post(port, *parts, path="/send-feedback").status == 200
    reply = post(port, field("strData", "x"), path="/api/v1.0/feedback")
    assert (reply.status, "'strData'" in reply.json["status"]["info"]) == (400, True)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ([field("binData", PNG)], "at $.binData"),
        ([field("meta", '5,"strData":"x"')], "at $.meta"),
        ([field("meta", "{")], "at $.meta"),
        ([field("meta", "[" * 100_000)], "at $.meta"),
        ([field("data", "")], "at $.data"),
        ([field("data", '{"ndarray":[[1],[1,2]]}')], "at $.data.ndarray[1]"),
        ([field("names", '["a"]'), file("binData", IMAGE)], "'names'"),
        ([field("bindata", "x")], "binData"),
        ([field("strData", "a"), field("strData", "b")], "at $.strData"),
        ([field("json", TEXT), field("meta", "{}")], "meta"),
        ([field("strData", b"\xff")], "at $.strData"),
        ([field("strData", "x", "\r\nContent-Type: text/plain; charset=punycode")], "'punycode'"),
        ([field("strData", "x", "\r\nContent-Transfer-Encoding: x-uu")], "'x-uu'"),
        ([file("binData", "A", BASE64)], "at $.binData"),
        ([file("binData", IMAGE), field("strData", "x")], "expected one payload, got 2"),
        ([field("meta", '{"puid": "x"}') for _ in range(65)], "at most 64 parts"),
        ([b"Content-Type: text/plain\r\n\r\nx"], "name"),
        ([b"\r\nx"], "name"),
        ([b"Content-Disposition: form-data\r\n\r\nx"], "name"),
        ([b"A: b\r\n" * 50 + field("strData", "x")], "malformed"),
        ([b"A: " + b"b" * 100_000 + b"\r\n" + field("strData", "x")], "malformed"),
        ([b"No colon\r\n\r\nx"], "malformed"),
        ([], "multipart/form-data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_parts(port: int, parts: list[bytes], reason: str) -> None:
    """What is no member of a message is 400, with the place or the name."""
    reply = post(port, *parts)
    assert (reply.status, reply.json["status"]["reason"]) == (400, "MICROSERVICE_BAD_DATA")
    assert reason in reply.json["status"]["info"]


def test_wrong_boundaries(port: int) -> None:
    """A boundary that is not there, or not the one of the body, is 400."""
    body, headers = multipart(field("strData", "x"), boundary="x")
    assert ask(port, "/predict", body, headers).status == 200
    for wrong in ("", "; boundary=", '; boundary="', "; boundary=y", "; boundary=" + "x" * 300):
        told = {"Content-Type": "multipart/form-data" + wrong}
        assert ask(port, "/predict", body, told).status == 400
    for cut in range(len(body) - 4):
        assert ask(port, "/predict", body[:cut], headers).status == 400
    assert ask(port, "/predict", body[:-2], headers).status == 200  # the last line may end so


@pytest.mark.parametrize(
    "data",
    [
        b"\r" * (1 << 20),
        b"\r\n--" * (1 << 18),
        b"\r\n--x" * (1 << 18),
        b"\r\n\r\n" * (1 << 18),
    ],
    ids=repr,
)
def test_what_is_nearly_a_boundary(port: int, data: bytes) -> None:
    """Bytes that begin as a boundary does are data."""
    body, headers = multipart(file("binData", data), boundary="xyz")
    reply = ask(port, "/predict", body, headers)
    assert base64.b64decode(reply.json["binData"]) == data
    many, headers = multipart(file("binData", b"\r\n--xyz0" * 1000), boundary="xyz")
    assert ask(port, "/predict", many, headers).status == 400


def test_damaged_forms(port: int) -> None:
    """No bytes whatever are answered with 500."""
    random_ = random.Random(1)  # noqa: S311 - the same bytes every time
    whole, headers = multipart(file("binData", IMAGE), field("meta", '{"puid":"x"}'), boundary="x")
    pieces = [b"\r\n--x", b"--x--", b"\r\n", b"\0", b"\xff", b'"', b";", b"%"]
    for _ in range(300):
        body = bytearray(whole)
        for _ in range(random_.randrange(1, 4)):
            at = random_.randrange(len(body))
            body[at : at + random_.randrange(3)] = random_.choice(pieces)
        assert ask(port, "/predict", bytes(body), headers).status in (200, 400)


def test_other_protocols_take_no_form(port: int) -> None:
    """Forms are Seldon's alone."""
    body, headers = multipart(field("inputs", "[]"))
    for path in ("/v2/models/m/infer", "/v1/models/m:predict"):
        assert ask(port, path, body, headers).status == 415
        assert ask(port, path, "json=" + quote_plus(TEXT), FORM).status == 400
        assert ask(port, path, method="GET").status in (405, 404)


@pytest.mark.parametrize(
    ("query", "body", "headers"),
    [
        ("", "json=" + quote_plus(TEXT), FORM),
        ("", "json=" + quote_plus(TEXT), {}),
        ("", "json=" + quote(TEXT), {"Content-Type": FORM["Content-Type"] + "; charset=UTF-8"}),
        ("", "json=" + TEXT, FORM),
        ("", urlencode({"isDefault": "true", "json": TEXT, "z": ""}), FORM),
        ("", "%6Ason=" + quote_plus(TEXT), FORM),
        ("", TEXT, FORM),
        ("", " \r\n" + TEXT, FORM),
        ("?json=" + quote(TEXT), "", {}),
        ("?json=" + quote_plus(TEXT), "", {"Content-Type": "application/json"}),
        ("?a=1&json=" + quote(TEXT), "isDefault=true", FORM),
        ("?json=" + quote(TEXT), "json=", FORM),
        ("?json=" + quote(TEXT), '{"strData":"not this"}', {"Content-Type": "application/json"}),
        ("?json=" + quote('{"strData":"not this"}'), "json=" + quote(TEXT), FORM),
        ("?json=", TEXT, {"Content-Type": "application/json"}),
        ("?other=1", TEXT, {"Content-Type": "application/json"}),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_json_in_a_form_or_a_query(port: int, query: str, body: str, headers: Any) -> None:
    """The form comes first, then the query, then the body, as in Seldon's get_request."""
    reply = ask(port, "/predict" + query, body, headers, "POST")
    assert (reply.status, reply.json) == (200, DATA)
    reply = ask(port, "/api/v1.0/predictions" + query, body, headers, "POST")
    assert (reply.status, reply.json) == (200, DATA)


def test_get_with_a_query(port: int) -> None:
    """Where Seldon's wrapper takes GET, so does this; without a message it is 405."""
    assert ask(port, "/predict?json=" + quote(TEXT)).json == DATA
    feedback = quote('{"request":{"data":{"ndarray":[]}},"reward":1.0}')
    assert ask(port, f"/send-feedback?json={feedback}").status == 200
    for path in ("/predict", "/send-feedback", "/api/v1.0/predictions?json=" + quote(TEXT)):
        reply = ask(port, path)
        assert (reply.status, "POST" in reply.headers["allow"]) == (405, True)
    assert ask(port, "/predict?a=1").status == 400
    headers = {**PROTOBUF, "Accept": "application/json"}
    assert ask(port, "/predict?json=" + quote(TEXT), b"", headers, "POST").json == DATA


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("a=1&b=2", "'a', 'b'"),
        ("json=1&json=2", "one field json"),
        ("a=&" * 2000, "at most 1000 fields"),
        ("json=%7B", "JSON"),
        ("json=%FF", "JSON"),
        ("jsonx=%7B%7D", "'jsonx'"),
    ],
)
def test_wrong_forms(port: int, body: str, reason: str) -> None:
    """A form without a message is 400, and says what it has."""
    reply = ask(port, "/predict", body, FORM)
    assert (reply.status, reason in reply.json["status"]["info"]) == (400, True)


def test_a_model_that_reads_for_itself() -> None:
    """`predict_raw` is given the JSON that a form means."""
    seen: list[RawMessage] = []

    class Raw:
        def predict_raw(self, message: RawMessage) -> bytes:
            seen.append(message)
            return b"{}"

    with EchoServer(Raw(), grpc_port=None) as server:
        post(server.rest_port, file("binData", IMAGE))
        ask(server.rest_port, "/predict", "json=" + quote_plus(TEXT), FORM)
    assert [message.protocol for message in seen] == ["seldon/json"] * 2
    assert [json.loads(message.body) for message in seen] == [{"binData": PNG}, DATA]


def test_without_the_parser() -> None:
    """Where python-multipart is not installed, a form is refused with what to install."""
    code = (
        "import sys; sys.modules['python_multipart'] = None\n"
        "from tensorwire.server import EchoServer\n"
        "import http.client\n"
        "with EchoServer(grpc_port=None) as server:\n"
        "    c = http.client.HTTPConnection('127.0.0.1', server.rest_port)\n"
        "    told = {'Content-Type': 'multipart/form-data; boundary=x'}\n"
        "    c.request('POST', '/predict', b'x', told)\n"
        "    r = c.getresponse(); print(r.status, r.read().decode())\n"
        "    c.request('POST', '/predict', b'{\"strData\":\"x\"}'); print(c.getresponse().status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first.startswith("415")
    assert "pip install 'tensorwire[server]'" in first
    assert second == "200"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(port: int, tmp_path: Path) -> None:
    """Curl's own forms and queries are read."""
    (tmp_path / "image.bin").write_bytes(IMAGE)
    url = f"http://127.0.0.1:{port}/api/v1.0/predictions"
    for arguments, message in (
        (
            ["-F", "binData=@image.bin", "-F", 'meta={"puid":"x"}'],
            {"binData": PNG, "meta": {"puid": "x"}},
        ),
        (["-F", "strData=<image.txt"], {"strData": "h\u00e4"}),
        (["-F", 'jsonData={"a":[1]};type=application/json'], {"jsonData": {"a": [1]}}),
        (["--data-urlencode", f"json={TEXT}"], DATA),
        (["-d", TEXT], DATA),
    ):
        (tmp_path / "image.txt").write_text("h\u00e4", encoding="utf-8")
        command = ["curl", "-sS", "--max-time", "20", *arguments, url]
        done = subprocess.run(command, capture_output=True, check=True, cwd=tmp_path)
        assert json.loads(done.stdout) == message


def test_httpx(port: int) -> None:
    """Httpx's own forms are read."""
    httpx = pytest.importorskip("httpx")
    url = f"http://127.0.0.1:{port}/predict"
    reply = httpx.post(url, files={"binData": IMAGE}, data={"meta": '{"puid":"x"}'})
    assert reply.json() == {"binData": PNG, "meta": {"puid": "x"}}
    assert httpx.post(url, data={"json": TEXT}).json() == DATA
    assert httpx.get(url, params={"json": TEXT}).json() == DATA
