"""What protocols remember stays as long as it is in use, however much passes by."""

from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire import oip, tfserving
from tensorwire.containers import CONTAINERS
from tests.support.caches import LIVE, counted, fresh, shapes


@pytest.mark.slow
@LIVE
@pytest.mark.parametrize("name", ["oip/protobuf", "oip/binary", "tfserving/protobuf"])
def test_protocols(name: str, count: int) -> None:
    """Requests of live shapes are neither written nor read anew."""
    protocol, made = fresh(name), []
    for shape in shapes(count, 2):
        array = np.ones(shape)
        message: Any = oip.InferRequest([oip.InferTensor("x", array)], "m")
        if name.startswith("tfserving"):
            message = tfserving.PredictRequest({"x": array, "y": array}, "m")
        made.append((message, *protocol.encode(message)))
    for _, body, headers in made * 2:  # a batch size that comes once is not remembered
        protocol.decode(body, headers)
    container = CONTAINERS["json" if name == "oip/binary" else "protobuf"]
    with (
        counted(type(container), "frame") as frames,
        counted(type(container), "read") as reads,
    ):
        for message, body, headers in made * 3:
            assert protocol.encode(message) == (body, headers)
            protocol.decode(body, headers)
    assert not frames
    assert not reads


@pytest.mark.slow
@pytest.mark.parametrize("name", ["oip/protobuf", "tfserving/protobuf", "seldon/protobuf"])
def test_learning_never_ends(name: str) -> None:
    """After ten thousand different messages a new one is still learned, soon."""
    protocol = fresh(name)

    def message(size: int) -> Any:
        array = np.zeros(size, np.int8)
        if name.startswith("oip"):
            return oip.InferRequest([oip.InferTensor("x", array)])
        if name.startswith("seldon"):
            return tw.Message(array, "tftensor")
        return tfserving.PredictRequest({"x": array})

    for size in range(2, 10_000):
        protocol.decode(protocol.encode(message(size))[0])
    new = message(20_000)
    body = protocol.encode(new)[0]
    for _ in range(3):
        assert protocol.encode(new)[0] == body
        protocol.decode(body)
    with (
        counted(type(CONTAINERS["protobuf"]), "frame") as frames,
        counted(type(CONTAINERS["protobuf"]), "read") as reads,
    ):
        assert protocol.encode(new)[0] == body
        protocol.decode(body)
    assert not frames
    assert not reads


def test_messages_of_one_length() -> None:
    """Fifty messages of one length differ in a name; all are known, and distinguished."""
    protocol = fresh("tfserving/protobuf")
    array = np.arange(5.0)
    bodies = [
        protocol.encode(tfserving.PredictRequest({f"x{i}": array + i}))[0] for i in range(10, 60)
    ]
    for _ in range(3):
        for i, body in enumerate(bodies, 10):
            found = protocol.decode(body).inputs
            assert list(found) == [f"x{i}"]
            np.testing.assert_array_equal(found[f"x{i}"], array + i)
    key = tfserving.PredictRequest, len(bodies[-1])
    assert all(protocol._views.view(body, key) is not None for body in bodies)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["oip/protobuf", "oip/binary"])
def test_ids_that_never_come_twice(name: str) -> None:
    """After ten thousand messages a new shape is still learned, whatever the ids."""
    protocol = fresh(name)

    def decoded(size: int, number: int) -> Any:
        tensor = oip.InferTensor("x", np.zeros(size, np.int8))
        body, headers = protocol.encode(oip.InferRequest([tensor], id=f"{number:06}"))
        found = protocol.decode(body, headers)
        assert (found.id, found.inputs[0].value.size) == (f"{number:06}", size)

    for number in range(10_000):
        decoded(2 + number // 2, number)
    for number in range(4):
        decoded(20_000, number)
    with counted(type(protocol._views), "remember") as learned:
        decoded(20_000, 77)
    assert not learned
