"""The bytes around plain arrays are those that protobuf's runtime writes."""

from typing import Any

import numpy as np
import pytest

from tensorwire.oip import InferRequest, InferResponse, InferTensor, RequestedOutput
from tensorwire.protocols.oip.grpc import OipGrpc, _key_of, _plain_pieces
from tensorwire.protocols.oip.messages import remaker, small_array_key
from tests.support.oip_values import official, told

SHAPES = [(), (1,), (1, 300), (0,), (2, 0, 3), (127, 1), (1, 128), (20_000,)]
NAMES = ["x", "", "é", "n" * 99, "n" * 130]


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_pieces(shape: tuple[int, ...], typed: bool) -> None:  # noqa: FBT001
    """Pieces and memory together are the message, for names and shapes of any length."""
    for kind in (InferRequest, InferResponse):
        for name in NAMES:
            for dtype in (np.float32, np.float64) if typed else (np.float16, np.bool_, np.uint64):
                tensors = [InferTensor(name, np.ones(shape, dtype)) for _ in range(2)]
                message = kind(tensors, "m" * (len(name) % 3), "v" * (len(name) % 2))
                pieces, head = _plain_pieces(message, typed=typed)
                memory = [tensor.value.tobytes() for tensor in tensors]
                body = pieces[0] + memory[0] + pieces[1] + memory[1] + pieces[2]
                assert body == official(message, typed=typed).SerializeToString()
                bare = kind([], message.model_name, message.model_version)
                assert head == official(bare, typed=typed).ByteSize()


@pytest.mark.parametrize(
    ("dtype", "typed"), [(">f4", False), ("S3", False), ("i4", True), ("f2", True), ("?", True)]
)
def test_arrays_that_are_not_plain(dtype: str, *, typed: bool) -> None:
    """What is not written as memory is for the tree."""
    message = InferRequest([InferTensor("x", np.ones(2).astype(dtype))])
    with pytest.raises(LookupError):
        _plain_pieces(message, typed=typed)


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
