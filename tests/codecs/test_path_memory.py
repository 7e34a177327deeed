"""The places of values are for error texts: they take neither memory nor work of their own."""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.oip import InferRequest
from tensorwire.tree import walk

KEY = "k" * 24_000
WIDE: dict[str, Any] = {KEY: [[]] * 4_000}
DEEP: Any = [[]] * 4_000
for _ in range(900):
    DEEP = [DEEP]
MOST = 8 << 20  # of messages of 40 kB; a place for each value takes 28 MB and more


def _peak(call: Callable[[], Any]) -> int:
    call()  # imports, and what is remembered
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _request(parameters: Any) -> bytes:
    tensor = {"name": "a", "shape": [1], "datatype": "FP32", "data": [1]}
    return json.dumps({"inputs": [{**tensor, "parameters": {"p": parameters}}]}).encode()


@pytest.mark.parametrize("name", ["oip/json", "oip/binary"])
def test_parameters_under_long_keys_take_little_memory(name: str) -> None:
    """Parameters are read, looked at and written in memory that goes with their size."""
    protocol = tw.get_protocol(name)
    body = _request(WIDE)
    assert _peak(lambda: protocol.decode(body, type=InferRequest)) < MOST
    assert _peak(lambda: protocol.peek(body, type=InferRequest)) < MOST
    request = protocol.decode(body, type=InferRequest)
    assert request.inputs[0].parameters == {"p": WIDE}
    assert _peak(lambda: protocol.encode(request)) < MOST
    assert protocol.decode(*protocol.encode(request)) == request


@pytest.mark.parametrize("value", [WIDE, DEEP], ids=["wide", "deep"])
@pytest.mark.parametrize("media_type", ["application/json", "application/msgpack"])
def test_json_data_takes_little_memory(media_type: str, value: Any) -> None:
    """A jsonData that is wide and deep is written in memory that goes with its size."""
    message = tw.Message(value, "jsonData")
    assert _peak(lambda: tw.dumps(message, media_type)) < MOST
    assert tw.loads(tw.dumps(message, media_type), media_type).value == value


def test_numpy_values_under_long_keys_take_little_memory() -> None:
    """A value of numpy's among others does not change that."""
    value = {KEY: [*WIDE[KEY], np.float32(1.5)]}
    assert _peak(lambda: tw.dumps(tw.Message(value, "jsonData"))) < MOST


def test_the_places_of_a_walk_do_not_grow_with_keys() -> None:
    """A place begins with as much of a key as tells where it is."""
    places = [place for place, _ in walk({KEY: {"a": [[1.5], [2.5]]}}, "$")]
    assert max(map(len, places)) < 5000
    assert all(place.startswith("$.kkk") and place.endswith("k...[0]") for place in places)


def test_the_place_of_a_wrong_parameter_is_exact() -> None:
    """The first wrong value is named, wherever it stands."""
    protocol = tw.get_protocol("oip/json")
    request = protocol.decode(_request({"a": [1, [2, {"b": 3}]]}), type=InferRequest)
    request.inputs[0].parameters["p"]["a"][1][1]["b"] = 2**64
    with pytest.raises(tw.EncodeError) as caught:
        protocol.encode(request)
    assert caught.value.path == "$.inputs[0].parameters.p.a[1][1].b"


def test_the_places_in_msgpack_numpy_do_not_grow_with_keys() -> None:
    """A nested dict of arrays is refused at a place that tells where, though not all of a key."""
    codec = tw.get_codec("msgpack/numpy")
    good = {KEY: [{"a": np.array([1.5], np.float32)}, {"b": 1}]}
    assert codec.decode(codec.encode(good))[KEY][1] == {"b": 1}
    with pytest.raises(tw.EncodeError) as caught:
        codec.encode({KEY: [{"a": np.array([1.5], np.float32)}, {"b": object()}]})
    assert caught.value.path.startswith("$.kkk")
    assert caught.value.path.endswith("k...")
    assert len(caught.value.path) < 5000
