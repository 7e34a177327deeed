"""The canonical bytes of a Predict call, held to protobuf's runtime and to the general reader."""

from random import Random
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.protocols import _built_in
from tensorwire.protocols.tfserving.grpc_frame import find_entries, frame_of
from tests.support.expectations import describe
from tests.support.tfserving_values import KINDS, Request, Response, arrays_of, told, written

SIZES = (1, 2, 127, 128, 300, 16_383, 16_384, 70_000)
DTYPES = (
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "float16",
    "uint32",
    "complex64",
)


def fresh() -> Any:
    """Return a protocol that remembers nothing."""
    return _built_in.__wrapped__("tfserving/protobuf")


def read(body: bytes, kind: Any, limits: tw.Limits | None) -> Any:
    """Return what a body says, or the text of the error; with limits, by the general reader."""
    try:
        found = fresh().decode(body, type=kind, limits=limits)
    except tw.DecodeError as error:
        return str(error)
    return told(found), list(arrays_of(found))


def test_bytes_by_hand() -> None:
    """The frame of one float32 array of shape (1, 2) is these bytes."""
    frame = frame_of(b"\x12", [("x", np.dtype("f4"), (1, 2))])
    assert frame is not None
    tensor = b"\x08\x01\x12\x08\x12\x02\x08\x01\x12\x02\x08\x02\x22\x08"
    assert frame.first == b"\x12\x1b\x0a\x01x\x12\x16" + tensor
    assert frame.last == b""


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_as_the_runtime_writes(dtype: str, kind: Any) -> None:
    """Bytes of any shape, with and without a model, are those of the official runtime."""
    protocol = fresh()
    for size in SIZES:
        for shape in ((size,), (1, size), (size, 1, 1)):
            array = np.ones(shape, dtype)
            for model in ((), ("m", 3), ("m" * 200, None, "label", "signature")):
                message = kind({"x": array}, *model)
                body = protocol.encode(message)[0]
                assert body == written(message)
                assert told(protocol.decode(body, type=kind)) == told(message)


@pytest.mark.parametrize("kind", KINDS)
def test_several_arrays(kind: Any) -> None:
    """Entries are in the order of the runtime, each with its name."""
    arrays = {name: np.arange(5.0) + i for i, name in enumerate(("b", "", "ab", "a", "é" * 80))}
    message, protocol = kind(arrays, "m", 0), fresh()
    body = protocol.encode(message)[0]
    assert body == written(message)
    assert told(protocol.decode(body, type=kind)) == told(message)


@pytest.mark.parametrize(
    "array",
    [
        np.ones(3, ">f4"),
        np.ones(3, bool),
        np.ones(3, np.uint16),
        np.ones(3, ml_dtypes.bfloat16),
        np.ones((0, 3)),
        np.ones(1, np.int32),
        np.array(["a"]),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_what_has_no_frame(array: Any) -> None:
    """Other dtypes, empty arrays and single integers are written from a tree."""
    assert frame_of(b"\x12", [("x", array.dtype, array.shape)]) is None
    message = Request({"x": array})
    assert fresh().encode(message)[0] == written(message)


def test_names_that_are_not_text() -> None:
    """A name that is not Unicode text has no frame."""
    for name in ("\ud800", 5, None):
        entries: Any = [(name, np.dtype("f4"), (2,))]
        assert frame_of(b"\x12", entries) is None


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_bytes(kind: Any) -> None:
    """Whatever byte is changed, cut or doubled, what is found is what the general reader finds."""
    random = Random(5)  # noqa: S311 - a test
    message = kind({"x": np.arange(6, dtype=np.float32).reshape(2, 3), "y": np.ones(1)}, "m", 1)
    whole = fresh().encode(message)[0]
    for _ in range(1500):
        at = random.randrange(len(whole))
        body = bytearray(whole)
        for _ in range(random.choice((1, 1, 2))):
            choice = random.randrange(3)
            if choice == 0:
                body[at] = random.randrange(256)
            elif choice == 1:
                del body[at : at + random.randrange(1, 4)]
            else:
                body[at:at] = body[at : at + random.randrange(1, 4)]
            at = random.randrange(max(1, len(body)))
        found = [read(bytes(body), kind, limits) for limits in (None, tw.Limits())]
        assert found[0] == found[1]


def test_entries_are_views() -> None:
    """Arrays are read-only views of the body."""
    body = fresh().encode(Response({"x": np.arange(4.0)}))[0]
    found = find_entries(body, 0, 0x0A)
    assert found is not None
    entries, end = found
    assert end == len(body)
    array = entries.view(body)["x"]
    assert not array.flags.writeable
    assert np.shares_memory(array, np.frombuffer(body, np.uint8))
    assert describe(array) == describe(np.arange(4.0))
