"""What a message of Seldon claims about its arrays, held to what is decoded."""

from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.errors import DecodeError
from tensorwire.missing import VERIFIED
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList
from tensorwire.protocols.seldon.peek import peek_tree

JSON = CONTAINERS["json"]


def peeked(tree: Any, kind: type = Message) -> Any:
    """Return the claims of a tree, as a parser gives it."""
    return peek_tree(tree, 1000, VERIFIED, kind, JSON)


@pytest.mark.parametrize(
    ("data", "dtype", "shape"),
    [
        ({"ndarray": [[1.5, 2]]}, "f8", (1, 2)),
        ({"ndarray": [[1], [2]]}, "i8", (2, 1)),
        ({"ndarray": [True]}, "?", (1,)),
        ({"ndarray": [1, None]}, None, (2,)),
        ({"tensor": {"shape": ["2", 3], "values": [1.5] * 6}}, "f8", (2, 3)),
        ({"tensor": {"shape": [0], "values": None}}, "f8", (0,)),
        ({"tensor": {"shape": [1], "values": ["x"]}}, None, (1,)),
        ({"tftensor": {"dtype": "DT_INT8", "tensorShape": {"dim": [{"size": 2}]}}}, "i1", (2,)),
        ({"tftensor": {"dtype": 7}}, "S", ()),
    ],
    ids=str,
)
def test_the_claim_of_an_array(data: Any, dtype: str | None, shape: Any) -> None:
    """Dtype and shape, None where only a reader of the values could tell."""
    found = peeked({"data": {**data, "names": ["a"]}})
    assert found.kind == next(iter(data))
    assert found.dtype == (None if dtype is None else np.dtype(dtype))
    assert found.shape == shape
    assert found.names == ["a"]


@pytest.mark.parametrize("kind", ["ndarray", "tensor", "tftensor", "raw"])
@pytest.mark.parametrize("container", CONTAINERS)
def test_the_claim_is_what_decode_gives(container: str, kind: str) -> None:
    """In each container."""
    codec = tw.get_codec(f"{container}/{kind}")
    array = np.arange(6, dtype=np.uint8) if kind == "raw" else np.arange(600.5).reshape(1, -1)
    body = codec.encode(array)
    wanted: Any = codec.decode(body)
    found = tw.peek(body, codec.media_type)
    assert (found.kind, found.dtype, found.shape) == (kind, wanted.dtype, wanted.shape)


@pytest.mark.parametrize(
    ("tree", "path"),
    [
        ({"data": {"ndarray": 5}}, "$.data.ndarray"),
        ({"data": {"tensor": []}}, "$.data.tensor"),
        ({"data": {"tensor": {"shape": [-1]}}}, "$.data.tensor.shape"),
        ({"data": {"tftensor": []}}, "$.data.tftensor"),
        ({"data": {"tftensor": {"dtype": "DT_X"}}}, "$.data.tftensor.dtype"),
        ({"binData": 5}, "$.binData"),
        ({"data": {"ndarray": [], "tensor": {}}}, "$"),
        ({"data": 5}, "$.data"),
        ({"meta": 5, "binData": ""}, "$.meta"),
    ],
    ids=str,
)
def test_what_is_no_message_is_refused_with_its_path(tree: Any, path: str) -> None:
    """As a reader would refuse it."""
    with pytest.raises(DecodeError) as error:
        peeked(tree)
    assert error.value.within("$").path.startswith(path)


def test_arrays_of_lists_and_feedback_are_named_by_path() -> None:
    """In their order; a member without an array has none."""
    one, two = {"data": {"ndarray": [1.5]}}, {"binData": "YQ=="}
    found = peeked({"seldonMessages": [one, {"strData": "x"}, two]}, MessageList)
    assert found.kind == "seldonMessages"
    assert [info.name for info in found.tensors] == ["seldonMessages[0]", "seldonMessages[2]"]
    assert [info.shape for info in found.tensors] == [(1,), (1,)]
    found = peeked({"request": one, "reward": 0.5, "truth": two}, Feedback)
    assert found.kind == "feedback"
    assert [info.name for info in found.tensors] == ["request", "truth"]
    with pytest.raises(DecodeError) as error:
        peeked({"seldonMessages": [one, {"data": {"ndarray": 5}}]}, MessageList)
    assert error.value.path == "$.seldonMessages[1].data.ndarray"
