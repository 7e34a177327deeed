"""The caches of a codec keep what is in use, however much passes by."""

import numpy as np
import pytest

from tensorwire.protocols.seldon.codec import Codec
from tests.support.caches import LIVE, counted, shapes

VIEWED = [f"{c}/{k}" for c in ("protobuf", "msgpack") for k in ("tensor", "tftensor", "raw")]


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


def test_what_cannot_be_learned_is_tried_once() -> None:
    """An array without a writer of its own is not looked at again for the sake of learning."""
    codec, array = Codec("json", "ndarray"), np.ones(3, np.float16)
    with counted(type(codec.container), "small_array_writer") as learned:
        for _ in range(50):
            codec.encode(array)
    assert len(learned) == 1
