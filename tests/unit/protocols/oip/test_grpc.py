"""What messages over gRPC are remembered by, and how they are made again."""

from typing import Any

import numpy as np

from tensorwire.oip import InferRequest, InferResponse, InferTensor, RequestedOutput
from tensorwire.protocols.oip.grpc import OipGrpc, _key_of
from tensorwire.protocols.oip.messages import remaker, small_array_key
from tests.support.oip_values import told


def test_keys() -> None:
    """Messages of different bytes have different keys; id and values are in none."""
    array = np.ones((1, 3))
    one = InferRequest([InferTensor("x", array)], "m")
    others: list[Any] = [
        InferRequest([InferTensor("y", array)], "m"),
        InferRequest([InferTensor("x", array)], "n"),
        InferRequest([InferTensor("x", array)], "m", "1"),
        InferRequest([InferTensor("x", array.T)], "m"),
        InferRequest([InferTensor("x", array.astype("f4"))], "m"),
        InferRequest([InferTensor("x", array)] * 2, "m"),
        InferResponse([InferTensor("x", array)], "m"),
        InferRequest([InferTensor("x", array)], "m", outputs=[RequestedOutput("y")]),
        InferRequest(
            [InferTensor("x", array)], "m", outputs=[RequestedOutput("y", {"binary_data": True})]
        ),
    ]
    keys: list[Any] = [_key_of(message) for message in (one, *others)]
    assert len({key[0] for key in keys if key}) == len(keys)
    again = InferRequest([InferTensor("x", array * 2)], "m", id="7", parameters={"a": 1})
    repeated: Any = _key_of(again)
    assert repeated[0] == keys[0][0]
    assert small_array_key(again) is None
    same = InferRequest([InferTensor("x", array * 2)], "m")
    small: Any = small_array_key(one)
    known: Any = small_array_key(same)
    assert small[0] == known[0]
    assert small[1] is array


def test_messages_are_made_again() -> None:
    """What makes a message of other arrays keeps its names, and shares no dict or list."""
    outputs = [RequestedOutput("y", {"binary_data": True}), RequestedOutput("z")]
    for message in (
        InferRequest([InferTensor("x", np.ones(2))], "m", "1", "7", {}, outputs),
        InferRequest([InferTensor("x", np.ones(2))], "m", parameters={"binary_data_output": True}),
        InferResponse([InferTensor("x", np.ones(2)), InferTensor("y", np.ones(1))], "m"),
    ):
        arrays, make = remaker(message)  # type: ignore[misc]
        made, again = make(arrays, message.id), make(arrays, message.id)
        assert told(made) == told(message)
        assert made.parameters is not again.parameters
        assert made.outputs is not again.outputs
    assert remaker(InferRequest([InferTensor("x", np.ones(2), {"a": 1})])) is None
    assert remaker(InferRequest([InferTensor("x", np.ones(2))], parameters={"a": 1})) is None


def test_a_message_is_remembered_when_it_comes_again() -> None:
    """The first message of a shape makes no entry, the second one does."""
    protocol, message = OipGrpc("oip/protobuf"), InferRequest([InferTensor("x", np.ones(2))])
    bodies = []
    for count in (0, 1, 1):
        bodies.append(protocol.encode(message)[0])
        protocol.decode(bodies[-1])
        assert len(protocol._frames) == len(protocol._views) == count
    assert len(set(bodies)) == 1
