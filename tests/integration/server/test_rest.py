"""The server over REST: routes, media types and error replies, as http.client and curl see them."""

from __future__ import annotations

import gzip
import json
import shutil
import struct
import subprocess
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import JSON, PROTOBUF, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

MSGPACK = {"Content-Type": "application/msgpack"}
LENGTH = "Inference-Header-Content-Length"
SELDON_PATHS = ["/api/v1.0/predictions", "/api/v0.1/predictions", "/predict", "/predict/"]
INFER = {"inputs": [{"name": "x", "datatype": "FP32", "shape": [2], "data": [1.5, 2.5]}]}
SELDON = {"data": {"names": ["a", "b"], "ndarray": [[1.5, 2.0]]}, "meta": {"puid": "7"}}


@pytest.fixture(scope="module")
def port() -> Iterator[int | None]:
    """Run an echo, REST alone."""
    with EchoServer(grpc_port=None, limits=ServerLimits(body=1 << 20)) as server:
        assert server.grpc_port is None
        yield server.rest_port


def seldon_message(**members: Any) -> Any:
    """Build a SeldonMessage with the official runtime."""
    return message_class("seldon.protos.SeldonMessage")(**members)


@pytest.mark.parametrize("path", SELDON_PATHS)
def test_seldon_json(port: int, path: str) -> None:
    """Kind, names and meta come back on every path that Seldon documents."""
    reply = ask(port, path, json.dumps(SELDON), JSON)
    assert (reply.status, reply.json) == (200, SELDON)
    assert reply.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "message",
    [
        {"strData": "text"},
        {"binData": "AAEC"},
        {"jsonData": {"a": [1.0, None]}},
        {"data": {"tensor": {"shape": [1, 2], "values": [1.5, 2.5]}}},
        {"data": {"ndarray": [[1.0, "a"]]}},
        {"meta": {"tags": {"a": "b"}}, "strData": "x"},
    ],
    ids=str,
)
def test_every_member_of_a_seldon_message(port: int, message: Any) -> None:
    """What a message holds is echoed as the member that it came in."""
    assert ask(port, "/predict", json.dumps(message), JSON).json == message


def test_seldon_protobuf(port: int) -> None:
    """A protobuf body is answered with one, which the official runtime reads as the same."""
    message = seldon_message(data={"names": ["a"], "tensor": {"shape": [1, 1], "values": [2.5]}})
    reply = ask(port, "/predict", message.SerializeToString(), PROTOBUF)
    assert reply.headers["content-type"] == "application/x-protobuf"
    assert type(message).FromString(reply.body) == message


def test_seldon_msgpack(port: int) -> None:
    """A msgpack body is answered with one, which msgpack reads as the same."""
    message = {"data": {"ndarray": [[1.5, 2.5]]}}
    reply = ask(port, "/predict", msgpack.packb(message), MSGPACK)
    assert msgpack.unpackb(reply.body) == message


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/x-www-form-urlencoded"}])
def test_json_without_a_word(port: int, headers: dict[str, str]) -> None:
    """What curl sends, with the media type of forms or none, is JSON."""
    assert ask(port, "/predict", json.dumps(SELDON).encode(), headers).json == SELDON


def test_the_form_of_the_seldon_client(port: int) -> None:
    """Seldon's own client sends a form with one field, json."""
    form = "json=" + quote_plus(json.dumps(SELDON))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert ask(port, "/predict", form, headers).json == SELDON


@pytest.mark.parametrize("path", ["/v2/models/a/infer", "/v2/models/a/versions/3/infer"])
def test_oip_json(port: int, path: str) -> None:
    """Inputs come back as outputs, with the name and the version of the path, and the id."""
    reply = ask(port, path, json.dumps({**INFER, "id": "42"}), JSON).json
    assert reply["outputs"] == INFER["inputs"]
    assert (reply["model_name"], reply["id"]) == ("a", "42")
    assert reply.get("model_version") == ("3" if "versions" in path else None)


def test_oip_escaped_name(port: int) -> None:
    """A model's name may need escapes in a URL."""
    assert ask(port, "/v2/models/a%20%C3%A9/infer", json.dumps(INFER)).json["model_name"] == "a é"


@pytest.mark.parametrize(
    "name", ["org/model", "a:b", "50%", "a%2Fb", "\u00e9 ?#", "versions", "a+b"]
)
def test_names_with_escapes(port: int, name: str) -> None:
    """What a name of a model has escaped is in the name, a slash too."""
    path = tw.oip.InferRequest([], name, "1/2").path
    reply = ask(port, path, json.dumps(INFER)).json
    assert (reply["model_name"], reply["model_version"]) == (name, "1/2")
    assert ask(port, path.removesuffix("/versions/1%2F2/infer")).json["name"] == name
    path = f"/v1/models/{quote(name, '')}:predict"
    assert ask(port, path, '{"instances": [1]}').json == {"predictions": [1]}
    assert ask(port, f"/%76%32/models/{quote(name, '+:')}").status == (404 if "/" in name else 200)


def binary_request(**parameters: Any) -> tuple[bytes, dict[str, str]]:
    """Build a request of the binary extension by hand."""
    array = {"name": "x", "datatype": "FP64", "shape": [3], "parameters": {"binary_data_size": 24}}
    head = json.dumps({"inputs": [array], "parameters": parameters}).encode()
    return head + struct.pack("<3d", 1, 2, 3), {LENGTH: str(len(head))}


def test_oip_binary(port: int) -> None:
    """Memory behind the JSON comes back as memory behind JSON, where that is asked for."""
    body, headers = binary_request(binary_data_output=True)
    headers["Content-Type"] = "application/octet-stream"
    reply = ask(port, "/v2/models/a/infer", body, headers)
    size = int(reply.headers[LENGTH.lower()])
    assert reply.headers["content-type"] == "application/octet-stream"
    assert json.loads(reply.body[:size])["outputs"][0]["parameters"] == {"binary_data_size": 24}
    assert struct.unpack("<3d", reply.body[size:]) == (1, 2, 3)


def test_oip_binary_asks_for_json(port: int) -> None:
    """A binary request is answered in JSON, unless it asks for something else."""
    for parameters in ({"binary_data_output": False}, {}):
        for accept in ("*/*", "application/json"):
            body, headers = binary_request(**parameters)
            reply = ask(port, "/v2/models/a/infer", body, {**headers, "Accept": accept})
            assert reply.json["outputs"][0]["data"] == [1, 2, 3]


@pytest.mark.parametrize(
    ("accept", "is_binary"),
    [
        ("application/octet-stream", True),
        ("Application/Octet-Stream, */*;q=0.1", True),
        ("application/octet-stream, application/json;q=0.5", True),
        ("application/octet-stream, application/json", False),
        ("*/*, application/octet-stream;q=0.1", False),
        ("application/*", False),
    ],
)
def test_oip_accept_asks_for_binary(port: int, accept: str, is_binary: bool) -> None:  # noqa: FBT001
    """Accept asks for memory too, of JSON and of binary requests, where it prefers that."""
    path = "/v2/models/a/infer"
    body, headers = binary_request()
    blob = struct.pack("<3d", 1, 2, 3)
    requests: list[tuple[Any, dict[str, str], bytes]] = [(body, headers, blob)]
    requests.append((json.dumps(INFER), JSON, struct.pack("<2f", 1.5, 2.5)))
    for sent, told, values in requests:
        reply = ask(port, path, sent, {**told, "Accept": accept})
        assert (LENGTH.lower() in reply.headers) == is_binary
        if is_binary:
            assert reply.headers["content-type"] == "application/octet-stream"
            assert reply.body[int(reply.headers[LENGTH.lower()]) :] == values
        else:
            assert reply.headers["content-type"] == "application/json"
            assert "data" in reply.json["outputs"][0]
    body, headers = binary_request(binary_data_output=False)
    assert ask(port, path, body, {**headers, "Accept": accept}).json["outputs"][0]["data"]


def test_oip_json_asks_for_binary(port: int) -> None:
    """A JSON request may ask for one output as memory."""
    asked = {**INFER, "outputs": [{"name": "x", "parameters": {"binary_data": True}}]}
    reply = ask(port, "/v2/models/a/infer", json.dumps(asked), JSON)
    assert reply.body[int(reply.headers[LENGTH.lower()]) :] == struct.pack("<2f", 1.5, 2.5)


def test_tfserving_rows_and_columns(port: int) -> None:
    """Instances come back as predictions, inputs as outputs."""
    for path in (
        "/v1/models/m:predict",
        "/v1/models/m/versions/2:predict",
        "/v1/models/m/labels/l:predict",
    ):
        rows = ask(port, path, '{"instances": [[1.5, 2], [3, 4]]}')
        assert rows.json == {"predictions": [[1.5, 2], [3, 4]]}
    columns = ask(port, "/v1/models/m:predict", '{"inputs": {"x": [1, 2], "y": [[3.5]]}}')
    assert columns.json == {"outputs": {"x": [1, 2], "y": [[3.5]]}}


def test_protobuf_over_rest(port: int) -> None:
    """The messages of gRPC travel over REST too."""
    tensor = message_class("tensorflow.TensorProto")
    array = tensor(dtype=2, tensor_shape={"dim": [{"size": 1}]}, double_val=[2.5])
    request = message_class("tensorflow.serving.PredictRequest")(inputs={"x": array})
    reply = ask(port, "/v1/models/m/versions/5:predict", request.SerializeToString(), PROTOBUF)
    said: Any = message_class("tensorflow.serving.PredictResponse").FromString(reply.body)
    assert (said.model_spec.name, said.model_spec.version.value) == ("m", 5)
    assert list(said.outputs["x"].double_val) == [2.5]


JSON_TYPE, PB_TYPE, MP_TYPE = "application/json", "application/x-protobuf", "application/msgpack"


@pytest.mark.parametrize("sent", [JSON_TYPE, PB_TYPE, MP_TYPE])
@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", None),
        ("*/*", None),
        ("application/*;q=0.5", None),
        ("text/html, application/xhtml+xml, */*;q=0.8", None),
        (JSON_TYPE, JSON_TYPE),
        ("application/x-protobuf", PB_TYPE),
        ("application/protobuf", PB_TYPE),
        (MP_TYPE, MP_TYPE),
        ("application/json;q=0.1, application/x-protobuf", PB_TYPE),
        ("application/json;q=0, application/x-protobuf;q=0, */*", MP_TYPE),
        ("text/html", 406),
        ("application/json;q=0, application/x-protobuf;q=0, application/msgpack;q=0", 406),
        ("application/octet-stream", 406),
        ("garbage;;q=x,,", 406),
    ],
)
def test_negotiation(port: int, sent: str, accept: str, expected: str | int | None) -> None:
    """The reply is what Accept says, and the media type of the request where it does not care."""
    container = {JSON_TYPE: "json", PB_TYPE: "protobuf", MP_TYPE: "msgpack"}
    body = tw.get_codec(f"{container[sent]}/tensor").encode(np.ones((2, 2)))
    headers = {"Content-Type": sent} | ({"Accept": accept} if accept else {})
    reply = ask(port, "/predict", body, headers)
    if expected == 406:
        assert reply.status == 406
        assert b"in Accept, got " in reply.body
        assert b"; send one of them, or no Accept" in reply.body
        return
    got = reply.headers["content-type"]
    if "q=0, */*" not in accept or sent == MP_TYPE:
        assert got == (expected or sent)
    if "q=0," not in accept:
        assert tw.get_codec(f"{container[got]}/tensor").decode(reply.body).tolist() == [[1, 1]] * 2


def test_not_acceptable_value(port: int) -> None:
    """What the accepted container cannot carry is not acceptable, and says why."""
    message = seldon_message(customData={"type_url": "x/none.of.Those", "value": b"\x08\x01"})
    headers = {**PROTOBUF, "Accept": "application/json"}
    text = (
        "expected a type that protobuf's default pool has, got 'none.of.Those', in a reply of "
        "seldon/json - at $.customData; accept application/x-protobuf, as in Content-Type"
    )
    reply = ask(port, "/predict", message.SerializeToString(), headers)
    told: Any = message_class("seldon.protos.SeldonMessage").FromString(reply.body)
    assert (reply.status, told.status.info) == (406, text)


@pytest.mark.parametrize(
    ("path", "body", "headers", "place"),
    [
        ("/predict", b'{"data":{"ndarray":[[1],[1,2]]}}', JSON, "$.data.ndarray[1]"),
        ("/predict", b"{", JSON, "$"),
        ("/predict", b"", JSON, "$"),
        ("/predict", b"\xff", JSON, "$"),
        ("/predict", b"\xff", PROTOBUF, "$"),
        ("/predict", b"\xc1", MSGPACK, "$"),
        (
            "/v2/models/m/infer",
            b'{"inputs":[{"name":"x","datatype":"FP32","shape":[3],"data":[1]}]}',
            JSON,
            "$.inputs[0]",
        ),
        ("/v2/models/m/infer", b"{}", {LENGTH: "99"}, "$"),
        ("/v2/models/m/infer", b"{}", {LENGTH: "-1"}, "$"),
        ("/v2/models/m/infer", b"\xff", PROTOBUF, "$"),
        ("/v2/models/m/infer", b'{"inputs":[],"outputs":[{"name":"y"}]}', JSON, "$.outputs"),
        ("/v1/models/m:predict", b'{"instances":[1,[2]]}', JSON, "$.instances"),
        ("/v1/models/m:predict", b"[1]", JSON, "$"),
        ("/v1/models/m:predict", b"\x0a\xff", PROTOBUF, "$"),
    ],
    ids=str,
)
def test_bad_input(port: int, path: str, body: bytes, headers: dict[str, str], place: str) -> None:
    """Bytes that are wrong are 400, in the form that each protocol documents, with the place."""
    reply = ask(port, path, body, headers)
    assert reply.status == 400
    if reply.headers["content-type"] == "application/json":
        told = reply.json
    elif headers is MSGPACK:
        told = msgpack.unpackb(reply.body)
    else:
        status: Any = message_class("seldon.protos.SeldonMessage").FromString(reply.body)
        told = {"status": {"info": status.status.info, "code": status.status.code}}
    text = told["error"] if path.startswith("/v") else told["status"]["info"]
    assert (f" - at {place}" in text) if place != "$" else (" - at " not in text)
    assert path.startswith("/v") or told["status"]["code"] == -1


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nope", "GET", 404),
        ("/nope", "POST", 404),
        ("/v2/models/", "GET", 404),
        ("/v2/models/a/b", "GET", 404),
        ("/v1/models/a/versions/x:predict", "POST", 404),
        ("/v1/models/a:classify", "POST", 404),
        ("/predict", "GET", 405),
        ("/v2/models/a/infer", "PUT", 405),
        ("/v2/health/live", "POST", 405),
        ("/v1/models/a", "DELETE", 405),
    ],
)
def test_unknown_routes_and_methods(port: int, path: str, method: str, status: int) -> None:
    """A path that is none is 404, a method that is not for it 405 with those that are."""
    reply = ask(port, path, method=method)
    assert reply.status == status
    assert ("allow" in reply.headers) == (status == 405)
    assert reply.json


@pytest.mark.parametrize("path", ["/predict", "/v2/models/m/infer", "/v1/models/m:predict"])
def test_unknown_media_types(port: int, path: str) -> None:
    """A media type that the protocol does not have is 415, and the text says which it has."""
    reply = ask(port, path, b"{}", {"Content-Type": "text/html"})
    assert reply.status == 415
    assert "application/json" in reply.body.decode()
    assert ask(port, path, b"{}", {"Content-Type": "application/grpc"}).status == 415


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "x-gzip", "identity"])
def test_compressed_bodies(port: int, encoding: str) -> None:
    """Gzip and deflate are undone, as the standard library makes them."""
    body = json.dumps(SELDON).encode()
    if encoding != "identity":
        body = zlib.compress(body) if encoding == "deflate" else gzip.compress(body)
    assert ask(port, "/predict", body, {**JSON, "Content-Encoding": encoding}).json == SELDON


def test_gzip_in_members(port: int) -> None:
    """Several members of gzip are one body."""
    body = json.dumps(SELDON).encode()
    packed = gzip.compress(body[:9]) + gzip.compress(body[9:])
    assert ask(port, "/predict", packed, {"Content-Encoding": "gzip"}).json == SELDON


@pytest.mark.parametrize(
    ("packed", "encoding", "status"),
    [
        (b"{}", "br", 415),
        (b"{}", "gzip", 400),
        (b"", "gzip", 400),
        (gzip.compress(b"{}", mtime=0)[:-1], "gzip", 400),
        (gzip.compress(b"{}", mtime=0) + b"x", "gzip", 400),
        (gzip.compress(bytes(1 << 20 | 1), mtime=0), "gzip", 413),
        (zlib.compress(bytes(64 << 20)), "deflate", 413),
    ],
)
def test_bad_compression(port: int, packed: bytes, encoding: str, status: int) -> None:
    """What is not whole is 400, what inflates beyond the limit 413, other encodings 415."""
    assert ask(port, "/predict", packed, {"Content-Encoding": encoding}).status == status


def test_health_and_readiness(port: int) -> None:
    """Every protocol's probes answer 200."""
    for path in ("/live", "/ready", "/health/ping", "/health/status", "/v2/health/live"):
        assert ask(port, path).status == 200
    assert ask(port, "/v2/health/ready").json == {"ready": True}
    assert ask(port, "/v2/models/m/versions/1/ready").json == {"name": "m", "ready": True}
    assert ask(port, "/v2/health/ready", method="HEAD")[2] == b""


def test_metadata(port: int) -> None:
    """The server and the model say what they are, as OIP and TensorFlow Serving have it."""
    server = ask(port, "/v2").json
    assert server["version"] == tw.__version__
    assert "binary_tensor_data" in server["extensions"]
    model = ask(port, "/v2/models/m").json
    assert model["name"] == "m"
    assert set(model) == {"name", "versions", "platform", "inputs", "outputs"}
    (status,) = ask(port, "/v1/models/m/versions/3").json["model_version_status"]
    assert (status["version"], status["state"]) == ("3", "AVAILABLE")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(port: int) -> None:
    """Curl speaks to it, with no header said, with Expect, and with a file of binary."""
    url = f"http://127.0.0.1:{port}"
    run = ["curl", "-sS", "--max-time", "20"]
    done = subprocess.run(
        [*run, "-d", json.dumps(SELDON), f"{url}/predict"], capture_output=True, check=True
    )
    assert json.loads(done.stdout) == SELDON
    body, headers = binary_request(binary_data_output=True)
    send = [
        "--data-binary",
        "@-",
        "-H",
        f"{LENGTH}: {headers[LENGTH]}",
        "-H",
        "Expect: 100-continue",
    ]
    done = subprocess.run(
        [*run, *send, f"{url}/v2/models/m/infer"], input=body, capture_output=True, check=True
    )
    assert done.stdout.endswith(struct.pack("<3d", 1, 2, 3))
    big = b"[" * (3 << 20)
    send = ["--data-binary", "@-", "-H", "Expect: 100-continue", "-w", "%{http_code}"]
    done = subprocess.run(
        [*run, *send, f"{url}/predict"], input=big, capture_output=True, check=True
    )
    assert done.stdout.endswith(b"413")
