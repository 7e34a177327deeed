"""The scan of canonical messages, held to protobuf's runtime; all else is irregular."""

import json
import random
import struct
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError as RuntimeDecodeError
from hypothesis import given
from hypothesis import strategies as st

from tensorwire.containers.protobuf.listvalue import ListValueSource
from tensorwire.containers.protobuf.scan import (
    VarintsSource,
    few_varints,
    one_float,
    one_integer,
    scan,
)
from tensorwire.containers.protobuf.schema import descriptor, message_class, schema
from tensorwire.errors import DecodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.tree import Irregular
from tests.support.expectations import describe
from tests.support.protobuf_messages import MESSAGES, made, trees, written

SELDON = "seldon.protos.SeldonMessage"
REQUEST = "inference.ModelInferRequest"
PARAMETER = "inference.InferParameter"
STATUS = "seldon.protos.Status"
VALUES = np.arange(6.0).reshape(2, 3)


def read(body: bytes, name: str) -> Any:
    """Return the tree of a message of which the runtime has to read nothing."""
    tree, rest = scan(body, schema(name))
    assert rest == []
    return tree


@pytest.mark.parametrize("name", MESSAGES)
@given(data=st.data())
def test_plain_messages_are_read_as_they_were_made(name: str, data: st.DataObject) -> None:
    """What is scanned makes the same message again, unless its bytes are not canonical."""
    body = written(name, data.draw(trees(descriptor(name))))
    try:
        tree = read(body, name)
    except Irregular:  # a default in a list, an entry without key or value
        return
    assert written(name, tree) == body


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        (PARAMETER, {"int64Param": -5}),
        (PARAMETER, {"uint64Param": 2**64 - 1}),
        (PARAMETER, {"boolParam": False}),
        (PARAMETER, {"boolParam": True}),
        (PARAMETER, {"doubleParam": -0.0}),
        (STATUS, {"code": -1, "info": "é", "status": "FAILURE"}),
        ("tensorflow.serving.ModelSpec", {"name": "m", "version": {"value": 7}}),
        ("inference.ModelMetadataResponse", {"name": "n" * 300, "versions": ["1", "", "2"]}),
        (
            "inference.ModelInferRequest.InferInputTensor",
            {"name": "x", "shape": [2, 300, -1], "parameters": {"a": {"int64Param": 1}}},
        ),
    ],
)
def test_a_canonical_message_is_read_without_the_runtime(name: str, tree: dict[str, Any]) -> None:
    """Integers, floats, text, enums by name, messages, lists and maps."""
    found = read(written(name, tree), name)
    assert describe(found) == describe(tree)


def test_arrays_stay_where_they_are() -> None:
    """Packed floats and bytes are views of the payload; lists and long varints are sources."""
    body = made(SELDON, {"data": {"tensor": {"shape": [2, 3], "values": VALUES.ravel()}}})
    text = body.SerializeToString()
    tensor = read(text, SELDON)["data"]["tensor"]
    assert tensor["shape"] == [2, 3]
    assert np.shares_memory(tensor["values"], np.frombuffer(text, np.uint8))
    assert tensor["values"].tolist() == VALUES.ravel().tolist()

    text = written(SELDON, {"data": {"ndarray": VALUES.tolist()}})
    ndarray = read(text, SELDON)["data"]["ndarray"]
    assert isinstance(ndarray, ListValueSource)
    assert ndarray.read(DEFAULT_LIMITS).tolist() == VALUES.tolist()

    text = written(SELDON, {"binData": b"abc"})
    data = read(memoryview(text), SELDON)["binData"]  # type: ignore[arg-type]
    assert data.tobytes() == b"abc"
    assert np.shares_memory(data, np.frombuffer(text, np.uint8))

    shape = list(range(100))
    text = written(SELDON, {"data": {"tensor": {"shape": shape, "values": [1.0]}}})
    found = read(text, SELDON)["data"]["tensor"]["shape"]
    assert isinstance(found, VarintsSource)
    assert found.read(DEFAULT_LIMITS).tolist() == shape


def test_repeated_bytes_are_strings_or_memory() -> None:
    """Strings are copied one by one; the raw contents of tensors are views."""
    tree = {"rawInputContents": [b"ab", b""], "inputs": [{"contents": {"bytesContents": [b"c"]}}]}
    body = written(REQUEST, tree)
    found = read(body, REQUEST)
    assert found["inputs"][0]["contents"]["bytesContents"] == [b"c"]
    first, second = found["rawInputContents"]
    assert (first.tobytes(), second.tobytes()) == (b"ab", b"")
    assert np.shares_memory(first, np.frombuffer(body, np.uint8))


@pytest.mark.parametrize("tree", [{"jsonData": {"a": [1]}}, {"meta": {"tags": {"a": 1.5}}}])
@pytest.mark.parametrize("inside", [False, True])
def test_what_only_the_runtime_reads_is_cut_out(tree: Any, *, inside: bool) -> None:
    """The bytes of the whole message with that field alone, and how deep in it the field lies."""
    name = "seldon.protos.Feedback" if inside else SELDON
    whole = {"request": {**tree, "status": {"code": 5}}} if inside else {**tree, "status": {}}
    found, ((holder, cut, depth),) = scan(written(name, whole), schema(name))
    message: Any = message_class(name)()
    message.ParseFromString(cut)
    assert message == made(name, {"request": tree} if inside else tree)
    assert depth == inside
    assert holder is (found["request"] if inside else found)
    assert list(holder) == ["status"]


PLAIN = written(STATUS, {"code": 5, "info": "i", "reason": "r", "status": "FAILURE"})
IRREGULAR: dict[str, tuple[str, bytes]] = {
    "unknown field": (STATUS, PLAIN + b"\x98\x06\x01"),
    "wrong wire type": (STATUS, b"\x0a\x01i"),
    "field twice": (STATUS, b"\x08\x01\x08\x02"),
    "fields in another order": (STATUS, b"\x12\x01i\x08\x01"),
    "default of an integer": (STATUS, b"\x08\x00"),
    "default of text": (STATUS, b"\x12\x00"),
    "long varint": (STATUS, b"\x08\x81\x00"),
    "long tag": (STATUS, b"\x88\x80\x00\x01"),
    "varint of eleven bytes": (STATUS, b"\x08" + b"\xff" * 10 + b"\x01"),
    "text that is not UTF-8": (STATUS, b"\x12\x01\xff"),
    "length beyond the end": (STATUS, b"\x12\x05i"),
    "integer beyond the end": (STATUS, b"\x08\x80"),
    "tag alone": (STATUS, b"\x08"),
    "group": (STATUS, b"\x0b\x0c"),
    "two of a oneof": (PARAMETER, b"\x08\x01\x10\x01"),
    "one of a oneof twice": (PARAMETER, b"\x10\x01\x10\x01"),
    "float beyond the end": (PARAMETER, b"\x21" + bytes(7)),
    "empty text of a oneof": (PARAMETER, b"\x1a\x00"),
    "zero that nobody writes": ("seldon.protos.Metric", b"\x1d" + bytes(4)),
    "unpacked numbers": ("seldon.protos.Tensor", b"\x11" + struct.pack("<d", 1.5)),
    "unpacked varints": ("seldon.protos.Tensor", b"\x08\x01"),
    "packed in pieces": ("seldon.protos.Tensor", (b"\x12\x08" + struct.pack("<d", 1.5)) * 2),
    "varints in pieces": ("seldon.protos.Tensor", b"\x0a\x01\x01\x0a\x01\x02"),
    "packed and empty": ("seldon.protos.Tensor", b"\x12\x00"),
    "varints and empty": ("seldon.protos.Tensor", b"\x0a\x00"),
    "half a number": ("seldon.protos.Tensor", b"\x12\x07" + bytes(7)),
    "varint cut in a list": ("seldon.protos.Tensor", b"\x0a\x02\x01\x80"),
    "empty content": ("tensorflow.TensorProto", b"\x22\x00"),
    "message twice": (SELDON, b"\x12\x03\x0a\x01p\x12\x03\x0a\x01q"),
    "key of a map twice": (REQUEST, b"\x22\x07\x0a\x01a\x12\x02\x08\x01" * 2),
    "entry without a value": (REQUEST, b"\x22\x03\x0a\x01a"),
    "entry without a key": (REQUEST, b"\x22\x04\x12\x02\x08\x01"),
    "entry in another order": (REQUEST, b"\x22\x07\x12\x02\x08\x01\x0a\x01a"),
    "more in an entry": (REQUEST, b"\x22\x09\x0a\x01a\x12\x02\x08\x01\x18\x01"),
    "odd value in an entry": (REQUEST, b"\x22\x07\x0a\x01a\x12\x02\x48\x01"),
}


@pytest.mark.parametrize("case", IRREGULAR)
def test_any_other_form_is_left_to_the_runtime(case: str) -> None:
    """Before anything of it is used."""
    name, body = IRREGULAR[case]
    with pytest.raises(Irregular):
        scan(body, schema(name))


WHOLE = written(
    REQUEST,
    {
        "modelName": "m",
        "id": "1",
        "parameters": {"a": {"stringParam": "b"}, "c": {"doubleParam": 1.5}},
        "inputs": [
            {"name": "x", "datatype": "FP64", "shape": [1, 200]},
            {"name": "y", "datatype": "INT32", "shape": [2], "contents": {"intContents": [1, -1]}},
        ],
        "outputs": [{"name": "o", "parameters": {"p": {"boolParam": True}}}],
        "rawInputContents": [b"abc"],
    },
)


def check(body: bytes) -> bool:
    """Check that a scan is irregular, or that the runtime reads the same; return which."""
    try:
        tree = read(body, REQUEST)
    except Irregular:
        return False
    message: Any = message_class(REQUEST)()
    message.ParseFromString(body)
    assert written(REQUEST, tree) == message.SerializeToString(deterministic=True)
    return True


def test_a_message_that_is_cut_anywhere() -> None:
    """It is irregular, or a shorter message to the runtime too."""
    kept = sum(check(WHOLE[:stop]) for stop in range(len(WHOLE) + 1))
    assert 5 < kept < len(WHOLE) // 2


@pytest.mark.parametrize("seed", range(8))
def test_damaged_messages_are_read_as_the_runtime_reads_them(seed: int) -> None:
    """Bytes that are changed, dropped or doubled never give another message."""
    chance = random.Random(seed)  # noqa: S311 - the same ones every time
    for _ in range(400):
        body = bytearray(WHOLE)
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(body))
            action = chance.randrange(3)
            if action == 0:
                body[at] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
            elif action == 1:
                del body[at : at + chance.randint(1, 4)]
            else:
                body[at:at] = body[at : at + chance.randint(1, 9)]
        try:
            check(bytes(body))
        except RuntimeDecodeError:
            pytest.fail(f"scanned what the runtime refuses: {bytes(body)!r}")


@pytest.mark.parametrize(
    ("name", "field", "number", "wanted"),
    [
        (PARAMETER, "boolParam", 0, False),
        (PARAMETER, "boolParam", 2**63, True),
        (PARAMETER, "int64Param", 2**64 - 1, -1),
        (PARAMETER, "int64Param", 2**63 - 1, 2**63 - 1),
        (PARAMETER, "uint64Param", 2**64 - 1, 2**64 - 1),
        (STATUS, "code", 2**64 - 5, -5),
        (STATUS, "code", 2**40 + 7, 7),
        (STATUS, "status", 1, "FAILURE"),
        (STATUS, "status", 9, 9),
        (STATUS, "status", 2**64 - 1, -1),
    ],
)
def test_an_integer_is_that_of_its_field(name: str, field: str, number: int, wanted: Any) -> None:
    """Of as many bits as the field has, signed or not; an enum by its name."""
    found = one_integer(number, schema(name).fields[field])
    assert (type(found), found) == (type(wanted), wanted)


def test_varints_are_read_at_once_or_on_demand() -> None:
    """Few of them at once; more into an array, which may be the caller's."""
    known = schema("inference.InferTensorContents").fields
    assert few_varints(b"\xff\x01\x02\xff", 1, 2, known["intContents"]) == [1, 2]
    assert few_varints(b"\x01\x00", 0, 2, known["boolContents"]).tolist() == [True, False]
    assert few_varints(b"\x80\x01\x05", 0, 3, known["uintContents"]) == [128, 5]
    with pytest.raises(Irregular):
        few_varints(b"\x05\x80\x01", 0, 2, known["uintContents"])
    source = few_varints(b"\x05" * 65, 0, 65, known["int64Contents"])
    assert isinstance(source, VarintsSource)
    out = np.empty(65, np.int64)
    assert source.read(DEFAULT_LIMITS, out) is out
    assert out.tolist() == source.read(DEFAULT_LIMITS).tolist() == [5] * 65
    with pytest.raises(DecodeError, match="for out=, as the payload has it"):
        source.read(DEFAULT_LIMITS, np.empty(64, np.int64))


def test_one_float_is_that_of_struct() -> None:
    """Little-endian, of the size of its field; a zero only in a oneof."""
    double, value = schema(PARAMETER).fields["doubleParam"], schema("seldon.protos.Metric").fields
    assert one_float(b"\0" + struct.pack("<d", 0.1), 1, double) == 0.1
    assert one_float(struct.pack("<f", 0.5), 0, value["value"]) == 0.5
    assert json.dumps(one_float(struct.pack("<d", -0.0), 0, double)) == "-0.0"
    for body, field in ((struct.pack("<f", 0.0), value["value"]), (bytes(7), double)):
        with pytest.raises(Irregular):
            one_float(body, 0, field)
