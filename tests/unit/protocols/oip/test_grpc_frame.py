"""The direct reader and writer of canonical gRPC messages, held to protobuf's official runtime."""

from random import Random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.protocols.oip.grpc_frame import plain_pieces, read_plain
from tensorwire.protocols.oip.messages import tensors_of
from tests.support.oip_reader_checks import agree, slow
from tests.support.oip_readers import read_grpc
from tests.support.oip_values import DATATYPES, Request, Response, Tensor, official, told
from tests.support.readers import Refused
from tests.support.values import plain

NUMBERS = [name for name in DATATYPES if name not in ("BYTES", "BF16")]
SHAPES = [(), (1,), (1, 300), (0,), (2, 0, 3), (127, 1), (1, 128), (20_000,)]
NAMES = ["x", "", "é", "n" * 99, "n" * 130]
kinds = pytest.mark.parametrize("kind", [Request, Response])
forms = pytest.mark.parametrize("typed", [False, True], ids=["raw", "typed"])


def written(message: Any, *, typed: bool) -> bytes:
    """Return what the official runtime writes for a message."""
    return bytes(official(message, typed=typed).SerializeToString(deterministic=True))


def messages(kind: Any) -> list[Any]:
    """Return messages with and without each text, of one and more tensors of floats."""
    one, two = plain("float32", (3,)), plain("float64", (2, 1, 200))
    return [
        kind([Tensor("x", one)]),
        kind([Tensor("x", two)], "model"),
        kind([Tensor("é", one), Tensor("x", two[:, :, 0]), Tensor("x", one)], "m", "3", "id-1"),
        kind([Tensor("x" * 127, np.ones((1,) * 32))], id="é" * 63),
    ]


@kinds
@forms
def test_canonical_messages_are_read(kind: Any, *, typed: bool) -> None:
    """What the runtime writes of plain arrays is read here, as the general reader and it do."""
    for message in messages(kind):
        body = written(message, typed=typed)
        found = read_plain(body, kind)
        assert found is not None
        assert told(found) == told(message) == told(read_grpc(body, kind))
        assert repr(found) == repr(slow("oip/protobuf", body, kind=kind))
        for tensor in tensors_of(found)[1]:
            assert np.shares_memory(tensor.value, np.frombuffer(body, np.uint8))
            assert not tensor.value.flags.writeable
        assert agree("oip/protobuf", body, None, kind)


@kinds
@pytest.mark.parametrize("datatype", NUMBERS)
def test_each_datatype(kind: Any, datatype: str) -> None:
    """Raw contents of each datatype but BOOL, and typed contents of FP32 and FP64, are plain."""
    message = kind([Tensor("x", plain(DATATYPES[datatype][0], (2, 3)))])
    raw = read_plain(written(message, typed=False), kind)
    assert (raw is None) == (datatype == "BOOL")
    assert raw is None or told(raw) == told(message)
    if datatype != "FP16":
        typed = read_plain(written(message, typed=True), kind)
        assert (typed is not None) == (datatype in ("FP32", "FP64"))
        assert typed is None or told(typed) == told(message)


@kinds
@forms
def test_damaged_messages(kind: Any, *, typed: bool) -> None:
    """Cut or changed anywhere, a message is read as the runtime reads it, or left to it."""
    chance = Random(f"{kind} {typed}")  # noqa: S311 - the same ones every time
    held = left = 0
    for message in messages(kind)[::2]:
        body = written(message, typed=typed)
        damaged = [body[:at] for at in range(len(body))]
        for at, byte in enumerate(body):
            others = {byte ^ 1, byte ^ 0x80, byte + 1 & 0xFF, byte - 1 & 0xFF, 0}
            damaged += [body[:at] + bytes([n]) + body[at + 1 :] for n in others - {byte}]
            damaged += [body[:at] + body[at + 1 :], body[:at] + body[at : at + 1] + body[at:]]
        for some in (*chance.sample(damaged, min(400, len(damaged))), body + b"\x00", body + body):
            found = read_plain(some, kind)
            if found is not None:
                held += 1
                assert told(found) == told(read_grpc(some, kind)), some
            left += found is None
            agree("oip/protobuf", some, None, kind)
    assert held
    assert left


MIXED = {
    "contents, then raw": (
        "2a14 0a0161 1204465033321a0101 2a06 3204 0000803f 2a0c 0a0162 1204465033321a0101"
        " 3a04 0000803f"
    ),
    "contents of one of two, raw of both": (
        "2a14 0a0161 1204465033321a0101 2a06 3204 0000803f 2a0c 0a0162 1204465033321a0101"
        " 3a04 0000803f 3a04 0000803f"
    ),
    "contents of two members": "2a17 0a0161 1204465033321a0101 2a09 3204 0000803f 120101",
    # Read as a length of one byte, that of the name would have the fake tensor in it begin.
    "a tensor in a name": (
        f"2a9402 0a8002 {'61' * 127} 120446503332 1a0420010101 2a8301 328001 {'62' * 111}"
        " 1204465033321a0101 2a06 3204 0000803f"
    ),
    "contents beside raw": "2a14 0a0161 1204465033321a0101 2a06 3204 0000803f 3a04 0000803f",
    "raw contents too many": "2a0c 0a0161 1204465033321a0101 3a04 0000803f 3a04 0000803f",
    "raw contents too few": (
        "2a0c 0a0161 1204465033321a0101 2a0c 0a0162 1204465033321a0101 3a04 0000803f"
    ),
    "no tensors": "0a01613a00",
    "no size": "2a0d 0a0161 1204465033321a020003 3a00",
    "a size below 0": "2a15 0a0161 1204465033321a0affffffffffffffffff01 3a04 0000803f",
    "sizes beyond 64 bits": f"2a16 0a0161 1204465033321a0b{'80' * 10}01 3a04 0000803f",
    "empty model": "0a00 2a0c 0a0161 1204465033321a0101 3a04 0000803f",
    "id before the model": "1a01692a0c 0a0161 1204465033321a0101 0a016d 3a04 0000803f",
    "the response's raw": "2a0c 0a0161 1204465033321a0101 3204 0000803f",
    "33 sizes": f"2a2c 0a0161 1204465033321a21{'01' * 33} 3a04 0000803f",
}


@kinds
@pytest.mark.parametrize("form", MIXED)
def test_what_is_not_plain(kind: Any, form: str) -> None:
    """Messages of other forms are read or refused as the runtime does."""
    body = bytes.fromhex(MIXED[form])
    found = read_plain(body, kind)
    assert (found is not None) == (form == "the response's raw" and kind is Response)
    try:
        read_grpc(body, kind)
    except (Refused, ValueError):  # numpy 1 has 32 dimensions
        with pytest.raises(tw.DecodeError):
            tw.get_protocol("oip/protobuf").decode(body, type=kind)
    else:
        assert agree("oip/protobuf", body, None, kind)


@pytest.mark.parametrize("typed", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_pieces(shape: tuple[int, ...], typed: bool) -> None:  # noqa: FBT001
    """Pieces and memory together are the message, for names and shapes of any length."""
    for kind in (Request, Response):
        for name in NAMES:
            for dtype in (np.float32, np.float64) if typed else (np.float16, np.bool_, np.uint64):
                tensors = [Tensor(name, np.ones(shape, dtype)) for _ in range(2)]
                message = kind(tensors, "m" * (len(name) % 3), "v" * (len(name) % 2))
                pieces, head = plain_pieces(message, b"", typed=typed)
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
    message = Request([Tensor("x", np.ones(2).astype(dtype))])
    with pytest.raises(LookupError):
        plain_pieces(message, b"", typed=typed)
