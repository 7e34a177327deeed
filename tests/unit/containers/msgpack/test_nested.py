"""msgpack's nested arrays, held to the msgpack package."""

from typing import Any

import msgpack
import numpy as np
import pytest

from tensorwire.containers.msgpack import nested
from tensorwire.errors import DecodeError, LimitError
from tensorwire.limits import DEFAULT_LIMITS, Limits
from tensorwire.tree import Irregular
from tensorwire.wire.buffers import join

DTYPES = ["f8", "f4", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", ">f8", ">i4"]
SHAPES = [(17,), (3, 7), (16, 2), (2, 70_000), (600,), (1, 1, 30), (2, 2, 2, 2, 2)]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=str)


def numbers(shape: tuple[int, ...], dtype: str) -> Any:
    """Return numbers that use all bits of a dtype."""
    count = int(np.prod(shape))
    if np.dtype(dtype).kind == "f":
        return (np.arange(count) / 4 - 1).reshape(shape).astype(dtype)
    bounds = np.iinfo(dtype)
    return np.linspace(bounds.min, bounds.max / 2, count).astype(dtype).reshape(shape)


def found(body: bytes) -> Any:
    """Return the source of an array that has other bytes around it."""
    source = nested.find(b"\xc0" + body + b"\xc0", 1)
    assert source is not None
    assert source[1] == 1 + len(body)
    return source[0]


@pytest.mark.parametrize("dtype", DTYPES)
@shapes
def test_msgpack_reads_what_is_written(shape: tuple[int, ...], dtype: str) -> None:
    """The package reads the values, and so does this module, by what the codes say."""
    array = numbers(shape, dtype)
    body = join(b"", nested.write(array), b"")
    assert msgpack.unpackb(body) == array.tolist()
    back = found(body).read(DEFAULT_LIMITS)
    assert back.tolist() == array.tolist()
    wide = np.dtype(float if array.dtype.kind == "f" else int)
    assert back.dtype == (np.dtype("u8") if back.max() >= 2**63 else wide)
    claimed, size = found(body).peek()
    assert size == shape
    assert claimed in (None, back.dtype)
    write = nested.small_array_writer(shape, array.dtype)
    assert write is not None
    assert array.size > 1000 or write(array) == body


def test_float64_is_written_as_the_package_does() -> None:
    """Byte for byte: a code and eight bytes a number."""
    array = numbers((3, 20), "f8")
    assert join(b"", nested.write(array), b"") == msgpack.packb(array.tolist())
    assert found(msgpack.packb(array.tolist())).read(DEFAULT_LIMITS).tolist() == array.tolist()


def test_bools_are_single_bytes() -> None:
    """As the package writes them; a writer of small arrays has none of them."""
    array = np.arange(40).reshape(4, 10) % 3 == 0
    assert join(b"", nested.write(array), b"") == msgpack.packb(array.tolist())
    assert nested.small_array_writer(array.shape, array.dtype) is None


@pytest.mark.parametrize("count", [0, 1, 255, 256, 65_535, 65_536])
def test_bytes_are_found_as_memory(count: int) -> None:
    """The header of a `bin` has one, two or four bytes of length."""
    data = bytes(count)
    body = msgpack.packb(data)
    array, stop = nested.find(body, 0) or (None, 0)
    assert isinstance(array, np.ndarray)
    assert (array.tobytes(), stop) == (data, len(body))
    assert not count or nested.find(body[:-1], 0) is None


@pytest.mark.parametrize(
    "value",
    [list(range(100)), [1.5] * 16, [[1.5] * 9, [2.5]] * 3, "text", 5, {"a": 1}, [None] * 20, []],
    ids=lambda value: repr(value)[:12],
)
def test_other_values_are_left_or_irregular(value: Any) -> None:
    """Few numbers, mixed sizes, ragged rows and other types are for the package."""
    found = nested.find(msgpack.packb(value) + bytes(1000), 0)
    if found is not None:
        source: Any = found[0]
        with pytest.raises(Irregular):
            source.read(DEFAULT_LIMITS)
        with pytest.raises(Irregular):
            source.peek()


def test_bytes_that_change_are_never_another_array() -> None:
    """Whatever bit flips, the package agrees, or the source is irregular."""
    rng = np.random.default_rng(5)
    for shape in ((3, 20), (4, 300)):
        good = msgpack.packb(numbers(shape, "f8").tolist())
        for at in rng.integers(0, len(good), 200).tolist():
            body = bytearray(good)
            body[at] ^= 1 << int(rng.integers(8))
            try:
                source = nested.find(bytes(body), 0)
                if source is None:
                    continue
                back = source[0].read(DEFAULT_LIMITS)  # type: ignore[union-attr]
            except (Irregular, IndexError):
                continue
            official = np.array(msgpack.unpackb(bytes(body[: source[1]])))
            assert np.array_equal(back, official, equal_nan=True)


def test_a_claim_of_more_than_the_bytes() -> None:
    """Four billion numbers in a few bytes are none."""
    for body in (b"\xdd\xff\xff\xff\xff\xcb" + bytes(8), b"\xdc\xff\xff\xcb" + bytes(8)):
        assert nested.find(body, 0) is None
    deep = b"\x91" * 70 + b"\xcb" + bytes(8)
    assert nested.find(deep, 0) is None


def test_limits_and_out() -> None:
    """Both are checked before a value is written."""
    body = msgpack.packb([1.5] * 20)
    with pytest.raises(LimitError):
        found(body).read(Limits(max_elements=19))
    out = np.zeros(20)
    assert found(body).read(DEFAULT_LIMITS, out) is out
    assert (out == 1.5).all()
    with pytest.raises(DecodeError, match="for out="):
        found(body).read(DEFAULT_LIMITS, np.zeros(19))
