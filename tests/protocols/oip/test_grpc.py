"""The Open Inference Protocol over gRPC, held to protobuf's official runtime."""

from functools import partial
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import descriptor
from tests.support import variants
from tests.support.oip_reader_checks import agree, slow
from tests.support.oip_readers import read_grpc
from tests.support.oip_values import (
    DATATYPES,
    GRPC,
    MESSAGES,
    PARAMETERS,
    Request,
    Response,
    Tensor,
    filled,
    official,
    refused,
    several,
    told,
)

grpc = pytest.mark.parametrize("name", GRPC)
kinds = pytest.mark.parametrize("kind", [Request, Response])


def written(message: Any, name: str) -> bytes:
    """Return what the official runtime writes for a message."""
    made = official(message, typed=name.endswith("typed"))
    return bytes(made.SerializeToString(deterministic=True))


@grpc
def test_either_name_reads_both_forms(name: str) -> None:
    """What is read does not depend on which form is written."""
    message = filled(Request, several())
    for other in GRPC:
        assert told(tw.get_protocol(other).decode(written(message, name))) == told(message)


@grpc
@kinds
@pytest.mark.parametrize("key", PARAMETERS)
def test_each_parameter(name: str, kind: Any, key: str) -> None:
    """Each kind of parameter, and each value that is nothing, keeps its type and its bits."""
    protocol = tw.get_protocol(name)
    for value in (PARAMETERS[key], False, 0, -1, 2**63 - 1, 2**63, "", 0.0, -0.0, 1e-320, np.inf):
        message = kind([Tensor("x", [1.5], {key: value})], parameters={key: value, "z": 1})
        body, _ = protocol.encode(message)
        assert body == written(message, name)
        for read in (protocol.decode(body, type=kind), slow("oip/protobuf", body, kind=kind)):
            assert repr(read.parameters[key]) == repr(read_grpc(body, kind).parameters[key])
            assert repr(read.parameters[key]) == repr(value)
            assert repr(_tensors(read)[0].parameters) == repr({key: value})


def _tensors(message: Any) -> Any:
    return message.inputs if isinstance(message, Request) else message.outputs


@grpc
def test_nothing_at_all(name: str) -> None:
    """A message of nothing is no bytes, and no bytes are a message of nothing."""
    protocol = tw.get_protocol(name)
    assert protocol.encode(Request([]))[0] == b""
    assert protocol.decode(b"") == Request([], outputs=[])
    assert protocol.decode(b"", type=Response) == Response([])


@kinds
def test_raw_contents_are_views(kind: Any) -> None:
    """N raw tensors come back as N read-only views of the body."""
    message = kind([t for t in several(big=True) if t.datatype != "BYTES"] * 2)
    body, _ = tw.get_protocol("oip/protobuf").encode(message)
    memory = np.frombuffer(body, np.uint8)
    read = _tensors(tw.get_protocol("oip/protobuf").decode(body, type=kind))
    assert len(read) == 6
    for tensor in read:
        assert np.shares_memory(tensor.value, memory)
        assert not tensor.value.flags.writeable
    assert not any(np.shares_memory(a.value, b.value) for a, b in pairwise(read))


@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
def test_typed_floats_are_views(datatype: str) -> None:
    """Packed floats are memory too."""
    message = Request(several([datatype] * 3, big=True))
    body = written(message, "oip/protobuf-typed")
    for tensor in tw.get_protocol("oip/protobuf").decode(body).inputs:
        assert np.shares_memory(tensor.value, np.frombuffer(body, np.uint8))
        assert not tensor.value.flags.writeable


@grpc
def test_parts_are_the_arrays(name: str) -> None:
    """The parts of a message hold the memory of the arrays that are in order."""
    protocol, values = tw.get_protocol(name), [np.arange(600.0), np.ones((3, 5), np.float32)]
    message = Request([Tensor("a", values[0]), Tensor("b", values[1]), Tensor("c", values[0][::2])])
    parts, headers = protocol.encode_parts(message)
    assert b"".join(parts) == written(message, name)
    assert headers == protocol.encode(message)[1]
    for value in values:
        assert any(np.shares_memory(np.frombuffer(part, np.uint8), value) for part in parts)


def test_typed_floats_keep_their_bits() -> None:
    """NaN keeps its sign and payload, zero its sign, in raw and in typed contents."""
    for bits, name in ((np.uint32, "float32"), (np.uint64, "float64"), (np.uint16, "float16")):
        top = np.iinfo(bits).max
        value = np.array([top, top - 1, top // 2, 1, 0, top // 2 + 1], bits).view(name)
        for protocol in GRPC[: 1 if name == "float16" else 2]:
            body, _ = tw.get_protocol(protocol).encode(Request([Tensor("x", value)]))
            for read in (tw.get_protocol(protocol).decode(body), slow("oip/protobuf", body)):
                assert read.inputs[0].value.tobytes() == value.tobytes()


@grpc
def test_bytes(name: str) -> None:
    """Byte strings keep every byte, also the NULs at their end, which arrays of numpy drop."""
    long = [b"\xff" * 300, b"a\0", b"\0", b""]
    values: list[Any] = [[long[:2], long[2:]], [b"a\0"], [[[b""]]], b"x", [b"x" * 70_000, b"\0"]]
    values += [np.array(["é", ""], np.dtypes.StringDType()), np.array([b"a", b""]), ["a\0", "b"]]
    for value in values:
        message = Request([Tensor("x", value), Tensor("y", [1, 2])])
        body, _ = tw.get_protocol(name).encode(message)
        assert told(read_grpc(body, Request)) == told(message)
        for read in (tw.get_protocol(name).decode(body), slow("oip/protobuf", body)):
            assert told(read) == told(message)


# What a runtime may write that ours never does: all of it means the same.
FORMS = {
    "unpacked shape": "2a0d 0a0161 120446503332 18021801 3a08 0000803f00000040",
    "shape in pieces": "2a0f 0a0161 120446503332 1a01021a0101 3a08 0000803f00000040",
    "fields reversed": "3a08 0000803f00000040 2a0d 1a0202 01 1204465033320a0161",
    "unknown field": "2a0d 0a0161 1204465033321a020201 c83e01 3a08 0000803f00000040",
    "unknown in the tensor": "2a10 0a0161 1204465033321a020201c83e01 3a08 0000803f00000040",
    "empty id": "1a00 2a0d 0a0161 1204465033321a020201 3a08 0000803f00000040",
    "empty contents": "2a0f 0a0161 1204465033321a020201 2a00 3a08 0000803f00000040",
    "name twice": "2a10 0a0162 0a0161 1204465033321a020201 3a08 0000803f00000040",
    "typed unpacked": "2a19 0a0161 1204465033321a020201 2a0a 350000803f3500000040",
    "typed in two contents": "2a1d 0a0161 1204465033321a020201 2a06 32040000803f 2a06 320400000040",
    "long varints": "2a8d00 0a0161 1204465033321a020201 3a8800 0000803f00000040",
}


@pytest.mark.parametrize("form", FORMS)
def test_other_forms(form: str) -> None:
    """Bytes that mean the same are read the same, whichever way they are put."""
    body = bytes.fromhex(FORMS[form])
    read = tw.get_protocol("oip/protobuf").decode(body)
    assert told(read) == told(read_grpc(body, Request))
    assert read.inputs[0].value.tolist() == [[1.0], [2.0]]


ENTRIES = {
    "twice": ("0a0161 12021001 / 0a0161 12021002", {"a": 2}),
    "a zero": ("0a0161 12021000", {"a": 0}),
    "a zero key": ("0a00 12020800", {"": False}),
    "no key": ("12021005", {"": 5}),
    "no value": ("0a0161", {}),
    "nothing chosen": ("0a0161 1200", {}),
    "value first": ("12021005 0a0161", {"a": 5}),
    "two choices": ("0a0161 1204 1005 0801", {"a": True}),
    "empty entry": ("", {}),
    "all twice": ("0a0162 0a0161 12021001 12021002", {"a": 2}),
    "half a value": ("0a0161 12040a01 7810", None),
    "key no text": ("0a01ff 12021001", None),
}


@pytest.mark.parametrize("case", ENTRIES)
@pytest.mark.parametrize("inner", [False, True])
def test_entries_of_parameters(case: str, *, inner: bool) -> None:
    """Parameters in any form that maps may have are read as the runtime reads them."""
    entries = [bytes.fromhex(entry) for entry in ENTRIES[case][0].split("/")]
    body = b"".join(b"\x22" + bytes([len(entry)]) + entry for entry in entries)
    if inner:
        body = b"\x12\x04BOOL\x1a\x01\x00" + body
        body = b"\x2a" + bytes([len(body)]) + body
    wanted = ENTRIES[case][1]
    for decode in (tw.get_protocol("oip/protobuf").decode, partial(slow, "oip/protobuf")):
        if wanted is None:
            with pytest.raises(tw.DecodeError):
                decode(body)
            continue
        read = decode(body)
        assert repr((read.inputs[0] if inner else read).parameters) == repr(wanted)
        assert told(read) == told(read_grpc(body, Request))


@pytest.mark.slow
@grpc
@kinds
@pytest.mark.parametrize("seed", range(3))
def test_rewritten_messages(name: str, kind: Any, seed: int) -> None:
    """Messages out of order, in pieces, unpacked, among strangers are read as by the runtime."""
    chance = Random(f"{name} {seed}")  # noqa: S311 - the same ones every time
    carried = [datatype for datatype in DATATYPES if not refused(name, datatype)]
    held = 0
    for i in range(100):
        some = several(chance.sample(carried, 3), big=i % 10 == 0)
        held += agree(name, rewritten(written(filled(kind, some), name), kind, chance), None, kind)
    assert held > 40


def rewritten(body: bytes, kind: Any, chance: Random) -> bytes:
    """Write one or two of the fields of a message in another way, or all in another order."""
    message = descriptor(MESSAGES[kind])
    fields = [
        variants.varint(number << 3 | 2, None) + variants.varint(len(value), None) + value
        for number, _, value in variants._fields(body)
    ]
    for i in chance.sample(range(len(fields)), chance.choice((1, 1, 2))):
        fields[i] = variants.protobuf(fields[i], message, chance)
    if chance.random() < 0.3:
        chance.shuffle(fields)
    return b"".join(fields)


def test_errors_are_a_status() -> None:
    """An error is the status of the call: what the caller did, asked too much for, or we did."""
    cases = [(tw.DecodeError("x"), "3"), (tw.LimitError("x"), "8"), (KeyError("x"), "13")]
    for error, code in cases:
        body, headers = tw.get_protocol("oip/protobuf").encode_error(error)
        assert (body, headers["grpc-status"]) == (b"", code)
        assert "x" in headers["grpc-message"]
