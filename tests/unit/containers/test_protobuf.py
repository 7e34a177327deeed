"""Trees as protobuf, held to the official runtime."""

from typing import Any

import numpy as np
import pytest
from google.protobuf import json_format

from tensorwire.containers.protobuf import Protobuf
from tensorwire.containers.protobuf.schema import message_class, schema
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import VERIFIED
from tensorwire.tree import Irregular, Leaf, Role
from tensorwire.wire.buffers import buffer_of
from tests.support.nesting import nested
from tests.support.protobuf_messages import made, written
from tests.support.reference import fill_list

CONTAINER = Protobuf()
SELDON = "seldon.protos.SeldonMessage"
MESSAGE = schema(SELDON)
NUMBERS = np.arange(6.0).reshape(2, 3)


def whole(tree: Any, *leaves: Leaf, name: str = SELDON) -> bytes:
    """Return a message: what is around the leaves, and they."""
    parts = [bytes(buffer_of(CONTAINER.write(leaf))) for leaf in leaves]
    pieces = CONTAINER.frame(tree, map(len, parts), schema(name))
    return pieces[0] + b"".join(part + piece for part, piece in zip(parts, pieces[1:], strict=True))


@pytest.mark.parametrize(
    "rows",
    [
        NUMBERS,
        np.ones((20, 50)),
        np.array([[True], [False]]),
        np.arange(4, dtype="i4"),
        np.array([["a", "é"]]),
        [[1, "a", None], [True, 0.5, []]],
    ],
    ids=lambda rows: str(getattr(rows, "dtype", "mixed")),
)
def test_nested_lists_are_a_list_value(rows: Any) -> None:
    """Of numbers, bools, text and null."""
    leaf = Leaf(Role.NESTED, rows, None, np.shape(np.asarray(rows, object)))
    tree = {"meta": {"puid": "p"}, "data": {"names": ["x"], "ndarray": leaf}}
    wanted: Any = message_class(SELDON)()
    wanted.meta.puid = "p"
    wanted.data.names.append("x")
    nested_rows: Any = rows if isinstance(rows, list) else rows.tolist()
    if any(item is None for row in nested_rows if isinstance(row, list) for item in row):
        json_format.ParseDict(nested_rows, wanted.data.ndarray)
    else:
        fill_list(wanted.data.ndarray, nested_rows)
    assert whole(tree, leaf) == wanted.SerializeToString(deterministic=True)


def test_packed_values_and_memory_are_fields() -> None:
    """With tag and length; no values are no field, and empty memory is one."""
    shape, values = np.array([2, 3], "i4"), NUMBERS.ravel()
    one = Leaf(Role.VALUES, shape, np.dtype("<i4"), (2,))
    two = Leaf(Role.PACKED, NUMBERS.astype("f4"), np.dtype("<f8"), (2, 3))
    found = whole({"data": {"tensor": {"shape": one, "values": two}}}, one, two)
    assert found == written(SELDON, {"data": {"tensor": {"shape": shape, "values": values}}})
    none = Leaf(Role.PACKED, np.empty(0), np.dtype("<f8"), (0,))
    found = whole({"data": {"tensor": {"shape": [0], "values": none}}}, none)
    assert found == written(SELDON, {"data": {"tensor": {"shape": [0]}}})
    memory = Leaf(Role.BLOB, np.empty(0, np.uint8))
    assert whole({"binData": memory}, memory) == written(SELDON, {"binData": b""})
    strings = Leaf(Role.STRINGS, [b"a", b"", b"b" * 300])
    name = "inference.InferTensorContents"
    wanted = written(name, {"bytesContents": strings.data})
    assert whole({"bytesContents": strings}, strings, name=name) == wanted


@pytest.mark.parametrize("shape", [(1,), (2, 3), (3, 40)], ids=str)
@pytest.mark.parametrize("dtype", ["f8", "f4", ">f8", "i8", "?"])
@pytest.mark.parametrize("role", [Role.NESTED, Role.BLOB, Role.PACKED])
def test_small_arrays_are_written_as_any(role: Role, dtype: str, shape: tuple[int, ...]) -> None:
    """The short cut writes the same bytes, or declines."""
    array = np.ones(shape, dtype)
    field = np.dtype("<f8") if role is Role.PACKED else None
    leaf = Leaf(role, array, field, shape, array.dtype)
    write = CONTAINER.small_array_writer(leaf)
    if write is not None:
        found = write(array)
        assert found is None or found == bytes(buffer_of(CONTAINER.write(leaf)))


TREES: list[Any] = [
    {},
    {"status": {"code": 5, "info": "é", "status": "FAILURE"}, "meta": {"puid": "p"}},
    {"meta": {"tags": {"a": [None, True, {"b": "c"}], "d": 1.5}}, "strData": "x"},
    {"meta": {"routing": {"a": 1}, "metrics": [{"key": "k", "type": "TIMER", "value": 0.5}]}},
    {"jsonData": {"a": [1.0, [], {}], "b": None}},
    {"customData": {"@type": "type.googleapis.com/seldon.protos.Status", "code": 5}},
]


@pytest.mark.parametrize("tree", TREES[:-1], ids=str)
def test_fields_without_arrays_are_those_of_the_runtime(tree: Any) -> None:
    """Written and read, the simple ones without it."""
    wanted = json_format.ParseDict(tree, message_class(SELDON)())
    body = wanted.SerializeToString(deterministic=True)
    assert whole(tree) == body
    for read in (CONTAINER.read, CONTAINER.read_any):
        assert json_format.ParseDict(read(body, MESSAGE), message_class(SELDON)()) == wanted


@pytest.mark.parametrize("word", ["nan", "inf", "-inf"])
def test_what_is_not_finite_stays_a_number(word: str) -> None:
    """In a field of floats, and in a value beside it."""
    number = float(word)
    metric = {"key": "k", "value": number}
    body = whole({"meta": {"tags": {"a": 0.5}, "metrics": [metric]}})
    message: Any = message_class(SELDON)()
    message.ParseFromString(body)
    assert str(message.meta.metrics[0].value) == word
    assert message.meta.tags["a"].number_value == 0.5


def test_members_are_written_before_others() -> None:
    """Fields of lower numbers."""
    first = written(SELDON, {"data": {"tensor": {"values": [1.5]}}})
    found = CONTAINER.before({"meta": {"puid": "p"}}, first, MESSAGE)
    assert found == written(SELDON, {"meta": {"puid": "p"}, "data": {"tensor": {"values": [1.5]}}})


@pytest.mark.parametrize(
    ("tree", "reason"),
    [
        ({"status": {"code": "x"}}, "expected fields that protobuf accepts"),
        ({"status": {"nothing": 1}}, "expected fields that protobuf accepts"),
        ({"strData": 5}, "expected fields that protobuf accepts"),
        ({"jsonData": [2**53 + 1]}, "integers that float64 represents, got 9007199254740993"),
        ({"jsonData": nested(60)}, "nested messages for protobuf, got more"),
        ({"jsonData": nested(2000)}, "got more"),
    ],
    ids=["code", "unknown", "text", "integer", "deep", "deeper"],
)
def test_what_protobuf_does_not_take_is_refused(tree: Any, reason: str) -> None:
    """Values of other types, integers that float64 rounds, and levels beyond a hundred."""
    with pytest.raises(EncodeError, match=reason):
        CONTAINER.frame(tree, [], MESSAGE)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (np.ones((1,) * 50), "at most 49 nested lists"),
        (nested(50), "at most 49 nested lists"),
        (np.array([2**53 + 1]), "float64"),
        ([["a", 2**53 + 1]], "integers that float64 represents, got 9007199254740993"),
        (["\ud800"], "expected lists that protobuf accepts"),
    ],
    ids=["rank", "depth", "integer", "mixed integer", "surrogate"],
)
def test_lists_that_protobuf_does_not_hold_are_refused(rows: Any, reason: str) -> None:
    """Too deep, rounded, or no text."""
    with pytest.raises(EncodeError, match=reason):
        CONTAINER.write(Leaf(Role.NESTED, rows))


def test_arrays_are_read_in_place() -> None:
    """Beside fields that only the runtime reads."""
    body = written(
        SELDON,
        {"meta": {"tags": {"a": 1.5}}, "data": {"tensor": {"values": NUMBERS.ravel()}}},
    )
    found = CONTAINER.read(body, MESSAGE)
    assert found["meta"] == {"tags": {"a": 1.5}}
    values = found["data"]["tensor"]["values"]
    assert np.shares_memory(values, np.frombuffer(body, np.uint8))
    assert values.tolist() == NUMBERS.ravel().tolist()
    slow = CONTAINER.read_any(memoryview(body), MESSAGE)
    assert slow["data"]["tensor"]["values"].tolist() == values.tolist()
    body = written(SELDON, {"data": {"ndarray": NUMBERS.tolist()}})
    source = CONTAINER.read(body, MESSAGE)["data"]["ndarray"]
    assert source.read(DEFAULT_LIMITS).tolist() == NUMBERS.tolist()


@pytest.mark.parametrize("body", [b"\xff", b"\x0a\x05", b"\x07", b"{}", b"\x2a\x01\xff"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    """By the runtime, whose word is final."""
    with pytest.raises(Irregular):
        CONTAINER.read(body, MESSAGE)
    with pytest.raises(DecodeError, match=f"expected {SELDON}, got other bytes, which"):
        CONTAINER.read_any(body, MESSAGE)


def test_numbers_in_bytes_are_never_read_again() -> None:
    """There is no exact text."""
    assert not CONTAINER.text
    with pytest.raises(NotImplementedError):
        CONTAINER.read_exactly(b"", VERIFIED)


def test_a_message_of_another_package_is_read_by_the_runtime() -> None:
    """An Any of a type that is ours, too."""
    message = made(SELDON, {})
    json_format.ParseDict(TREES[-1], message, descriptor_pool=message.DESCRIPTOR.file.pool)
    body = message.SerializeToString()
    assert set(CONTAINER.read_any(body, MESSAGE)) == {"customData"}
    assert CONTAINER.read(body, MESSAGE).keys() == CONTAINER.read_any(body, MESSAGE).keys()
