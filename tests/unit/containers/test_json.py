"""Trees as JSON, held to json and orjson."""

import base64
import json
from typing import Any

import numpy as np
import orjson
import pytest

from tensorwire.containers.json import JSON, dumps_values
from tensorwire.containers.json.numbers import NumbersText
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import BARE, FINITE, NAN_AS_NULL, NULLS, Reading, Unverified
from tensorwire.tree import ARRAY, ArrayPlaces, Irregular, Leaf, Role
from tensorwire.wire.buffers import buffer_of
from tests.support.nesting import nested

CONTAINER = JSON()
PLACES = ArrayPlaces({"a": {ARRAY: True}, "rows": {"a": {ARRAY: True}}})
NUMBERS = np.arange(6.0).reshape(2, 3)


def written(leaf: Leaf) -> Any:
    """Return what Python's json reads of an array."""
    return json.loads(bytes(buffer_of(CONTAINER.write(leaf))))


@pytest.mark.parametrize(
    ("leaf", "wanted"),
    [
        (Leaf(Role.NESTED, NUMBERS), NUMBERS.tolist()),
        (Leaf(Role.NESTED, np.array([["a", "é"]])), [["a", "é"]]),
        (Leaf(Role.NESTED, [1, "a", None]), [1, "a", None]),
        (Leaf(Role.PACKED, NUMBERS, np.dtype("f8"), (2, 3)), NUMBERS.ravel().tolist()),
        (Leaf(Role.VALUES, np.array([2**63 - 1]), np.dtype("i8")), ["9223372036854775807"]),
        (Leaf(Role.VALUES, np.array([1, -1], "i4"), np.dtype("i4")), [1, -1]),
        (Leaf(Role.VALUES, np.array([np.nan, -np.inf]), np.dtype("f8")), ["NaN", "-Infinity"]),
        (
            Leaf(Role.VALUES, np.array([np.finfo("f4").max, 0.5], "f4"), np.dtype("f4")),
            [float(np.finfo("f4").max), 0.5],
        ),
        (Leaf(Role.STRINGS, [b"a", b""]), ["YQ==", ""]),
    ],
    ids=lambda part: part.role.name if isinstance(part, Leaf) else "",
)
def test_an_array_is_text(leaf: Leaf, wanted: Any) -> None:
    """Numbers by their decimals, 64-bit integers and what is not finite quoted in values."""
    assert written(leaf) == wanted


@pytest.mark.parametrize("size", [0, 1, 3, 5000, 100_000])
def test_memory_is_base64(size: int) -> None:
    """Short and long, in quotes that the frame has."""
    memory = np.random.default_rng(1).integers(0, 256, size).astype(np.uint8)
    leaf = Leaf(Role.BLOB, memory, None, memory.shape, memory.dtype)
    assert bytes(buffer_of(CONTAINER.write(leaf))) == base64.b64encode(memory.tobytes())
    assert CONTAINER.frame({"a": leaf}, [0], PLACES) == [b'{"a":"', b'"}']


@pytest.mark.parametrize(
    ("words", "text"),
    [(NULLS, b"[null,null,1.5]"), (BARE, b"[NaN,Infinity,1.5]"), (FINITE, None)],
)
def test_what_is_not_finite_is_written_in_words(words: Any, text: bytes | None) -> None:
    """Or refused with its place; so are the JSON values beside arrays."""
    values = np.array([np.nan, np.inf, 1.5])
    if text is None:
        with pytest.raises(EncodeError, match="got nan") as error:
            CONTAINER.write(Leaf(Role.NESTED, values, words=words))
        assert error.value.within("$").path == "$[0]"
        with pytest.raises(EncodeError, match="got nan") as error:
            dumps_values({"a": values.tolist()}, words, "$.b")
        assert error.value.path == "$.b.a[0]"
        assert error.value.remedy == "pass missing='nan' to write bare words"
        return
    assert buffer_of(CONTAINER.write(Leaf(Role.NESTED, values, words=words))) == text
    tree = {"a": values.tolist(), "b": ("NaN", None)}
    assert dumps_values(tree, words, "$") == b'{"a":%b,"b":["NaN",null]}' % text
    assert repr(tree["a"]) == "[nan, inf, 1.5]"


def test_lossy_writes_null() -> None:
    """Where there is no other word."""
    values = np.array([np.nan, np.inf])
    assert written(Leaf(Role.NESTED, values, lossy=True)) == [None, None]
    leaf = Leaf(Role.NESTED, values, lossy=True, words=NAN_AS_NULL)
    assert written(leaf) == [None, None]


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)], ids=str)
@pytest.mark.parametrize("dtype", ["f8", "f4", ">f8", "f2", "i8", "?"])
@pytest.mark.parametrize("role", [Role.NESTED, Role.BLOB, Role.VALUES, Role.PACKED])
def test_small_arrays_are_written_as_any(role: Role, dtype: str, shape: tuple[int, ...]) -> None:
    """The short cut writes the same text, or declines."""
    array = np.ones(shape, dtype)
    field = np.dtype("f8") if role is Role.PACKED else array.dtype
    leaf = Leaf(role, array, None if role is Role.BLOB else field, shape, array.dtype)
    write = CONTAINER.small_array_writer(leaf)
    if write is None:
        return
    found = write(array)
    assert found is None or found == bytes(buffer_of(CONTAINER.write(leaf)))
    if array.dtype.kind == "f" and role in (Role.NESTED, Role.PACKED):
        assert write(np.full(shape, np.nan, dtype)) is None


def test_members_are_written_before_others() -> None:
    """The text goes on as it began."""
    assert CONTAINER.before({"id": "x", "n": [1]}, b'{"a":', PLACES) == b'{"id":"x","n":[1],"a":'


@pytest.mark.parametrize("depth", [1, 253, 254, 255, 1000, 1020])
def test_deep_values_are_written_as_any(depth: int) -> None:
    """Orjson writes 254 levels, and reads 1024."""
    core = [1.5, "é", None, {"b": True}]
    text = dumps_values({"a": nested(depth, core), "c": ()}, FINITE, "$")
    assert text == b'{"a":%b%b%b,"c":[]}' % (b"[" * depth, orjson.dumps(core), b"]" * depth)
    assert orjson.loads(text)["c"] == []


def test_values_that_json_does_not_have() -> None:
    """Types, and levels beyond what is read."""
    with pytest.raises(EncodeError, match="expected JSON values, got another"):
        dumps_values({"a": object()}, FINITE, "$")
    with pytest.raises(EncodeError, match="at most 1024 levels of nesting"):
        dumps_values(nested(1030), FINITE, "$")


LONG = [1.5] * 3000


@pytest.mark.parametrize("indent", [None, 1])
def test_long_arrays_stay_in_the_text(indent: int | None) -> None:
    """Numbers are read on demand, and base64 is bytes; the rest is that of json."""
    tree = {"a": LONG, "x": 1, "rows": [{"a": "QUJD" * 3000}, {"a": [1]}]}
    body = json.dumps(tree, indent=indent).encode()
    found = CONTAINER.read(body, PLACES)
    assert isinstance(found["a"], NumbersText)
    assert found["a"].read(DEFAULT_LIMITS).tolist() == LONG
    assert found["rows"][0]["a"].tobytes() == b"ABC" * 3000
    assert (found["x"], found["rows"][1]) == (1, {"a": [1]})
    assert CONTAINER.read_any(body, PLACES) == tree
    assert CONTAINER.read_exactly(memoryview(body), Reading()) == tree


@pytest.mark.parametrize(
    "body",
    [
        orjson.dumps({"a": LONG})[:-1] + b",}",
        orjson.dumps({"a": LONG}).replace(b"1.5]", b"1.5]]"),
        orjson.dumps({"a": "-" * 9000}),
        orjson.dumps({"a": LONG, "x": {"a": LONG}}).replace(b'"x"', b"x"),
    ],
)
def test_a_cut_that_may_be_wrong_is_irregular(body: bytes) -> None:
    """Orjson then decides about the whole."""
    with pytest.raises(Irregular):
        CONTAINER.read(body, PLACES)["a"].read(DEFAULT_LIMITS)


@pytest.mark.parametrize("body", [b"[1]", b"5", b'"a"', b"null"])
def test_other_values_than_objects_are_refused(body: bytes) -> None:
    """By each reader."""
    for read in (CONTAINER.read, CONTAINER.read_any):
        with pytest.raises(DecodeError, match="expected a JSON object, got"):
            read(body, PLACES)
    with pytest.raises(DecodeError, match="expected a JSON object, got"):
        CONTAINER.read_exactly(body, Reading())


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":1,}', b'{"a":\xff}', b"\x93NUMPY"])
def test_what_is_no_json_is_refused(body: bytes) -> None:
    """With the reason of the parser, and what the bytes look like."""
    for read in (CONTAINER.read, CONTAINER.read_any):
        with pytest.raises(DecodeError, match="expected JSON, got other text") as error:
            read(body, PLACES)
    assert ("npy" in error.value.remedy) == (body[:1] == b"\x93")
    with pytest.raises(DecodeError, match="expected JSON, got other text"):
        CONTAINER.read_exactly(body, Reading())


@pytest.mark.parametrize("text", ['{"x":NaN}', '{"x":1e999}', '{"x":[-Infinity]}'])
def test_words_and_numbers_beyond_float64_are_read_exactly(text: str) -> None:
    """They are left to the reader of exact text, which has the place of each."""
    for read in (CONTAINER.read, CONTAINER.read_any):
        with pytest.raises(Unverified):
            read(text.encode(), PLACES)
    if "e999" not in text:
        found = CONTAINER.read_exactly(text.encode(), Reading(words=True))
        assert repr(found) == repr(json.loads(text))
    with pytest.raises(DecodeError) as error:
        CONTAINER.read_exactly(text.encode(), Reading())
    assert error.value.path.startswith("$")
