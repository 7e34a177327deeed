"""Nesting never ends in a RecursionError, and what comes of it does not depend on the caller."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google import protobuf

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tensorwire.tree import MAX_DEPTH
from tests.differential.nesting import below
from tests.support.nesting import nested
from tests.support.values import CODECS, CONTAINERS, MEDIA_TYPES
from tests.support.variants import varint

DEPTHS = (10, 49, 51, 60, 99, 101, 250, 254, 255, 494, 511, 512, 1000, 1024, 2000, 100_000)
SELDON = {container: tw.get_protocol(f"seldon/{container}") for container in CONTAINERS}


def verdict(call: Callable[[], Any]) -> Any:
    """Return what a call returns, or the text of its `CodecError`."""
    try:
        return call()
    except tw.CodecError as error:
        return str(error)


def alike(call: Callable[[], Any]) -> Any:
    """Return what a call does, once it does the same where 900 frames are above it."""
    here, there = verdict(call), below(partial(verdict, call))
    assert here == there
    return here


def encoded(container: str, message: Any) -> bytes:
    """Return the body of a message."""
    return SELDON[container].encode(message)[0]


def levels(node: Any) -> int:
    """Return how deep lists and objects are nested."""
    deep = 0
    while isinstance(node, (list, dict)):
        deep, node = deep + 1, node["a"] if isinstance(node, dict) else node[0]
    return deep


def deep_text(depth: int, *, named: bool) -> str:
    """Return nested JSON."""
    opening, closing = ('{"a":', "}") if named else ("[", "]")
    return opening * depth + "1.5" + closing * depth


def same(text: bytes, written: bytes) -> bool:
    """Return whether two texts are the same JSON but for the way numbers are written."""
    return text.replace(b" ", b"") == written


@pytest.mark.slow
@pytest.mark.parametrize("named", [False, True], ids=["lists", "objects"])
@pytest.mark.parametrize("depth", DEPTHS)
def test_json_values(depth: int, *, named: bool) -> None:
    """What orjson reads of jsonData and tags is read, and written again; the rest is refused."""
    text = deep_text(depth, named=named)
    for body, around in (
        (f'{{"jsonData":{text}}}', 1),
        (f'{{"meta":{{"tags":{{"a":{text}}}}}}}', 3),
    ):
        message = verdict(partial(SELDON["json"].decode, body.encode()))
        assert below(partial(levels_of, body, "json")) == levels_of(body, "json")
        if depth + around > MAX_DEPTH:
            assert "depth limit" in message
            continue
        again = alike(partial(encoded, "json", message))
        assert same(again, body.encode())
        packed = alike(partial(encoded, "msgpack", message))
        tree = msgpack.unpackb(packed, strict_map_key=False)
        assert levels_all(tree) == depth + around
        assert below(partial(SELDON["msgpack"].decode, packed)).kind == message.kind


def levels_of(body: str, container: str) -> Any:
    """Return how deep the JSON value of a message is, or why it is refused."""
    found = verdict(lambda: SELDON[container].decode(body.encode()))
    if isinstance(found, str):
        return found
    return levels(found.value), levels(found.meta.get("tags"))


def levels_all(tree: Any) -> int:
    """Return how deep a tree of single members is nested."""
    deep = 0
    while isinstance(tree, (list, dict)):
        deep, tree = deep + 1, next(iter(tree.values() if isinstance(tree, dict) else tree))
    return deep


@pytest.mark.slow
@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_values_to_encode(container: str, depth: int) -> None:
    """Python values in jsonData, tags, status and lists are written, or refused with a place."""
    deepest = {"json": MAX_DEPTH, "msgpack": MAX_DEPTH, "protobuf": 49}[container]
    for named in (False, True):
        value = nested(depth, named=named)
        messages: list[tuple[Any, str]] = [
            (tw.Message(value, "jsonData"), "$.jsonData"),
            (tw.Message(np.zeros(2), "tensor", None, {"tags": {"a": value}}), "$.meta"),
            (
                tw.seldon.MessageList([tw.Message(value, "jsonData")]),
                "$.seldonMessages[0].jsonData",
            ),
            (tw.seldon.Feedback(None, tw.Message(value, "jsonData")), "$.response.jsonData"),
        ]
        for message, place in messages:
            found = alike(partial(encoded, container, message))
            if isinstance(found, bytes):
                assert depth <= deepest
                read = below(partial(SELDON[container].decode, found, type=type(message)))
                assert type(read) is type(message)
            else:
                assert depth > 30 if container == "protobuf" else depth > deepest - 4
                assert "RecursionError" not in found
                assert "recursion" not in found
                assert place in found


@pytest.mark.parametrize("name", CODECS)
def test_lists_that_hold_themselves(name: str) -> None:
    """A list that holds itself has no end, and is refused wherever it is given."""
    endless: list[Any] = []
    endless.append(endless)
    several: list[Any] = []
    several += [several, {"a": several}]
    codec, array = tw.get_codec(name), np.zeros(2, np.uint8)
    for value in (endless, several):
        for call in (
            partial(codec.encode, value),
            partial(codec.encode, array, meta={"tags": {"a": value}}),
            partial(codec.encode, array, status={"info": value}),
        ):
            assert isinstance(alike(call), str)


@pytest.mark.slow
@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("depth", DEPTHS)
def test_lists_to_encode(name: str, depth: int) -> None:
    """Nested lists are an array of up to 64 dimensions, or are refused."""
    codec = tw.get_codec(name)
    for core in (1.5, True, "a", 7):
        found = alike(partial(codec.encode, nested(depth, core)))
        if isinstance(found, bytes):
            assert depth <= 64
            assert below(partial(codec.decode, found)).ndim == depth
        else:
            assert depth > 49 or name.endswith(("raw", "tensor"))
    ragged = [nested(depth), nested(depth + 1)]
    assert isinstance(alike(partial(codec.encode, ragged)), str)


@pytest.mark.parametrize("shape", [(1,) * 63 + (5000,), (2,) + (1,) * 40 + (4000,), (1,) * 49])
def test_arrays_of_many_dimensions(shape: tuple[int, ...]) -> None:
    """An array of up to 64 dimensions is written and read from anywhere."""
    array = np.random.default_rng(1).normal(size=np.prod(shape)).reshape(shape)
    for name in CODECS:
        codec = tw.get_codec(name)
        body = alike(partial(codec.encode, array))
        if isinstance(body, str):
            assert name == "protobuf/ndarray"
            continue
        read = below(partial(codec.decode, body))
        assert read.tobytes() == array.tobytes()


def in_one_another(depth: int, tags: tuple[bytes, ...], core: bytes = b"") -> bytes:
    """Return fields of protobuf in one another, the first tag innermost."""
    parts, size = [core], len(core)
    for i in range(depth):
        parts.append(tags[i % len(tags)] + varint(size, None))
        size += len(parts[-1])
    return b"".join(reversed(parts))


@pytest.mark.parametrize("depth", DEPTHS)
def test_protobuf(depth: int) -> None:
    """What protobuf's runtime reads is read, what it refuses is refused, and both from anywhere."""
    official = message_class("seldon.protos.SeldonMessage")
    trees = {
        "lists in jsonData": (b"\x0a", b"\x32"),
        "objects in jsonData": (b"\x12", b"\x0a", b"\x2a"),
    }
    for tags in trees.values():
        whole = depth - depth % len(tags)
        value = in_one_another(whole, tags)
        body = b"\x32" + varint(len(value), None) + value
        found = alike(partial(read_json, body))
        assert ("protobuf refuses" in found) == (not parses(official, body))
        if "protobuf refuses" not in found:
            message = SELDON["protobuf"].decode(body)
            assert below(partial(encoded, "protobuf", message))
            assert below(partial(encoded, "json", message))


def read_json(body: bytes) -> str:
    """Return the text of a value that is read, which compares without recursion."""
    return orjson.dumps(SELDON["protobuf"].decode(body).value).decode()


def parses(official: Any, body: bytes) -> bool:
    """Return whether protobuf's runtime reads a message."""
    try:
        official.FromString(body)
    except Exception:  # noqa: BLE001 - of a class that differs between releases
        return False
    return True


@pytest.mark.parametrize("depth", DEPTHS)
def test_variants_of_tensorflow(depth: int) -> None:
    """A TensorProto may hold others in variant_val: no dtype of numpy's, however deep they lie."""
    tensors = in_one_another(2 * depth, (b"\x7a", b"\x1a"), b"\x08\x15")
    dtype = b"\x08\x15"  # DT_VARIANT
    proto = dtype + b"\x7a" + varint(len(tensors), None) + tensors
    for content in (proto, b"\x08\x01" + proto[2:]):
        data = b"\x22" + varint(len(content), None) + content
        body = b"\x1a" + varint(len(data), None) + data
        for call in (
            partial(tw.get_codec("protobuf/tftensor").decode, body),
            partial(tw.loads, body, MEDIA_TYPES["protobuf"]),
            partial(tw.peek, body, MEDIA_TYPES["protobuf"]),
            partial(tw.transcode, body, "protobuf/tftensor", "oip/json"),
        ):
            assert repr(verdict(call)) == repr(below(partial(verdict, call)))


def test_custom_data() -> None:
    """The object that JSON has for customData is as deep as protobuf reads, from anywhere."""
    deepest = 50 if protobuf.__version__ >= "7" else 100  # of a Struct in an Any
    for depth in (3, 20, 30, 40, 60, 1000, 5000):
        value = {
            "@type": "type.googleapis.com/google.protobuf.Struct",
            "value": {"a": nested(depth)},
        }
        message = tw.Message(value, "customData")
        body = alike(partial(encoded, "protobuf", message))
        assert isinstance(body, bytes) == (depth < deepest)
        if isinstance(body, bytes):
            read = SELDON["protobuf"].decode(body)
            assert depth > 50 or (
                json.loads(alike(partial(encoded, "json", read)))["customData"] == value
            )
