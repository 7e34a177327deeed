"""The canonical header of a TensorProto, held to protobuf's runtime."""

from random import Random
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from tensorwire.containers.protobuf.schema import message_class
from tensorwire.kinds.tensorproto import BY_NUMBER, Type, dtype_of
from tensorwire.protocols.tensorproto import described, header
from tensorwire.tree import Irregular

SHAPES = ((2,), (1, 2), (127,), (128,), (3, 300, 1), (70_000,), (1,) * 31 + (2,), (2,) * 10)
ONE = ((), (1,), (1, 1))
MEMORY = [row for row in BY_NUMBER.values() if row.content or row.name.startswith("DT_COMPLEX")]
VALUES = [row for row in BY_NUMBER.values() if row not in MEMORY and row.name != "DT_STRING"]


def written(row: Type, shape: tuple[int, ...]) -> bytes:
    """Return a TensorProto without its elements, as protobuf's runtime writes it."""
    message: Any = message_class("tensorflow.TensorProto")(dtype=row.number)
    message.tensor_shape.SetInParent()
    for size in shape:
        message.tensor_shape.dim.add(size=size)
    body: bytes = message.SerializeToString()
    return body


@pytest.mark.parametrize("row", MEMORY, ids=lambda row: row.name)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_header_as_the_runtime_writes(row: Type, shape: tuple[int, ...]) -> None:
    """With its elements, the header is the runtime's message, and is described as it was made."""
    dtype, count = dtype_of(row), int(np.prod(shape))
    first = header(dtype, shape, count)
    assert first is not None
    memory = bytes(range(1, 1 + dtype.itemsize)) * count
    message: Any = message_class("tensorflow.TensorProto").FromString(first + memory)
    assert message.SerializeToString() == first + memory
    assert first.startswith(written(row, shape))
    assert (message.dtype, [dim.size for dim in message.tensor_shape.dim]) == (row.number, [*shape])
    if row.content:
        assert message.tensor_content == memory
    if len(shape) < 32:
        assert described(b"??" + first, 2) == (dtype, shape)


@pytest.mark.parametrize("shape", ONE, ids=str)
def test_header_of_one_element(shape: tuple[int, ...]) -> None:
    """A single float or complex number is in the field of its dtype; others have no memory."""
    cls: Any = message_class("tensorflow.TensorProto")
    for dtype, member, values in (
        ("float32", "float_val", [2.5]),
        ("float64", "double_val", [2.5]),
        ("complex64", "scomplex_val", [2.5, 0.0]),
        ("complex128", "dcomplex_val", [2.5, 0.0]),
    ):
        array = np.full(shape, 2.5, dtype)
        message = cls.FromString((header(array.dtype, shape, 1) or b"") + array.tobytes())
        assert list(getattr(message, member)) == values
        assert len(message.tensor_shape.dim) == len(shape)
    for other in (np.int64, np.uint8, np.float16, ml_dtypes.bfloat16, np.bool_):
        assert header(np.dtype(other), shape, 1) is None


@pytest.mark.parametrize("row", VALUES, ids=lambda row: row.name)
def test_no_header(row: Type) -> None:
    """The elements of bool, uint16 and integers below a byte are varints."""
    assert header(dtype_of(row), (5,), 5) is None


def test_no_header_of_others() -> None:
    """Neither big-endian arrays, nor empty ones, nor strings, nor times are memory there."""
    for code in (">f4", "S3", "U3", "M8[s]", "O", "V4"):
        assert header(np.dtype(code), (5,), 5) is None
    assert header(np.dtype("f4"), (5, 0), 0) is None


def test_described_takes_any_bytes() -> None:
    """Whatever the bytes are, what is described has another header, or these bytes are one."""
    random = Random(3)  # noqa: S311 - a test
    cls: Any = message_class("tensorflow.TensorProto")
    whole = header(np.dtype("f4"), (3, 300), 900) or b""
    for _ in range(3000):
        body = bytearray(whole)
        for _ in range(random.randrange(1, 4)):
            body[random.randrange(len(body))] = random.randrange(256)
        try:
            found = described(bytes(body), 0)
        except (Irregular, IndexError):
            continue
        if found is None:
            continue
        dtype, shape = found
        count = int(np.prod(shape, dtype=object))
        if header(dtype, shape, count) == bytes(body):
            memory = bytes(body) + bytes(count * dtype.itemsize)
            message = cls.FromString(memory)
            assert message.SerializeToString() == memory
            assert tuple(dim.size for dim in message.tensor_shape.dim) == shape


def test_no_dtype() -> None:
    """A number that is no dtype of arrays is not described."""
    for number in (0, 7, 20, 99, 200):
        assert described(bytes([8, number, 0x12, 0]), 0) is None
    with pytest.raises(IndexError):
        described(b"\x08", 0)


def test_long_sizes_are_irregular() -> None:
    """A size longer than necessary is left to the runtime."""
    with pytest.raises(Irregular):
        described(b"\x08\x01\x12\x05\x12\x03\x08\x81\x00", 0)
