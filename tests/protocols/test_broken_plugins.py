"""A broken protocol of another package is refused by name, and everything else goes on."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire import protocols
from tensorwire.cli.main import main
from tensorwire.server import EchoServer
from tests.support.packages import entry_points_of
from tests.support.server_clients import JSON, ask, call

MODULE = """
from tensorwire.protocols.family import Call, Endpoint, Family

ENDPOINTS, CALLS, RECOGNIZED = (), (), lambda: None


class Silent(Exception):
    def __str__(self):
        raise RuntimeError


def fail():
    raise Silent


class Mine(Family):
    request = response = dict

    def __init__(self, name):
        self.name, self.endpoints, self.calls = name, ENDPOINTS, CALLS

    def recognize(self, body, document):
        return RECOGNIZED()


class Other(Mine):
    pass


class Form:
    media_type, request, response = "a/b", dict, dict
    encode = encode_parts = decode = peek = encode_error = None

    def __init__(self, name, family):
        self.name, self.family = name, family


def boom(name):
    raise RuntimeError("no licence")


class Late(Form):
    family = property(boom)

    def __init__(self, name):
        self.name = name


def mine(name):
    return Form(name, Mine("mine"))


def other(name):
    return Form(name, Other("mine"))


def oip(name):
    return Form(name, Mine("oip"))


def none(name):
    return Form(name, None)
"""
Install = Callable[..., Any]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Return a function that installs entry points, and returns their module."""

    def installed(**entries: str) -> Any:
        lines = "".join(f"{name.replace('_', '/')} = {value}\n" for name, value in entries.items())
        entry_points_of("strange", tmp_path).write_text(f"[tensorwire.protocols]\n{lines}")
        (tmp_path / "strange_protocol.py").write_text(MODULE)
        monkeypatch.syspath_prepend(tmp_path)
        return __import__("strange_protocol")

    yield installed
    protocols._plugins.clear()
    sys.modules.pop("strange_protocol", None)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("strange_protocol:boom", "RuntimeError: no licence"),
        ("strange_protocol:Late", "RuntimeError: no licence"),
        ("strange_protocol:missing", "AttributeError"),
        ("no_such_module:f", "ModuleNotFoundError"),
        ("strange_protocol:none", "a form of the family None"),
        ("strange_protocol:mine", "a form of the family 'mine'"),
        ("strange_protocol:oip", "a form of the family 'oip'"),
    ],
)
def test_a_broken_plugin_is_left_out(
    install: Install, entry: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its name is refused; server and command line go on with a warning that names it."""
    install(boom_json=entry)
    with pytest.raises(tw.EncodeError, match=problem) as caught:
        tw.get_protocol("boom/json")
    assert "'boom/json'" in str(caught.value)
    assert repr(entry) in str(caught.value)
    with pytest.warns(RuntimeWarning, match="protocol boom is left out") as warned:
        names = [family.name for family in protocols.families()]
    assert (names, len(warned)) == (["seldon", "oip", "tfserving"], 1)
    file = tmp_path / "request.json"
    file.write_text('{"data":{"ndarray":[1]}}')
    with pytest.warns(RuntimeWarning, match="protocol boom is left out"):
        assert main(["inspect", str(file)]) == 0
    assert "ndarray" in capsys.readouterr().out
    with pytest.warns(RuntimeWarning, match="protocol boom is left out"), EchoServer() as server:
        reply = ask(server.rest_port, "/predict", '{"data":{"ndarray":[1]}}', JSON)
    assert reply.status == 200


@pytest.mark.parametrize(
    ("function", "got"),
    [("fail", "got Silent"), ("list", "got list")],
    ids=["raises", "wrong type"],
)
def test_a_plugin_that_recognises_nothing(
    install: Install, function: str, got: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One whose `recognize` fails is left out with a warning; other protocols are recognised."""
    module = install(mine_json="strange_protocol:mine")
    module.RECOGNIZED = getattr(module, function, list)
    file = tmp_path / "request"
    request = tw.oip.InferRequest([tw.oip.InferTensor("x", np.array([1.5]))], model_name="m")
    file.write_bytes(tw.get_protocol("oip/protobuf").encode(request)[0])
    with pytest.warns(RuntimeWarning, match=f"protocol mine is left out: .*recognize.*{got}"):
        assert main(["inspect", str(file)]) == 0
    assert "oip/protobuf" in capsys.readouterr().out


def test_a_family_keeps_its_name(install: Install) -> None:
    """The forms of one name have one family, whichever package they are from."""
    install(
        oip_mine="strange_protocol:oip",
        mine_json="strange_protocol:mine",
        mine_text="strange_protocol:mine",
        mine_other="strange_protocol:other",
    )
    assert tw.get_protocol("mine/json").name == "mine/json"
    assert tw.get_protocol("mine/text").name == "mine/text"
    with pytest.raises(tw.EncodeError, match="another family that is named 'mine'"):
        tw.get_protocol("mine/other")
    with pytest.raises(tw.EncodeError, match="another family that is named 'oip'"):
        tw.get_protocol("oip/mine")
    assert [family.name for family in protocols.families()] == [
        "seldon",
        "oip",
        "tfserving",
        "mine",
    ]


def test_the_first_family_keeps_a_path(install: Install) -> None:
    """A plug-in takes neither the endpoint nor the gRPC method of a built-in protocol."""
    path, service = "/v2/models/{model_name}/infer", "inference.GRPCInferenceService"
    module = install(mine_json="strange_protocol:mine")
    module.ENDPOINTS = (module.Endpoint(path, "predict", ("POST",)),)
    module.CALLS = (module.Call(service, "ModelInfer", "predict"),)
    request = tw.oip.InferRequest([tw.oip.InferTensor("x", np.array([1.5]))], model_name="m")
    json, _ = tw.get_protocol("oip/json").encode(request)
    protobuf, _ = tw.get_protocol("oip/protobuf").encode(request)
    response = tw.oip.InferResponse
    with EchoServer() as server:
        reply = ask(server.rest_port, "/v2/models/m/infer", json, JSON)
        assert tw.get_protocol("oip/json").decode(reply.body, type=response).outputs[0].value == 1.5
        body = call(server.grpc_port, f"/{service}/ModelInfer", protobuf)
        assert tw.get_protocol("oip/protobuf").decode(body, type=response).outputs[0].value == 1.5
        methods = [row["method"] for row in ask(server.rest_port, "/").json["grpc"]["methods"]]
    assert len(methods) == len(set(methods))
