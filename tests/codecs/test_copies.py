"""Every claim about what is a view, what is a copy, and whose memory is whose."""

import array as stdlib_array
import mmap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tests.support import reference
from tests.support.expectations import decoded, describe, refused
from tests.support.values import (
    CODECS,
    DTYPES,
    MEDIA_TYPES,
    Array,
    built_in,
    labelled,
    layouts,
    plain,
)

codecs = pytest.mark.parametrize("name", CODECS)
dtypes = pytest.mark.parametrize("dtype", DTYPES)
VIEWS = [name for name in CODECS if not name.startswith("json") and not name.endswith("ndarray")]
views = pytest.mark.parametrize("name", VIEWS)
BUFFERS: dict[str, Callable[[bytes], Any]] = {
    "bytes": lambda body: body,
    "bytearray": bytearray,
    "memoryview": memoryview,
    "writable memoryview": lambda body: memoryview(bytearray(body)),
    "ndarray": lambda body: np.frombuffer(body, np.uint8),
    "writable ndarray": lambda body: np.array(bytearray(body)),
    "signed ndarray": lambda body: np.frombuffer(body, np.int8),
    "array.array": lambda body: stdlib_array.array("B", body),
    "slice of more": lambda body: memoryview(b"xyz" + body + b"z")[3:-1],
    "memoryview of rank 2": lambda body: memoryview(body).cast("B", (1, len(body))),
}
buffers = pytest.mark.parametrize("buffer", BUFFERS)


def memory(buffer: Any) -> Array:
    """Return the memory behind a buffer."""
    return np.frombuffer(buffer, np.uint8)


def holds_its_memory(name: str, array: Array) -> bool:
    """Return whether the payload of an array holds its memory, as the formats have it."""
    if name not in VIEWS or not array.size:
        return False
    content = array.size > 1 and array.dtype.name not in ("bool", "uint16", "int4", "uint4", "int2")
    return not name.endswith("tftensor") or (
        content and array.dtype.name != "uint2" and array.dtype.kind not in "cSU"
    )


@dtypes
@views
def test_decode_is_a_view(name: str, dtype: str) -> None:
    """Where the payload holds the array's memory, no copy is made, and the view is read-only."""
    for label, array in labelled(dtype):
        if refused(name, array) or not holds_its_memory(name, array):
            continue
        body = reference.body(name, array)
        value = tw.get_codec(name).decode(body)
        assert np.shares_memory(value, memory(body)), label
        assert not value.flags.writeable, label


@codecs
@buffers
def test_decode_takes_any_buffer(name: str, buffer: str) -> None:
    """Every sort of buffer is read the same; a view is one of the buffer, and read-only."""
    for dtype in ("float64", "int32", "bool", "str"):
        for shape in ((2, 3), (30, 40)):
            array = plain(dtype, shape)
            if refused(name, array):
                continue
            body = BUFFERS[buffer](reference.body(name, array))
            value = tw.get_codec(name).decode(body)
            wanted = decoded(name, array)
            assert describe(value) == describe(wanted)
            assert np.shares_memory(value, memory(body)) == holds_its_memory(name, array)
            if holds_its_memory(name, array):
                assert not value.flags.writeable


@codecs
@buffers
def test_copy_is_owned_and_writable(name: str, buffer: str) -> None:
    """copy=True gives an array that may be written to, and the payload does not change by it."""
    for shape in ((), (1,), (2, 3), (30, 40), (0,)):
        for dtype in ("float64", "uint8", "bool"):
            array = plain(dtype, shape)
            if refused(name, array):
                continue
            body = BUFFERS[buffer](reference.body(name, array))
            before = bytes(body)
            value = tw.get_codec(name).decode(body, copy=True)
            assert value.flags.writeable
            assert not np.shares_memory(value, memory(body))
            value[...] = 1
            assert bytes(body) == before
            assert describe(tw.get_codec(name).decode(body)) == describe(decoded(name, array))


@pytest.mark.slow
@codecs
def test_what_is_no_view_is_owned(name: str) -> None:
    """An array that does not view the payload is nobody else's: two reads share nothing."""
    for dtype in DTYPES:
        for label, array in labelled(dtype):
            if refused(name, array) or holds_its_memory(name, array) or array.dtype.kind in "SU":
                continue
            body = reference.body(name, array)
            first, second = tw.get_codec(name).decode(body), tw.get_codec(name).decode(body)
            if np.shares_memory(first, memory(body)):  # one element in the field of its type
                assert name in VIEWS, label
                assert not first.flags.writeable, label
                continue
            assert not np.shares_memory(first, second), label
            if name.endswith("ndarray"):
                assert first.flags.writeable, label


@codecs
def test_out_is_what_is_returned(name: str) -> None:
    """out= is filled and returned, and shares nothing with the payload."""
    for array in (plain("float64", (2, 3)), plain("float64", (40, 50))):
        body = reference.body(name, array)
        wanted = decoded(name, array)
        out = np.empty(wanted.shape, wanted.dtype)
        assert tw.get_codec(name).decode(body, out=out) is out
        assert describe(out) == describe(wanted)
        assert not np.shares_memory(out, memory(body))


@views
def test_a_view_follows_its_buffer(name: str) -> None:
    """A view of a bytearray sees what is written to that, as a view does."""
    array = plain("float64", (40, 50))
    body = bytearray(reference.body(name, array))
    value = tw.get_codec(name).decode(body)
    before = value.copy()
    body[-8:] = bytes(byte ^ 0xFF for byte in body[-8:])
    assert not np.array_equal(value, before)


@pytest.mark.parametrize("read", ["decode", "loads"])
@views
def test_a_view_locks_its_buffer(name: str, read: str) -> None:
    """What is viewed cannot be resized, closed, or written through the view, at any sight."""
    body = reference.body(name, plain("float64", (40, 50)))
    media_type = MEDIA_TYPES[name.partition("/")[0]]
    for _ in range(3):  # from the second time on its header is known
        owner, mapped = bytearray(body), mmap.mmap(-1, len(body))
        mapped[:] = body
        for buffer in (owner, mapped, memoryview(owner)):
            whole = tw.get_codec(name).decode(buffer)
            value = whole if read == "decode" else tw.loads(buffer, media_type).value
            del whole
            with pytest.raises(BufferError):
                owner.clear() if buffer is not mapped else mapped.close()
            with pytest.raises(ValueError, match="WRITEABLE"):
                value.flags.writeable = True
            del value


@codecs
def test_decode_of_a_mapped_file(name: str, tmp_path: Path) -> None:
    """A payload in a mapped file is read where it lies."""
    array = plain("float64", (40, 50))
    path = tmp_path / "body"
    path.write_bytes(reference.body(name, array))
    with path.open("rb") as file:
        body = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    value = tw.get_codec(name).decode(body)
    assert describe(value) == describe(decoded(name, array))
    assert np.shares_memory(value, memory(body)) == holds_its_memory(name, array)
    assert not value.flags.writeable or not holds_its_memory(name, array)
    del value
    body.close()


@dtypes
@views
def test_encode_parts_hands_out_the_array(name: str, dtype: str) -> None:
    """A C-ordered array that the payload holds is one of the buffers itself: nothing is copied."""
    array = plain(dtype, (40, 50))
    if refused(name, array) or not holds_its_memory(name, array):
        pytest.skip("not in the payload as it is")
    if name.endswith("/tensor") and dtype != "float64":
        pytest.skip("becomes float64")
    parts = built_in(name).encode_parts(array)
    sharing = [part for part in parts if np.shares_memory(memory(part), array)]
    assert len(sharing) == 1
    assert memoryview(sharing[0]).nbytes == array.nbytes
    assert sum(len(part) for part in parts) - array.nbytes < 100
    assert b"".join(parts) == reference.body(name, array)


@pytest.mark.slow
@codecs
@dtypes
def test_other_layouts_are_copied(name: str, dtype: str) -> None:
    """An array in another memory order is put in order elsewhere, and left as it is."""
    for label, array in layouts(plain(dtype, (40, 50))):
        if refused(name, array):
            continue
        before = array.copy()
        parts = built_in(name).encode_parts(array)
        assert b"".join(parts) == tw.get_codec(name).encode(array), label
        assert (
            array.view(np.uint8) if array.flags.c_contiguous else array
        ).tobytes() == before.tobytes()
        if not array.flags.c_contiguous:
            assert not any(np.shares_memory(memory(part), array) for part in parts), label


class Lender:
    """An object that numpy views, of which nothing else is known."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        assert not copy
        return self.array


class Capsule:
    """An object that offers its array by DLPack only."""

    def __init__(self, array: Array) -> None:
        self.array = array

    def __dlpack__(self, **options: Any) -> Any:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        device: tuple[int, int] = self.array.__dlpack_device__()
        return device


LENDERS: dict[str, Callable[[Array], Any]] = {
    "__array__": Lender,
    "DLPack": Capsule,
    "memoryview": lambda array: array.data,
    "read-only memoryview": lambda array: array.data.toreadonly(),
    "array.array": lambda array: stdlib_array.array("d", array.tobytes()),
    "subclass": lambda array: array.view(np.matrix),
}


@views
@pytest.mark.parametrize("lender", LENDERS)
@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_encode_takes_whatever_numpy_views(name: str, lender: str) -> None:
    """Arrays of other libraries are encoded as numpy's, and lent without a copy."""
    array = plain("float64", (40, 50))
    lent = LENDERS[lender](array)
    parts = built_in(name).encode_parts(lent)
    owner = memory(lent) if lender == "array.array" else array
    assert any(np.shares_memory(memory(part), owner) for part in parts)
    shaped = array if lender != "array.array" else array.ravel()
    assert b"".join(parts) == reference.body(name, shaped)
    assert tw.get_codec(name).encode(lent) == reference.body(name, shaped)


@pytest.mark.parametrize("name", ["json/raw", "protobuf/raw", "msgpack/raw"])
@pytest.mark.parametrize(
    "make", [bytes, bytearray, memoryview, lambda body: np.frombuffer(body, "u1")]
)
def test_raw_takes_bytes(name: str, make: Callable[[bytes], Any]) -> None:
    """Bytes of any sort are written as they are, and not copied for a vectored write."""
    data = bytes(range(256)) * 20
    value = make(data)
    assert tw.get_codec(name).encode(value) == reference.body(name, np.frombuffer(data, np.uint8))
    parts = built_in(name).encode_parts(value)
    shared = any(np.shares_memory(memory(part), memory(value)) for part in parts)
    assert shared == (not name.startswith("json"))
    assert tw.get_codec(name).decode(tw.get_codec(name).encode(value)).tobytes() == data


@codecs
def test_encode_keeps_nothing(name: str) -> None:
    """What was encoded may change afterwards: the payload does not."""
    array = plain("float64", (40, 50)).copy()
    body = tw.get_codec(name).encode(array)
    before = bytes(bytearray(body))
    array += 1
    assert body == before
    assert tw.get_codec(name).encode(array) == reference.body(name, array)
