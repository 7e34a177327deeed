"""Trees with several arrays, and maps, in every container; held to the official libraries."""

import base64
import json
from contextlib import suppress
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.containers.json.scan import long_members
from tensorwire.containers.protobuf.schema import (
    message_class,
    schema,
)
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.protocols import bodies
from tensorwire.tree import ARRAY, ArrayPlaces, Irregular, Leaf, Role
from tests.support.values import Array

PLACES = {"a": {ARRAY: True}, "rows": {"a": {ARRAY: True}, "*": {ARRAY: True}}}
FREE = ArrayPlaces(PLACES)
SIZES = (0, 1, 3, 500, 3000)
REQUEST, PREDICT = "inference.ModelInferRequest", "tensorflow.serving.PredictRequest"


def floats(size: int) -> Array:
    """Return numbers of 17 digits."""
    return np.random.default_rng(size).normal(size=size)


def nested(array: Any) -> Leaf:
    """Return nested lists on their way out."""
    return Leaf(Role.NESTED, array, None, np.shape(array), getattr(array, "dtype", None))


def blob(array: Array) -> Leaf:
    """Return memory on its way out."""
    return Leaf(Role.BLOB, array, None, array.shape, array.dtype)


def plain(node: Any) -> Any:
    """Return a tree in which every array, read or still to be read, is described or a list."""
    if isinstance(node, dict):
        return {key: plain(part) for key, part in node.items()}
    node = node.read(DEFAULT_LIMITS) if hasattr(node, "read") else node
    if isinstance(node, np.ndarray):
        return node.tolist() if node.dtype != np.uint8 else node.tobytes()
    return [plain(part) for part in node] if isinstance(node, list) else node


def both(container: Any, body: bytes, message: Any) -> Any:
    """Return what a body says, once the fast and the slow reader agree on it."""
    slow = plain(container.read_any(body, message))
    try:
        assert plain(container.read(body, message)) == slow
    except Irregular:
        return slow
    return slow


@pytest.mark.parametrize("first", SIZES)
@pytest.mark.parametrize("second", SIZES)
def test_lists_in_json(first: int, second: int) -> None:
    """Several lists of numbers, short and long, are written as orjson does, and read again."""
    a, b = floats(first), np.arange(second)
    tree = {"x": "a", "rows": [{"a": nested(a), "k": 1}, {"é": nested(b)}], "a": nested(a[::2])}
    lists = {"x": "a", "rows": [{"a": a.tolist(), "k": 1}, {"é": b.tolist()}], "a": a[::2].tolist()}
    body = bodies.write(CONTAINERS["json"], tree, FREE)
    assert body == orjson.dumps(lists)
    assert b"".join(bodies.write_parts(CONTAINERS["json"], tree, FREE)) == body
    assert both(CONTAINERS["json"], body, FREE) == lists
    assert both(CONTAINERS["json"], json.dumps(lists, indent=1).encode(), FREE) == lists


@pytest.mark.parametrize("first", SIZES)
@pytest.mark.parametrize("second", SIZES)
def test_lists_and_memory_in_msgpack(first: int, second: int) -> None:
    """Several arrays are written as msgpack does, in memory or as lists of float64."""
    a, b = floats(first), floats(second)
    tree = {"x": "a", "rows": [{"a": nested(a), "k": 1}, {"é": blob(b)}], "a": nested(a[::2])}
    rows = [{"a": a.tolist(), "k": 1}, {"é": b.tobytes()}]
    lists = {"x": "a", "rows": rows, "a": a[::2].tolist()}
    body = bodies.write(CONTAINERS["msgpack"], tree, FREE)
    assert body == msgpack.packb(lists)
    assert b"".join(bodies.write_parts(CONTAINERS["msgpack"], tree, FREE)) == body
    assert both(CONTAINERS["msgpack"], body, FREE) == lists


@pytest.mark.parametrize("count", [0, 1, 2, 70])
def test_memory_in_json(count: int) -> None:
    """Memory in JSON is base64, between quotes of its own."""
    arrays = [np.arange(i * 300, dtype=np.uint8) for i in range(count)]
    tree = {"rows": [{"a": blob(array)} for array in arrays]}
    body = bodies.write(CONTAINERS["json"], tree, FREE)
    texts = [row["a"] for row in orjson.loads(body)["rows"]]
    assert [base64.b64decode(text) for text in texts] == [array.tobytes() for array in arrays]


@pytest.mark.parametrize("sizes", [(3000,), (3000, 3000), (2, 3000, 2), (3000, 2, 3000, 9000)])
def test_long_members_are_found(sizes: tuple[int, ...]) -> None:
    """The long arrays of a body are found, each from bracket to bracket; short ones are left."""
    arrays = [floats(size).tolist() for size in sizes]
    for indent in (None, 2):
        rows = [{"x": "y", "a": array, "z": {"b": [1]}} for array in arrays]
        body = json.dumps({"id": "a", "rows": rows}, indent=indent).encode()
        spans = [body[start:stop] for start, stop in long_members(body, FREE)]
        assert [json.loads(span) for span in spans] == [a for a in arrays if len(a) > 100]


DECOYS = [
    {"x": '"a":[1,2', "a": [1.5] * 3000},
    {"x": '"a": "', "a": [1.5] * 3000, "y": "\\"},
    {"a": [1.5] * 3000, "x": ']}],"a":[1]', "b": {"a": [2.5] * 3000}},
    {"x": {"a": [1] * 3000}, "a": [2] * 3000},
    {"rows": [{"a": [1.5] * 3000, "b": "A" * 9}], "x": "A" * 9000},
    {"rows": [{"a": [[1.5, 2]] * 3000}, {"b": [[1, 2], [3]] * 900}]},
    {"rows": [{"a": [1.5, "]"] * 3000}], "a": [1]},
    {"rows": [{"a": [{"a": [1] * 3000}]}]},
    {"rows": [[{"a": [1] * 3000}]], "a": {"a": [1.5] * 3000}},
    {"rows": [{str(i): [i] * 2000} for i in range(99)]},
    {"a": [[]] * 3000, "rows": [{"b": [True, None] * 900}]},
]


@pytest.mark.parametrize("tree", DECOYS, ids=range(len(DECOYS)))
@pytest.mark.parametrize("indent", [None, 1])
def test_what_only_looks_like_a_member(tree: Any, indent: int | None) -> None:
    """Strings that look like arrays, and arrays where none may stand, are read as orjson does."""
    body = json.dumps(tree, indent=indent).encode()
    assert both(CONTAINERS["json"], body, FREE) == tree


def test_memory_and_numbers() -> None:
    """A long string among long arrays is base64, or left to the slow reader."""
    for text in ("A" * 9000, "A" * 9001, "-" * 9000):
        body = orjson.dumps({"rows": [{"a": text, "b": [1.5] * 3000}]})
        if text != "A" * 9000:
            with pytest.raises(Irregular):
                CONTAINERS["json"].read(body, FREE)
            continue
        row = CONTAINERS["json"].read(body, FREE)["rows"][0]
        assert plain(row["a"]) == bytes(6750)
        with suppress(Irregular):  # without simdjson
            assert plain(row["b"]) == [1.5] * 3000


def test_a_member_twice() -> None:
    """The last of two members of one name counts, as orjson has it, however long they are."""
    for count in (2, 3000):
        one, two = [1.5] * count, [2.5] * count
        body = b'{"rows":[{"a":%b,"a":%b}],"a":%b,"a":[]}' % (
            orjson.dumps(one), orjson.dumps(two), orjson.dumps(one),
        )  # fmt: skip
        assert both(CONTAINERS["json"], body, FREE) == {"rows": [{"a": two}], "a": []}


@pytest.mark.parametrize("count", [0, 1, 2, 40])
@pytest.mark.parametrize("size", SIZES)
def test_arrays_in_protobuf(count: int, size: int) -> None:
    """Arrays in repeated messages and repeated memory are written as the runtime writes them."""
    arrays = [floats(size) for _ in range(count)]
    made: Any = message_class(REQUEST)(id="i")
    tree: dict[str, Any] = {"id": "i", "inputs": []}
    for i, array in enumerate(arrays):
        ints, texts = np.arange(-size, size), [b"", b"a" * size]
        part = made.inputs.add(name=str(i), shape=[size])
        part.contents.fp64_contents.extend(array)
        part.contents.int64_contents.extend(ints)
        part.contents.bytes_contents.extend(texts)
        contents = {
            "int64Contents": Leaf(Role.VALUES, ints, np.dtype("<i8")),
            "fp64Contents": Leaf(Role.VALUES, array, np.dtype("<f8")),
            "bytesContents": Leaf(Role.STRINGS, texts),
        }
        tree["inputs"].append({"name": str(i), "shape": [size], "contents": contents})
        made.raw_input_contents.append(array.astype("<f4").tobytes())
    tree["rawInputContents"] = [blob(array.astype("<f4")) for array in arrays]
    body = bodies.write(CONTAINERS["protobuf"], tree, schema(REQUEST))
    assert body == made.SerializeToString(deterministic=True)
    assert b"".join(bodies.write_parts(CONTAINERS["protobuf"], tree, schema(REQUEST))) == body
    read = both(CONTAINERS["protobuf"], body, schema(REQUEST))
    assert read.get("rawInputContents", []) == [a.astype("<f4").tobytes() for a in arrays]
    for node, array in zip(read.get("inputs", []), arrays, strict=True):
        assert node["contents"].get("fp64Contents", []) == array.tolist()


NAMES = ["x", "x_1", "x_", "", "é", "z", "Z", "long" * 50]


@pytest.mark.parametrize("count", range(len(NAMES) + 1))
@pytest.mark.parametrize("size", SIZES)
def test_arrays_in_a_map(count: int, size: int) -> None:
    """A map of messages with arrays in them is written in the runtime's order, and read back."""
    made: Any = message_class(PREDICT)()
    made.model_spec.name = "m"
    inputs = {}
    for i, name in enumerate(NAMES[:count]):
        made.inputs[name].dtype = 2
        made.inputs[name].tensor_shape.dim.add(size=size)
        made.inputs[name].tensor_content = floats(size + i).tobytes()
        inputs[name] = {
            "dtype": "DT_DOUBLE",
            "tensorShape": {"dim": [{"size": str(size)}] if size else [{}]},
            "tensorContent": blob(floats(size + i)),
        }
    wanted = made.SerializeToString(deterministic=True)
    order = sorted(inputs, key=lambda name: name.encode() + b"\xff")  # upb's
    tree = {"modelSpec": {"name": "m"}, "inputs": {name: inputs[name] for name in order}}
    if size:  # an empty field is for kinds to leave out
        body = bodies.write(CONTAINERS["protobuf"], tree, schema(PREDICT))
        assert body == wanted
    read = CONTAINERS["protobuf"].read(wanted, schema(PREDICT)).get("inputs", {})
    for i, name in enumerate(NAMES[:count]):
        memory = read[name].get("tensorContent", np.empty(0))
        assert memory.tobytes() == floats(size + i).tobytes()
        assert not memory.size or np.shares_memory(memory, np.frombuffer(wanted, np.uint8))
    assert both(CONTAINERS["protobuf"], wanted, schema(PREDICT))["modelSpec"] == {"name": "m"}


ENTRIES = {
    "twice": "0a0161 12020801 / 0a0161 12020802",
    "in pieces": "0a0161 12020801 12021a00",
    "value first": "12020801 0a0161",
    "no key": "12020801",
    "no value": "0a0161",
    "nothing": "",
    "an unknown field": "0a0161 12020801 1801",
    "a long length": "0a0161 1282000801",
    "key no text": "0a01ff 1200",
    "cut": "0a0161 120308",
    "key too long": "0a7f61",
}


@pytest.mark.parametrize("case", ENTRIES)
def test_other_entries_of_a_map(case: str) -> None:
    """Entries of a map in any other form are left to the runtime."""
    entries = [bytes.fromhex(entry) for entry in ENTRIES[case].split("/")]
    body = b"".join(b"\x12" + bytes([len(entry)]) + entry for entry in entries)
    container = CONTAINERS["protobuf"]
    try:
        slow = plain(container.read_any(body, schema(PREDICT)))
    except tw.DecodeError:
        slow = None
    try:
        fast = plain(container.read(body, schema(PREDICT)))
    except Irregular:
        return
    assert fast == slow


def test_parts_are_the_arrays() -> None:
    """Every array that travels as its memory is handed out as it is, in every container."""
    arrays = [np.arange(600.0), np.ones(9, np.float32), np.zeros((2, 0)), np.arange(99)]
    tree = {"rows": [{"a": blob(array)} for array in arrays], "a": blob(arrays[0])}
    request = {"id": "i", "rawInputContents": [blob(array) for array in (*arrays, arrays[0])]}
    for container, some, message in (
        (CONTAINERS["msgpack"], tree, FREE),
        (CONTAINERS["protobuf"], request, schema(REQUEST)),
    ):
        parts = bodies.write_parts(container, some, message)
        for array in arrays:
            shared = [np.shares_memory(np.frombuffer(part, np.uint8), array) for part in parts]
            assert sum(shared) == (2 if array is arrays[0] else int(array.size > 0))


def test_errors_name_the_array() -> None:
    """An array that a container cannot write is named by its place in the tree, at any size."""
    for size in (2, 3000):
        tree = {"rows": [{"a": nested(np.zeros(size))}, {"a": nested(np.full(size, np.nan))}]}
        for write in (bodies.write, bodies.write_parts):
            with pytest.raises(tw.EncodeError) as caught:
                write(CONTAINERS["json"], tree, FREE)
            assert caught.value.path == "$.rows[1].a[0]"
