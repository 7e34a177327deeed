"""A protocol of another package is served, recognised, shown, converted and peeked at.

It is one folder, `tests/support/plain`, and one line a form among its entry points; nothing else in
this repository names it.
"""

import http.client
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from google.protobuf import json_format, struct_pb2

import tensorwire as tw
from bench.payloads import requests
from tensorwire import protocols, transcoding
from tensorwire.cli.main import main
from tensorwire.server import EchoServer
from tests.support.packages import entry_points_of, install, run_with
from tests.support.server_clients import JSON, PROTOBUF, ask, call, refused

SOURCE = Path(__file__).parents[1] / "support" / "plain"
BODY = {"arrays": {"a": [[1.5, -2.0]], "b": [3, 4]}, "for": "m"}
ARRAYS = {"a": np.array([[1.5, -2.0]]), "b": np.array([3, 4])}
PREDICT = "/plain.Plain/Predict"


def struct(tree: dict[str, Any]) -> bytes:
    """Return a Struct as the runtime of protobuf writes it."""
    return json_format.ParseDict(tree, struct_pb2.Struct()).SerializeToString()


def tree_of(body: bytes) -> dict[str, Any]:
    """Return a Struct as the runtime of protobuf reads it."""
    tree: dict[str, Any] = json_format.MessageToDict(struct_pb2.Struct.FromString(body))
    return tree


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Install the package for a test, by what pip would write beside it."""
    project = (SOURCE / "pyproject.toml").read_text()
    lines = re.findall(r'^"(plain/\S+)" = "(\S+)"$', project, re.MULTILINE)
    assert len(lines) == 2
    entries = "".join(f"{name} = {value}\n" for name, value in lines)
    file = entry_points_of("tensorwire-plain", tmp_path / "site")
    file.write_text(f"[tensorwire.protocols]\n{entries}")
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.syspath_prepend(SOURCE)
    yield
    protocols._plugins.clear()
    transcoding._form_of.cache_clear()
    sys.modules.pop("tensorwire_plain", None)


class Doubling:
    """A model."""

    def predict(self, value: Any) -> Any:
        """Double every array."""
        return {name: 2 * array for name, array in value.items()}


def test_it_is_listed_last_and_found() -> None:
    """Its forms come after the built-in ones, and one name always gives the same object."""
    assert tw.protocol_names()[-2:] == ("plain/json", "plain/protobuf")
    form = tw.get_protocol("plain/json")
    assert form is tw.get_protocol("plain/json")
    assert form.family is tw.get_protocol("plain/protobuf").family
    assert [family.name for family in protocols.families()][-1] == "plain"
    with pytest.raises(tw.UnknownCodecError, match="plain/protobuf"):
        tw.get_protocol("plain/other")


def test_its_recorded_requests_are_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The benchmark reads a body of it by what the family says of its contents."""
    monkeypatch.setattr(requests, "_protocols", protocols.families)
    (tmp_path / "a.json").write_text(json.dumps(BODY))
    form, found = requests.recorded(str(tmp_path / "a.json"))
    assert form == "plain/json"
    for (name, array), (wanted, values) in zip(found, ARRAYS.items(), strict=True):
        assert name == wanted
        np.testing.assert_array_equal(array, values)


def test_peek() -> None:
    """What is peeked at is found by the protocol's name and the media type."""
    found = tw.peek(json.dumps(BODY).encode(), protocol="plain")
    assert [(one.name, one.shape) for one in found.tensors] == [("a", (1, 2)), ("b", (2,))]
    assert tw.peek(struct(BODY), "application/x-protobuf", protocol="plain").kind == "plain"
    with pytest.raises(tw.DecodeError, match="a media type of plain"):
        tw.peek(b"{}", "application/msgpack", protocol="plain")


@pytest.mark.parametrize("name", ["oip/json", "oip/protobuf", "tfserving/json"])
def test_transcode_to_and_from_others(name: str) -> None:
    """Arrays keep their names and values on the way to another protocol and back."""
    there = tw.transcode(json.dumps(BODY).encode(), "plain/json", name)
    back = tree_of(tw.transcode(there, name, "plain/protobuf"))
    assert back["arrays"] == BODY["arrays"]
    request = tw.get_protocol(name).decode(there)
    arrays = request.inputs if name.startswith("tf") else {x.name: x.value for x in request.inputs}
    for array, expected in ARRAYS.items():
        np.testing.assert_array_equal(arrays[array], expected)


def test_transcode_codecs_and_what_is_lost() -> None:
    """A codec's one array gets a name; what the protocol has no member for is refused by place."""
    body = b'{"data":{"names":["c"],"ndarray":[[1.5]]}}'
    with pytest.raises(tw.EncodeError) as caught:
        tw.transcode(body, "json/ndarray", "plain/json")
    assert caught.value.path == "$.data.names"
    made = tw.transcode(body, "json/ndarray", "plain/json", lossy=True)
    assert json.loads(made) == {"arrays": {"x": [[1.5]]}}
    assert tw.get_codec("protobuf/tensor").decode(
        tw.transcode(made, "plain/json", "protobuf/tensor")
    ) == [[1.5]]


@pytest.mark.parametrize(
    ("body", "name"),
    [(json.dumps(BODY).encode(), "plain/json"), (struct(BODY), "plain/protobuf")],
    ids=["json", "protobuf"],
)
def test_the_command_line(
    body: bytes, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its bytes are recognised, shown, and converted, and requests of it are made."""
    file, out = tmp_path / "in", tmp_path / "out"
    file.write_bytes(body)
    assert main(["inspect", str(file), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["format"], told["message"]) == (name, "Request")
    assert {one["name"]: one["first"] for one in told["tensors"]} == {"a": [1.5, -2.0], "b": [3, 4]}
    assert main(["convert", str(file), str(out), "--to", "oip/json"]) == 0
    assert {one["name"] for one in json.loads(out.read_bytes())["inputs"]} == {"a", "b"}
    made = ["make", str(tmp_path), "--codec", name, "--shape", "2", "--values", "1.5"]
    assert main([*made, "--input", "y", "--model", "n"]) == 0
    stem = tmp_path / name.replace("/", "-")
    shown = capsys.readouterr().out
    if name == "plain/json":
        assert json.loads(stem.with_suffix(".json").read_bytes()) == {
            "arrays": {"y": [1.5, 1.5]},
            "for": "n",
        }
        assert "http://127.0.0.1:9000/plain/n" in shown
    else:
        assert tree_of(stem.with_suffix(".bin").read_bytes())["arrays"] == {"y": [1.5, 1.5]}
        assert "plain.Plain/Predict" in shown
    assert main(["--formats"]) == 0
    assert name in capsys.readouterr().out.split()


def test_the_server() -> None:
    """Both transports serve it: an echo, a model, its own errors, and the list of routes."""
    with EchoServer() as server:
        reply = ask(server.rest_port, "/plain/m", json.dumps(BODY), JSON)
        assert (reply.status, reply.json) == (200, {"arrays": BODY["arrays"]})
        reply = ask(server.rest_port, "/plain/m", json.dumps(BODY), JSON | {"Accept": "*/*;q=0.1"})
        assert reply.json == {"arrays": BODY["arrays"]}
        accept = {"Accept": PROTOBUF["Content-Type"]}
        reply = ask(server.rest_port, "/plain/m", json.dumps(BODY), JSON | accept)
        assert tree_of(reply.body)["arrays"] == BODY["arrays"]
        assert tree_of(call(server.grpc_port, PREDICT, struct(BODY)))["arrays"] == BODY["arrays"]
        wrong = ask(server.rest_port, "/plain/m", b"{}", JSON)
        assert (wrong.status, list(wrong.json)) == (400, ["wrong"])
        code, text = refused(server.grpc_port, PREDICT, b"\xff")
        assert code == grpc.StatusCode.INVALID_ARGUMENT.name
        assert "plain message" in text
        assert ask(server.rest_port, "/plain", method="GET").json == {"live": True}
        routes = {one["path"]: one for one in ask(server.rest_port, "/").json["rest"]}
        assert routes["/plain/{model_name}"]["protocols"] == ["plain/json", "plain/protobuf"]
    with EchoServer(Doubling()) as server:
        reply = ask(server.rest_port, "/plain/m", json.dumps(BODY), JSON)
        assert reply.json == {"arrays": {"a": [[3.0, -4.0]], "b": [6, 8]}}
        assert reply.status == http.client.OK


def test_what_is_no_protocol_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point to another object is refused where its name is asked for, and nowhere else."""
    file = entry_points_of("other", tmp_path / "other")
    file.write_text("[tensorwire.protocols]\nother/json = json:loads\n")
    monkeypatch.syspath_prepend(tmp_path / "other")
    assert "other/json" in tw.protocol_names()
    with pytest.raises((ValueError, TypeError)):
        tw.get_protocol("other/json")
    assert tw.get_protocol("plain/json").name == "plain/json"


@pytest.mark.slow
def test_installed_by_pip(tmp_path: Path) -> None:
    """It is found where pip has installed it, and costs nothing where it is not asked for."""
    script = """
import sys
import tensorwire as tw

tw.transcode(b'{"data":{"ndarray":[[1.5]]}}', "json/ndarray", "oip/json")
assert not {"tensorwire_plain", "importlib.metadata"} & sys.modules.keys()
print(tw.transcode(b'{"data":{"ndarray":[[1.5]]}}', "json/ndarray", "plain/json").decode())
"""
    assert json.loads(run_with(install(SOURCE, tmp_path), script)) == {"arrays": {"x": [[1.5]]}}
