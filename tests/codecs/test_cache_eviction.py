"""What codecs and protocols remember stays as long as it is in use, however much passes by."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire import oip, tfserving
from tensorwire.containers import CONTAINERS
from tensorwire.protocols import _built_in
from tensorwire.protocols.seldon.codec import Codec

LIVE = pytest.mark.parametrize("count", [300, 1000])
VIEWED = [f"{c}/{k}" for c in ("protobuf", "msgpack") for k in ("tensor", "tftensor", "raw")]


def shapes(count: int, least: int = 1) -> list[tuple[int, int]]:
    """Return distinct shapes, many of one size, of arrays of at least so many elements."""
    found = [(rows, size // rows) for size in range(least, 4 * count + least) for rows in (1, 2, 3)]
    found = [(rows, columns) for rows, columns in found if columns]
    return list(dict.fromkeys(found))[:count]


@contextmanager
def counted(owner: Any, name: str) -> Iterator[list[int]]:
    """Count the calls of a method."""
    calls: list[int] = []
    method = getattr(owner, name)

    def call(*args: Any, **options: Any) -> Any:
        calls.append(1)
        return method(*args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, call)
        yield calls


def fresh(name: str) -> Any:
    """Return a protocol that remembers nothing."""
    return _built_in.__wrapped__(name)


@pytest.mark.slow
@LIVE
@pytest.mark.parametrize("least", [1, 1100])
@pytest.mark.parametrize("name", ["json/tensor", "protobuf/tftensor", "msgpack/raw"])
def test_frames(name: str, least: int, count: int) -> None:
    """The bytes around arrays are made once for each live shape, small or long."""
    codec = Codec(*name.split("/"))
    arrays = [np.ones(shape, np.float32) for shape in shapes(count, least)]
    bodies = [codec.encode(array) for array in arrays]
    with counted(type(codec.container), "frame") as frames:
        for _ in range(3):
            assert [codec.encode(array) for array in arrays] == bodies
    assert not frames


@LIVE
@pytest.mark.parametrize("name", ["json/ndarray", "protobuf/ndarray", "msgpack/tensor"])
def test_writers(name: str, count: int) -> None:
    """A small array of a live shape is written in one piece."""
    codec = Codec(*name.split("/"))
    arrays = [np.ones(shape) for shape in shapes(count)]
    bodies = [codec.encode(array) for array in arrays]
    with counted(type(codec.container), "write") as writes:
        for _ in range(3):
            assert [codec.encode(array) for array in arrays] == bodies
    assert not writes


@LIVE
@pytest.mark.parametrize("name", VIEWED)
def test_views(name: str, count: int) -> None:
    """A message of a live shape is viewed, also among those of the same length."""
    codec = Codec(*name.split("/"))
    if name.endswith("raw"):
        bodies = [codec.encode(bytes(size)) for size in range(1, count + 1)]
    else:
        bodies = [codec.encode(np.ones(shape)) for shape in shapes(count, 2)]
    for body in bodies * 2:  # a batch size that comes once is not remembered
        codec.decode(body)
    with counted(type(codec.container), "read") as reads:
        for body in bodies * 3:
            codec.decode(body)
    assert not reads


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
def test_strangers_do_not_push_out_what_is_in_use() -> None:
    """Ten thousand other shapes pass by, and those in use are still known."""
    codec = Codec("protobuf", "tftensor")
    mine = [np.ones((2, size)) for size in range(1, 51)]
    bodies = [codec.encode(array) for array in mine]
    for body in bodies * 2:  # a batch size that comes once is not remembered
        codec.decode(body)
    for size in range(1, 10_001):
        other = np.zeros((1, size), np.int8)
        codec.decode(codec.encode(other))
        if size % 5 == 0:
            at = size // 5 % 50
            with (
                counted(type(codec.container), "frame") as frames,
                counted(type(codec.container), "read") as reads,
            ):
                assert codec.encode(mine[at]) == bodies[at]
                codec.decode(bodies[at])
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


def test_what_cannot_be_learned_is_tried_once() -> None:
    """An array without a writer of its own is not looked at again for the sake of learning."""
    codec, array = Codec("json", "ndarray"), np.ones(3, np.float16)
    with counted(type(codec.container), "small_array_writer") as learned:
        for _ in range(50):
            codec.encode(array)
    assert len(learned) == 1


def test_messages_of_one_length() -> None:
    """Fifty messages of one length differ in a name; those in use are distinguished."""
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
    assert protocol._views.view(bodies[-1], (tfserving.PredictRequest, len(bodies[-1]))) is not None
