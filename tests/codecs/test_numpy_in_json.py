"""Scalars and arrays of numpy, and of other libraries, where a message has plain JSON values."""

import decimal
import json
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest, InferTensor, RequestedOutput
from tensorwire.seldon import Feedback
from tensorwire.tfserving import PredictRequest
from tests.support.reference import tree_of
from tests.support.values import CONTAINERS, MEDIA_TYPES

media = pytest.mark.parametrize("container", CONTAINERS)


VALUES: list[tuple[Any, Any]] = [
    (np.float32(0.5), 0.5),
    (np.float64(0.5), 0.5),
    (np.float16(0.5), 0.5),
    (np.int64(7), 7),
    (np.uint8(7), 7),
    (np.bool_(1), True),
    (np.str_("text"), "text"),
    (np.array(0.5), 0.5),
    (np.array([1, 2]), [1, 2]),
    (np.array([[0.5], [1.5]], np.float32), [[0.5], [1.5]]),
    (np.array(["a", "b"]), ["a", "b"]),
    (np.array(["a", None], object), ["a", None]),
    ({np.str_("k"): np.int8(1)}, {"k": 1}),
    ([np.float32(0.5), {"deep": [np.int16(2)]}], [0.5, {"deep": [2]}]),
    ((np.float32(0.5), None), [0.5, None]),
]


@media
@pytest.mark.parametrize("case", range(len(VALUES)))
def test_numpy_in_json_data(container: str, case: int) -> None:
    """What numpy has is said in jsonData as the same plain value, alone and inside of others."""
    value, plain = VALUES[case]
    for inside in (lambda x: x, lambda x: {"score": x}, lambda x: [x, "text"]):
        body = tw.dumps(tw.Message(inside(value), "jsonData"), MEDIA_TYPES[container])
        assert tree_of(body, container)["jsonData"] == inside(plain)
        assert tw.loads(body, MEDIA_TYPES[container]).value == inside(plain)


@media
@pytest.mark.parametrize("case", range(len(VALUES)))
def test_numpy_in_tags(container: str, case: int) -> None:
    """What numpy has is said in tags, beside an array, text or nothing at all."""
    value, plain = VALUES[case]
    for message in (
        tw.Message(np.ones(1), meta={"tags": {"p": value}}),
        tw.Message("text", "strData", meta={"tags": {"p": value}}),
        tw.Message(None, "", meta={"tags": {"p": value}}),
    ):
        tree = tree_of(tw.dumps(message, MEDIA_TYPES[container]), container)
        assert tree["meta"]["tags"] == {"p": plain}
    body = tw.get_codec(f"{container}/tensor").encode([1.0], meta={"tags": {"p": value}})
    assert tree_of(body, container)["meta"]["tags"] == {"p": plain}


@media
def test_numpy_in_metrics_status_and_names(container: str) -> None:
    """A metric's value, a status code and the names of columns may be numpy's."""
    metrics = [{"key": np.str_("k"), "type": "GAUGE", "value": np.float32(0.5)}]
    message = tw.Message(
        np.ones((1, 2)),
        "tensor",
        np.array(["a", "b"]),  # type: ignore[arg-type]
        {"metrics": metrics, "puid": np.str_("p"), "routing": {"r": np.int64(1)}},
        {"code": np.int64(200), "info": np.str_("fine"), "status": np.array(0)},
    )
    body = tw.dumps(message, MEDIA_TYPES[container])
    plain = tw.Message(
        np.ones((1, 2)),
        "tensor",
        ["a", "b"],
        {
            "metrics": [{"key": "k", "type": "GAUGE", "value": 0.5}],
            "puid": "p",
            "routing": {"r": 1},
        },
        {"code": 200, "info": "fine", "status": 0},
    )
    assert body == tw.dumps(plain, MEDIA_TYPES[container])
    tree = tree_of(body, container)
    assert tree["data"]["names"] == ["a", "b"]
    assert tree["meta"]["metrics"][0]["value"] == 0.5
    assert tree["status"]["code"] == 200


def test_names_that_are_none_are_refused_with_their_place() -> None:
    """A name that is not text is refused, wherever it is."""
    codec = tw.get_codec("json/tensor")
    bad: Any
    for bad, place in (
        (["a", 1], "$.data.names[1]"),
        (np.array([1, 2]), "$.data.names[0]"),
        (np.array("a"), "$.data.names"),
        ("ab", "$.data.names"),
        (5, "$.data.names"),
        ([None, "a"], "$.data.names[0]"),
    ):
        with pytest.raises(tw.EncodeError, match="expected a list of strings for names") as caught:
            codec.encode(np.ones((1, 2)), names=bad)
        assert caught.value.path == place


@media
def test_numpy_in_feedback(container: str) -> None:
    """A reward may be numpy's."""
    rewards: list[Any] = [np.float32(0.5), np.array(0.5), np.int8(1)]
    for reward in rewards:
        feedback = Feedback(tw.Message(np.ones(1)), reward=reward)
        protocol = tw.get_protocol(f"seldon/{container}")
        again = protocol.decode(protocol.encode(feedback)[0], type=Feedback)
        assert again.reward == float(reward)


@pytest.mark.parametrize("name", ["oip/json", "oip/binary", "oip/protobuf"])
def test_numpy_in_parameters(name: str) -> None:
    """Parameters, names and the id of the Open Inference Protocol may be numpy's."""
    given = {"f": np.float32(0.5), "i": np.int64(7), "b": np.bool_(1), "s": np.str_("t")}
    given["zero"] = np.array(3)
    plain = {"f": 0.5, "i": 7, "b": True, "s": "t", "zero": 3}

    def request(parameters: Any, text: Any) -> InferRequest:
        tensor = InferTensor(text("x"), np.ones(2), parameters)
        wanted = [RequestedOutput(text("y"), parameters)]
        return InferRequest([tensor], text("m"), text("1"), text("i"), parameters, wanted)

    protocol = tw.get_protocol(name)
    body, headers = protocol.encode(request(given, np.str_))
    assert body == protocol.encode(request(plain, str))[0]
    again = protocol.decode(body, headers)
    assert again.parameters == plain
    assert again.inputs[0].parameters == plain


def test_arrays_in_json_parameters() -> None:
    """JSON has a place for a list, and so for a small array, in parameters."""
    protocol = tw.get_protocol("oip/json")
    nested = {"a": np.array([1, 2]), "o": {"b": [np.float32(0.5), np.array([True])]}}
    body = protocol.encode(InferRequest([InferTensor("x", [1.0])], parameters=nested))[0]
    assert json.loads(body)["parameters"] == {"a": [1, 2], "o": {"b": [0.5, [True]]}}
    with pytest.raises(tw.EncodeError):
        tw.get_protocol("oip/protobuf").encode(InferRequest([], parameters=nested))


def test_numpy_in_tensorflow_serving() -> None:
    """Names and versions of TensorFlow Serving may be numpy's."""
    for name in ("tfserving/json", "tfserving/protobuf"):
        protocol = tw.get_protocol(name)
        version: Any = np.int64(3)
        given = PredictRequest({np.str_("x"): np.ones((1, 2))}, np.str_("m"), version)
        plain = PredictRequest({"x": np.ones((1, 2))}, "m", 3)
        assert protocol.encode(given)[0] == protocol.encode(plain)[0]


@media
def test_what_json_cannot_represent_is_refused_with_its_path(container: str) -> None:
    """What no container can say is refused, and the remedy works for it."""
    for bad, remedy in (
        (decimal.Decimal("0.5"), "float(value)"),
        (np.datetime64("2020-01-01"), "str(value)"),
        ({1, 2}, "list(value)"),
        (1j, ""),
        (np.complex64(1), ""),
        (object(), ""),
    ):
        with pytest.raises(tw.EncodeError, match="expected text, a number") as caught:
            tw.dumps(tw.Message({"a": [0.5, bad]}, "jsonData"), MEDIA_TYPES[container])
        assert caught.value.path == "$.jsonData.a[1]"
        assert remedy in str(caught.value)
    for node in (np.array([np.nan]), np.float32("nan")):
        if container == "json":
            with pytest.raises(tw.EncodeError):
                tw.dumps(tw.Message({"a": node}, "jsonData"), MEDIA_TYPES[container])
    deep: Any = np.float32(1)
    for _ in range(10**5):
        deep = [deep]
    with pytest.raises(tw.EncodeError):
        tw.dumps(tw.Message(deep, "jsonData"), MEDIA_TYPES[container])


def test_values_of_other_libraries_in_json() -> None:
    """A tensor of rank 0, a Series and a missing value are plain in JSON."""
    pd = pytest.importorskip("pandas")
    value = {"s": pd.Series([1, 2]), "na": pd.NA, "i": pd.Index(["a"]), "n": pd.array([1, None])}
    body = tw.dumps(tw.Message(value, "jsonData"))
    assert json.loads(body)["jsonData"] == {"s": [1, 2], "na": None, "i": ["a"], "n": [1, None]}
    body = tw.get_codec("json/tensor").encode(np.ones((1, 2)), names=pd.Index(["a", "b"]))
    assert json.loads(body)["data"]["names"] == ["a", "b"]
