"""ListValues, held to protobuf's runtime."""

from typing import Any

import numpy as np
import pytest
from google.protobuf.struct_pb2 import ListValue

from tensorwire.containers.protobuf.listvalue import (
    MAX_RANK,
    ListValueSource,
    encode_small,
    layout,
    small_array_writer,
)
from tensorwire.errors import DecodeError, LimitError
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.tree import Irregular, Leaf, Role
from tensorwire.wire.buffers import join
from tensorwire.wire.grid import GridFill
from tests.support.reference import fill_list

SHAPES = [(1,), (3,), (2, 3), (1, 1), (2, 1, 4), (12, 12), (600,), (2, 700), (13, 11, 5), (1,) * 20]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def official(nested: Any) -> bytes:
    """Return what the runtime writes for nested lists."""
    message = ListValue()
    fill_list(message, nested)
    text: bytes = message.SerializeToString()
    return text


def arrays(shape: tuple[int, ...]) -> list[Any]:
    """Return numbers and bools of a shape."""
    numbers = np.random.default_rng(1).standard_normal(shape)
    return [numbers, numbers > 0]


def source(body: bytes) -> ListValueSource:
    """Return a ListValue that has other bytes around it."""
    return ListValueSource(b"\xff" + body + b"\xff", 1, 1 + len(body))


@shapes
def test_a_list_is_what_protobuf_writes(shape: tuple[int, ...]) -> None:
    """Numbers and bools, small or not, by each way in which they are written."""
    for array in arrays(shape):
        wanted = official(array.tolist())
        grid = layout(shape, array.dtype.kind == "b")
        assert join(b"", GridFill(grid, array), b"") == wanted
        assert encode_small(array) == wanted
        write = small_array_writer(Leaf(Role.NESTED, array))
        assert (write is None) == (array.dtype.kind == "b")
        assert write is None or write(array) == wanted


@shapes
def test_a_list_is_read_back(shape: tuple[int, ...]) -> None:
    """The values, and what `peek` returns before them; `out` is filled."""
    for array in arrays(shape):
        body = official(array.tolist())
        found = source(body).read(DEFAULT_LIMITS)
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert np.array_equal(found, array)
        assert source(body).peek() == (array.dtype, array.shape)
        out = np.zeros(shape, array.dtype)
        assert source(body).read(DEFAULT_LIMITS, out) is out
        assert np.array_equal(out, array)


@pytest.mark.parametrize("shape", [(0,), (1, 0)], ids=str)
def test_a_list_of_nothing(shape: tuple[int, ...]) -> None:
    """An empty list is one of float64."""
    body = official(np.zeros(shape).tolist())
    found = source(body).read(DEFAULT_LIMITS)
    assert (found.dtype, found.shape) == (np.dtype(float), shape)


@pytest.mark.parametrize(
    "nested",
    [[1.0, True], [True, 1.0], [[1.0], [1.0, 2.0]], [1.0, [1.0]], [[1.0], 1.0], [[[]], [[1.0]]]],
    ids=str,
)
def test_other_lists_are_irregular(nested: Any) -> None:
    """Mixed or ragged rows are for the runtime, in `read` and in `peek`."""
    with pytest.raises(Irregular):
        source(official(nested)).read(DEFAULT_LIMITS)
    with pytest.raises(Irregular):
        source(official(nested)).peek()


@pytest.mark.parametrize("shape", [(2,), (2, 3), (600,), (2, 700)], ids=str)
def test_bytes_that_change_are_never_another_array(shape: tuple[int, ...]) -> None:
    """Whatever bit flips, the array is that of the runtime, or the runtime is asked."""
    array = np.arange(float(np.prod(shape))).reshape(shape)
    good = official(array.tolist())
    rng = np.random.default_rng(3)
    for at in rng.integers(0, len(good), 200).tolist():
        body = bytearray(good)
        body[at] ^= 1 << int(rng.integers(8))
        try:
            found = source(bytes(body)).read(DEFAULT_LIMITS)
        except Irregular:
            continue
        assert official(found.tolist()) == bytes(body)


def test_a_bool_is_zero_or_one() -> None:
    """Another byte is true to the runtime, and written as another one."""
    for count in (2, 600):
        body = official([True] * count)
        with pytest.raises(Irregular):
            source(body[:-1] + b"\x02").read(DEFAULT_LIMITS)
        with pytest.raises(Irregular):
            source(body[:-1] + b"\x02").peek()


def test_a_body_that_is_cut_off() -> None:
    """No list is read beyond its end: a prefix is one of whole rows, or irregular."""
    body = official([[1.0, 2.0], [3.0, 4.0]])
    for stop in range(1, len(body)):
        try:
            found = ListValueSource(body[:stop], 0, stop).read(DEFAULT_LIMITS)
        except Irregular:
            continue
        assert official(found.tolist()) == body[:stop]


def test_limits_and_out_come_before_values() -> None:
    """A claim over the limits, and an `out` of another shape, are refused."""
    body = official([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(LimitError):
        source(body).read(Limits(max_elements=3))
    out = np.zeros((2, 3))
    with pytest.raises(DecodeError, match="expected float64 of shape"):
        source(body).read(DEFAULT_LIMITS, out)
    assert not out.any()


def test_lists_deeper_than_protobuf_reads() -> None:
    """The deepest list that is read here has as many dimensions as protobuf reads."""
    for rank in (MAX_RANK, MAX_RANK + 1):
        grid = layout((1,) * rank, False)  # noqa: FBT003
        body = join(b"", GridFill(grid, np.ones((1,) * rank)), b"")
        if rank == MAX_RANK:
            assert source(body).peek()[1] == (1,) * rank
        else:
            with pytest.raises(Irregular):
                source(body).peek()
