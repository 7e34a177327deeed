"""`align=True` gives arrays at addresses that suit their dtypes: a view there, else a copy."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from typing import Any

import ml_dtypes
import numpy as np
import pytest

import tensorwire as tw
from tensorwire import oip, seldon, tfserving
from tests.support.values import CODECS, DTYPES, Array, built_in, plain

ARRAYS = {
    name: plain(name, shape) for name in DTYPES for shape in ((1, 1), (4, 3)) if name != "bytes"
}
WIDE = np.arange(60.0).reshape(4, 15) / 7
COLUMNS = list("abcdefghijklmno")
FORMATS = ("npy/array", "safetensors/arrays", "arrow/tensor", "msgpack/numpy")
TENSORS = {"x": WIDE, "y": WIDE.astype(np.int16), "s": np.array([b"one", b"three"])}


def everywhere(body: bytes) -> Iterator[memoryview]:
    """Yield the same body at addresses of every remainder by 16."""
    for remainder in range(16):
        room = np.zeros(len(body) + 32, np.uint8)
        start = remainder - room.ctypes.data % 16 + 16
        room[start : start + len(body)] = np.frombuffer(body, np.uint8)
        yield memoryview(room.data)[start : start + len(body)]


def suits(array: Any) -> bool:
    """Return whether the address suits the dtype, from the address itself."""
    return bool(array.ctypes.data % array.dtype.alignment == 0)


def check(body: bytes, read: Callable[..., Any]) -> tuple[int, int]:
    """Hold what is read with `align` to what is read without; count the views and the copies."""
    views = copies = 0
    for buffer in everywhere(body):
        memory = np.frombuffer(buffer, np.uint8)
        for usual, aligned in zip(read(buffer), read(buffer, align=True), strict=True):
            if not isinstance(usual, np.ndarray):
                assert aligned == usual
                continue
            assert suits(aligned)
            assert aligned.flags.aligned
            assert (aligned.dtype, aligned.shape) == (usual.dtype, usual.shape)
            assert aligned.tobytes() == usual.tobytes()
            assert aligned.flags.writeable == usual.flags.writeable
            assert aligned.flags.f_contiguous == usual.flags.f_contiguous
            if np.shares_memory(usual, memory):
                assert np.shares_memory(aligned, memory) == suits(usual)
                views, copies = views + suits(usual), copies + (not suits(usual))
    return views, copies


@pytest.mark.parametrize("name", CODECS)
def test_codecs(name: str) -> None:
    """Wherever a body lies, every dtype comes back aligned, copied only where it must be."""
    codec, found = built_in(name), np.zeros(2, int)
    for array in (*ARRAYS.values(), WIDE):
        try:
            body = codec.encode(array)
        except tw.EncodeError:
            continue

        def read(buffer: Any, **options: Any) -> list[Any]:
            return [codec.decode(buffer, **options)]

        found += check(body, read)
    if name in ("protobuf/tensor", "protobuf/tftensor", "msgpack/tensor", "msgpack/tftensor"):
        assert found.all()


@pytest.mark.parametrize("name", ["protobuf/tftensor", "msgpack/tensor"])
def test_remembered_messages(name: str) -> None:
    """A body of bytes that is read again, from memory of its frame, comes back aligned too."""
    codec = built_in(name)
    for size in range(1, 40):
        body = codec.encode(np.arange(float(size)))
        for _ in range(3):
            array = codec.decode(body, align=True)
            assert suits(array)
            assert array.tolist() == list(range(size))


@pytest.mark.parametrize("name", FORMATS)
def test_formats(name: str) -> None:
    """The formats of others are read aligned as well, in C and in Fortran order."""
    pytest.importorskip("pyarrow")
    assert name in {entry.name for entry in entry_points(group="tensorwire.codecs")}
    codec = tw.get_codec(name)

    def read(buffer: Any, **options: Any) -> list[Any]:
        found = codec.decode(buffer, **options)
        return list(found.values()) if isinstance(found, dict) else [found]

    total = np.zeros(2, int)
    for value in (WIDE, WIDE.T, WIDE.astype(np.float32)):
        total += check(codec.encode(value), read)
    if name in ("npy/array", "msgpack/numpy"):
        total += check(codec.encode(np.array(["a", "bc"])), read)
    assert total.all()
    if name == "safetensors/arrays":
        check(codec.encode({"x": WIDE, "y": WIDE.astype(np.int8), "z": WIDE[:1]}), read)


@pytest.mark.parametrize("name", tw.protocol_names())
@pytest.mark.parametrize("reply", [False, True])
def test_protocols(name: str, *, reply: bool) -> None:
    """Every array of a message with several is aligned; text and byte strings are as ever."""
    protocol = tw.get_protocol(name)
    kind = protocol.response if reply else protocol.request
    messages: list[Any]
    if kind is tw.Message:
        messages = [
            tw.Message(WIDE, "tftensor", COLUMNS, {"puid": "p"}),
            tw.Message("hi", "strData"),
        ]
    elif kind in (oip.InferRequest, oip.InferResponse):
        messages = [kind([oip.InferTensor(key, value) for key, value in TENSORS.items()])]
        messages += [kind([oip.InferTensor("x", WIDE)])]
    else:
        messages = [kind(TENSORS, rows=False), kind({"x": WIDE})]
    for message in messages:
        body, headers = protocol.encode(message)

        def read(buffer: Any, headers: dict[str, str] = headers, **options: Any) -> list[Any]:
            found = protocol.decode(buffer, headers, type=kind, **options)
            if isinstance(found, tw.Message):
                return [found.value]
            tensors = getattr(found, "outputs" if reply else "inputs")
            if isinstance(tensors, dict):
                return [*tensors.values()]
            return [tensor.value for tensor in tensors]

        views, copies = check(body, read)
        if name in ("oip/binary", "oip/protobuf", "tfserving/protobuf"):
            assert views
            assert copies
        for _ in range(3):  # remembered: bytes are what is
            again = protocol.decode(body, headers, type=kind, align=True)
            assert type(again) is kind


@pytest.mark.parametrize("container", ["json", "protobuf", "msgpack"])
def test_messages_in_messages(container: str) -> None:
    """Lists of messages and feedback hold aligned arrays."""
    protocol = tw.get_protocol(f"seldon/{container}")
    one, two = tw.Message(WIDE, "tensor"), tw.Message(WIDE.astype(np.float32), "tftensor")
    whole = seldon.MessageList([one, two, tw.Message({"a": 1}, "jsonData")])
    body, _ = protocol.encode(whole)

    def read(buffer: Any, **options: Any) -> list[Any]:
        found = protocol.decode(buffer, type=seldon.MessageList, **options)
        return [message.value for message in found.messages]

    check(body, read)
    body, _ = protocol.encode(seldon.Feedback(one, two, 0.5))

    def parts(buffer: Any, **options: Any) -> list[Any]:
        found = protocol.decode(buffer, type=seldon.Feedback, **options)
        assert (found.reward, found.truth) == (0.5, None)
        return [found.request.value, found.response.value]

    check(body, parts)


def test_loads() -> None:
    """loads() takes the option, for an array and for what is none."""
    body = tw.get_codec("msgpack/tftensor").encode(WIDE, names=COLUMNS)

    def read(buffer: Any, **options: Any) -> list[Any]:
        found = tw.loads(buffer, "application/msgpack", **options)
        assert found.names == COLUMNS
        return [found.value]

    views, copies = check(body, read)
    assert views
    assert copies
    assert tw.loads(b'{"strData":"a"}', align=True).value == "a"


def test_with_other_options() -> None:
    """A copy, a cast and the caller's own memory are aligned, or what they were, as without it."""
    codec = built_in("protobuf/tftensor")
    for body in everywhere(codec.encode(WIDE)):
        copy = codec.decode(body, copy=True, align=True)
        assert suits(copy)
        assert copy.flags.writeable
        same = codec.decode(body, dtype=np.float64, align=True)
        assert suits(same)
        narrow = codec.decode(body, dtype=np.complex128, align=True)
        assert suits(narrow)
        room = np.zeros(WIDE.nbytes + 1, np.uint8)[1:].view(np.float64).reshape(WIDE.shape)
        assert codec.decode(body, out=room, align=True) is room
        assert np.array_equal(room, WIDE)
    mixed = codec.encode(WIDE.astype(ml_dtypes.bfloat16))
    assert suits(codec.decode(mixed, align=True))
    rows = built_in("json/ndarray").decode(b'{"data":{"ndarray":[[1,"a"]]}}', align=True)
    assert rows == [[1, "a"]]


def test_signature() -> None:
    """TensorFlow Serving's reader keeps the dtypes of the model with it."""
    protocol = tw.get_protocol("tfserving/json")
    read: Any = protocol.decode
    found = read(b'{"instances":[1,2]}', signature={"x": np.int8}, align=True)
    assert isinstance(found, tfserving.PredictRequest)
    assert found.inputs["x"].dtype == np.int8


def test_consumers_of_memory() -> None:
    """DLPack, JAX and PyTorch take what is aligned."""
    codec = built_in("protobuf/tftensor")
    for body in everywhere(codec.encode(WIDE.astype(np.float32))):
        array: Array = codec.decode(body, align=True)
        if np.lib.NumpyVersion(np.__version__) >= "2.1.0":  # the first to export read-only arrays
            assert np.from_dlpack(array).flags.aligned
        if (jax := _installed("jax")) is not None:
            assert np.array_equal(jax.numpy.asarray(array), WIDE.astype(np.float32))
        if (torch := _installed("torch")) is not None:
            assert torch.from_numpy(array.copy()).tolist() == array.tolist()


def _installed(name: str) -> Any:
    return import_module(name) if find_spec(name) else None
