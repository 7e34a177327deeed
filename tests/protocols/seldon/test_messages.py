"""Whole Seldon messages: every member, lists and feedback, held to the official libraries."""

import json
import random
import struct
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.duration_pb2 import Duration
from google.protobuf.struct_pb2 import Struct
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tensorwire import seldon
from tensorwire.containers import CONTAINERS as BOXES
from tensorwire.containers.protobuf.schema import message_class, schema
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import Reading, Unverified
from tensorwire.protocols.seldon.reader import MessageReader
from tensorwire.tree import Irregular
from tests.support import reference
from tests.support.corpus import META, STATUS, TOKENS, _mutate
from tests.support.expectations import describe
from tests.support.values import CODECS, CONTAINERS, KINDS, MEDIA_TYPES, Array, plain

containers = pytest.mark.parametrize("container", CONTAINERS)
NAMES = {
    tw.Message: "seldon.protos.SeldonMessage",
    seldon.MessageList: "seldon.protos.SeldonMessageList",
    seldon.Feedback: "seldon.protos.Feedback",
}
OFFICIAL: dict[Any, Any] = {kind: message_class(name) for kind, name in NAMES.items()}
FLOATS = plain("float64", (2, 3))
BIG = np.random.default_rng(5).normal(size=(60, 10))
URL = "type.googleapis.com/google.protobuf."
CUSTOM = seldon.Any(URL + "Duration", Duration(seconds=5).SerializeToString())
OPAQUE = seldon.Any("example.org/not.Known", b"\x00\xff\x80 any bytes")
VALUE = {"a": [1.0, None, True, "x", {"b": -0.5}], "": [], "é": {}}


def protocol(container: str) -> tw.MessageProtocol:
    """Return Seldon's protocol in a container."""
    return tw.get_protocol(f"seldon/{container}")


def encoded(container: str, message: Any, **options: Any) -> bytes:
    """Return the body of a message, once its parts and its headers are the same."""
    body, headers = protocol(container).encode(message, **options)
    parts, same = protocol(container).encode_parts(message, **options)
    assert b"".join(parts) == body
    assert headers == same == {"Content-Type": MEDIA_TYPES[container]}
    return body


def told(message: Any) -> Any:
    """Return all that a message says, comparable."""
    if isinstance(message, seldon.MessageList):
        return [told(one) for one in message.messages]
    if isinstance(message, seldon.Feedback):
        inner = [told(one) for one in (message.request, message.response, message.truth)]
        return [*inner, repr(message.reward)]
    if message is None:
        return None
    names = None if message.names is None else list(message.names)
    value = message.value
    value = describe(value) if isinstance(value, np.ndarray) else ordered(value)
    return value, message.kind, names, ordered(message.meta), ordered(message.status)


def ordered(node: Any) -> str:
    """Return the text of a tree, its keys in order, for protobuf's maps have none."""
    if isinstance(node, dict):
        return "{" + ",".join(f"{k!r}:{ordered(node[k])}" for k in sorted(node, key=repr)) + "}"
    return "[" + ",".join(map(ordered, node)) + "]" if isinstance(node, list) else repr(node)


def official(message: Any) -> Any:
    """Return the message built by protobuf's runtime, field by field."""
    built = OFFICIAL[type(message)]()
    if isinstance(message, seldon.MessageList):
        for one in message.messages:
            built.seldonMessages.add().CopyFrom(official(one))
    elif isinstance(message, seldon.Feedback):
        for name in ("request", "response", "truth"):
            if getattr(message, name) is not None:
                getattr(built, name).CopyFrom(official(getattr(message, name)))
        built.reward = message.reward
    else:
        _fill(built, message)
    return built


def _fill(built: Any, message: tw.Message) -> None:
    value: Any = message.value
    if message.kind in KINDS:
        array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.asarray(value)
        built.CopyFrom(reference.message(message.kind, array))
        if message.names:
            built.data.names.extend(message.names)
    elif message.kind == "strData":
        built.strData = value
    elif message.kind == "jsonData":
        json_format.ParseDict({"jsonData": value}, built)
    elif message.kind == "customData":
        built.customData.type_url, built.customData.value = value.type_url, value.value
        built.customData.SetInParent()
    if message.meta or not (message.kind or message.status):
        json_format.ParseDict({"meta": message.meta}, built)
    if message.status:
        json_format.ParseDict({"status": message.status}, built)


def said(message: Any, container: str) -> Any:
    """Return the tree of a message as JSON or msgpack has it, made by hand."""
    if isinstance(message, seldon.MessageList):
        return {"seldonMessages": [said(one, container) for one in message.messages]}
    if isinstance(message, seldon.Feedback):
        tree: dict[str, Any] = {
            name: said(getattr(message, name), container)
            for name in ("request", "response")
            if getattr(message, name) is not None
        }
        tree["reward"] = message.reward
        return tree | ({"truth": said(message.truth, container)} if message.truth else {})
    tree = {"status": message.status} if message.status else {}
    tree |= {"meta": message.meta} if message.meta else {}
    value = message.value
    if message.kind in KINDS:
        array = np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.asarray(value)
        inner = reference.tree(f"{container}/{message.kind}", array)
        if message.names:
            inner["data"] = {"names": message.names} | inner["data"]
        return tree | inner
    if message.kind == "customData":
        opaque = {"typeUrl": value.type_url, "value": value.value}
        if container == "json":
            packed = message_factory.GetMessageClass(
                descriptor_pool.Default().FindMessageTypeByName("google.protobuf.Any")
            )(type_url=value.type_url, value=value.value)
            opaque = json_format.MessageToDict(packed)
        return tree | {"customData": opaque}
    return (tree | {message.kind: value} if message.kind else tree) or {"meta": {}}


MESSAGES = [
    tw.Message(FLOATS, "ndarray", ["a", "b", "c"], META, STATUS),
    tw.Message(FLOATS, "tensor", ["a", "b", "c"]),
    tw.Message(BIG, "tensor", None, META),
    tw.Message(BIG, "ndarray"),
    tw.Message(plain("float32", (300, 4)), "tftensor", None, META, STATUS),
    tw.Message(plain("bool", (2, 2)), "tftensor"),
    tw.Message(np.array(["a", "é"]), "ndarray", None, {"puid": "p"}),
    tw.Message(b"\x00\xff" * 2000, "raw", None, META),
    tw.Message(b"", "raw"),
    tw.Message("", "strData"),
    tw.Message("ü" * 3000, "strData", None, META, STATUS),
    tw.Message(VALUE, "jsonData", None, META),
    tw.Message(None, "jsonData"),
    tw.Message(-1.5, "jsonData"),
    tw.Message("text", "jsonData"),
    tw.Message([], "jsonData"),
    tw.Message(CUSTOM, "customData", None, META, STATUS),
    tw.Message(seldon.Any(), "customData"),
    tw.Message(None, "", None, META),
    tw.Message(None, "", None, {}, STATUS),
    tw.Message(None, ""),
]
LISTS = [
    seldon.MessageList(MESSAGES),
    seldon.MessageList([]),
    seldon.MessageList([tw.Message(None, "")] * 2),
    seldon.MessageList([MESSAGES[2], MESSAGES[4], MESSAGES[7]]),
]
FEEDBACK = [
    seldon.Feedback(MESSAGES[0], MESSAGES[4], 0.5, MESSAGES[2]),
    seldon.Feedback(MESSAGES[9], None, -1.0),
    seldon.Feedback(truth=MESSAGES[11]),
    seldon.Feedback(),
]
EVERY = [*MESSAGES, *LISTS, *FEEDBACK]
every = pytest.mark.parametrize("message", EVERY, ids=range(len(EVERY)))


def as_read(message: Any, container: str) -> Any:
    """Return what is to come back: arrays as their kind reads them, bytes as uint8."""
    if isinstance(message, seldon.MessageList):
        return seldon.MessageList([as_read(one, container) for one in message.messages])
    if isinstance(message, seldon.Feedback):
        inner = [getattr(message, name) for name in ("request", "response", "truth")]
        first, second, third = (one and as_read(one, container) for one in inner)
        return seldon.Feedback(first, second, message.reward, third)
    value = message.value
    if message.kind in KINDS:
        value = tw.get_codec(f"{container}/{message.kind}").decode(
            reference.body(
                f"{container}/{message.kind}",
                np.frombuffer(value, np.uint8) if isinstance(value, bytes) else value,
            )
        )
    if message.kind == "customData" and container == "json" and value != seldon.Any():
        value = {"@type": CUSTOM.type_url, "value": "5s"}
    return replace(message, value=value)


@every
def test_protobuf_is_what_the_runtime_writes(message: Any) -> None:
    """Every member, alone, in a list and in a feedback, is byte for byte protobuf's."""
    body = encoded("protobuf", message)
    assert body == reference.protobuf_bytes(official(message))
    found = protocol("protobuf").decode(body, type=type(message))
    assert told(found) == told(as_read(message, "protobuf"))


@every
def test_json_is_what_orjson_and_protobuf_read(message: Any) -> None:
    """Every member is written as orjson writes its tree, and means to protobuf what it says."""
    body = encoded("json", message)
    assert body == orjson.dumps(said(message, "json"))
    found = protocol("json").decode(body, type=type(message))
    assert told(found) == told(as_read(message, "json"))
    if "customData" in body.decode():  # its type is in the default pool, not in ours
        return
    parsed = json_format.Parse(body, OFFICIAL[type(message)]())
    assert reference.protobuf_bytes(parsed) == reference.protobuf_bytes(official(message))


@every
def test_msgpack_is_the_tree_of_json(message: Any) -> None:
    """Every member is written as msgpack writes its tree, bytes as they are."""
    body = encoded("msgpack", message)
    assert msgpack.unpackb(body) == said(message, "msgpack")
    found = protocol("msgpack").decode(body, type=type(message))
    assert told(found) == told(as_read(message, "msgpack"))


@containers
@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
def test_loads_and_dumps_are_the_protocol(container: str, message: tw.Message) -> None:
    """The two functions say for a message what its protocol says."""
    body = encoded(container, message)
    assert tw.dumps(message, MEDIA_TYPES[container]) == body
    assert told(tw.loads(body, MEDIA_TYPES[container])) == told(protocol(container).decode(body))
    assert told(protocol(container).decode(bytearray(body))) == told(
        protocol(container).decode(body, {"Content-Type": "x"}, type=tw.Message)
    )


def test_the_attributes_of_a_protocol() -> None:
    """Name, media type and classes are those of the table."""
    for container in CONTAINERS:
        found = protocol(container)
        assert (found.name, found.media_type) == (f"seldon/{container}", MEDIA_TYPES[container])
        assert found.request is found.response is tw.Message
    assert tw.seldon.MessageList is seldon.MessageList


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.mark.slow
@containers
@given(value=values)
def test_any_json_value(container: str, value: Any) -> None:
    """A JSON value comes back equal, in protobuf with every number a float64."""
    body = encoded(container, tw.Message(value, "jsonData"))
    assert protocol(container).decode(body).value == value
    if container == "protobuf":
        built = json_format.ParseDict({"jsonData": value}, OFFICIAL[tw.Message]())
        assert body == reference.protobuf_bytes(built)
        found = json.dumps(protocol(container).decode(body).value)
        assert json.loads(found, parse_int=float) == json.loads(json.dumps(value), parse_int=float)
    elif container == "json":
        assert body == orjson.dumps({"jsonData": value})


def test_integers_that_a_value_would_round() -> None:
    """What float64 does not hold is refused in protobuf, unless the loss is accepted."""
    message = tw.Message({"a": [1, 2**53 + 1]}, "jsonData")
    for container in ("json", "msgpack"):
        assert protocol(container).decode(encoded(container, message)).value == message.value
    with pytest.raises(tw.EncodeError, match="9007199254740993") as caught:
        encoded("protobuf", message)
    assert caught.value.path == "$.jsonData.a[1]"
    with pytest.raises(tw.EncodeError) as caught:
        encoded("protobuf", seldon.MessageList([message, message]))
    assert caught.value.path == "$.seldonMessages[0].jsonData.a[1]"
    body = encoded("protobuf", message, lossy=True)
    assert protocol("protobuf").decode(body).value == {"a": [1.0, float(2**53)]}
    assert encoded("json", message, lossy=True) == orjson.dumps({"jsonData": message.value})


def made_type() -> Any:
    """Return a message class that a program registered in protobuf's default pool."""
    file = descriptor_pb2.FileDescriptorProto(
        name="tests/made.proto", package="tests", syntax="proto3"
    )
    made = file.message_type.add(name="Made")
    made.field.add(name="text", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
    made.field.add(name="number", number=2, type="TYPE_INT64", label="LABEL_OPTIONAL")
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("tests.Made"))


def known_types() -> Iterator[tuple[seldon.Any, dict[str, Any]]]:
    """Yield messages of known types: in bytes, and as JSON has them."""
    text = Struct()
    text.update({"a": [1, None, {"b": "c"}]})
    yield (
        seldon.Any(URL + "Struct", text.SerializeToString()),
        {"value": {"a": [1, None, {"b": "c"}]}},
    )
    yield CUSTOM, {"value": "5s"}
    yield (
        seldon.Any(URL + "Int64Value", Int64Value(value=2**60 + 1).SerializeToString()),
        {"value": "1152921504606846977"},
    )
    yield (
        seldon.Any(URL + "BytesValue", BytesValue(value=b"\xff").SerializeToString()),
        {"value": "/w=="},
    )
    made = made_type()(text="é", number=-1)
    yield (
        seldon.Any("example.org/a/tests.Made", made.SerializeToString()),
        {
            "text": "é",
            "number": "-1",
        },
    )


def test_custom_data_of_known_types() -> None:
    """A known type is turned from bytes to JSON's object and back; msgpack takes either."""
    for packed, members in known_types():
        tree = {"@type": packed.type_url} | members
        in_bytes, in_json = tw.Message(packed, "customData"), tw.Message(tree, "customData")
        assert orjson.loads(encoded("json", in_bytes)) == {"customData": tree}
        assert encoded("json", in_json) == orjson.dumps({"customData": tree})
        wanted = reference.protobuf_bytes(official(in_bytes))
        assert encoded("protobuf", in_bytes) == wanted
        assert encoded("protobuf", in_json) == wanted
        assert protocol("protobuf").decode(wanted).value == packed
        assert protocol("json").decode(encoded("json", in_json)).value == tree
        for message in (in_bytes, in_json):
            found = protocol("msgpack").decode(encoded("msgpack", message))
            assert found.value == message.value
        nested = seldon.MessageList([in_json, in_bytes])
        assert encoded("protobuf", nested) == reference.protobuf_bytes(
            official(seldon.MessageList([in_bytes, in_bytes]))
        )


def test_custom_data_of_unknown_types() -> None:
    """Bytes of any type are kept; where only its owner could convert them, that is said."""
    message = tw.Message(OPAQUE, "customData", None, META)
    for container in ("protobuf", "msgpack"):
        assert protocol(container).decode(encoded(container, message)).value == OPAQUE
    assert encoded("protobuf", message) == reference.protobuf_bytes(official(message))
    for url in ("example.org/not.Known", "", "/", "a/b/c.D", "google.protobuf.Nothing"):
        with pytest.raises(tw.EncodeError, match="type that protobuf's default pool has") as caught:
            encoded("json", tw.Message(seldon.Any(url, b"x"), "customData"))
        assert caught.value.path == "$.customData"
        with pytest.raises(tw.EncodeError, match="type that protobuf's default pool has") as caught:
            encoded("protobuf", tw.Message({"@type": url, "a": 1}, "customData"))
        assert caught.value.path == "$.customData"
    tree = {"@type": "example.org/not.Known", "a": [1, 2**60 + 1, None]}
    for container in ("json", "msgpack"):
        kept = tw.Message(tree, "customData")
        assert protocol(container).decode(encoded(container, kept)).value == tree


def test_custom_data_that_json_would_lose() -> None:
    """Unknown fields have no place in JSON; bytes that are no such message have no JSON at all."""
    more = seldon.Any(CUSTOM.type_url, CUSTOM.value + b"\xf8\x01\x05")
    with pytest.raises(tw.EncodeError, match="lossy=True") as caught:
        encoded("json", tw.Message(more, "customData"))
    assert caught.value.path == "$.customData.value"
    body = encoded("json", tw.Message(more, "customData"), lossy=True)
    assert orjson.loads(body) == {"customData": {"@type": CUSTOM.type_url, "value": "5s"}}
    for broken in (b"\x08", b"\xff" * 20, b"\x0b" * 200):
        with pytest.raises(tw.EncodeError) as caught:
            encoded("json", tw.Message(seldon.Any(CUSTOM.type_url, broken), "customData"))
        assert caught.value.path == "$.customData.value"


NO_CUSTOM: list[Any] = [
    {},
    {"a": 1},
    {"@type": 5},
    {"@type": None, "value": 1},
    b"bytes",
    "text",
    None,
    5,
    seldon.Any(5, b""),  # type: ignore[arg-type]
    seldon.Any("\ud800", b"x"),
    seldon.Any("a/b", "text"),  # type: ignore[arg-type]
    {"@type": URL + "Duration", "value": object()},
    {"@type": URL + "Duration", "value": b"5s"},
]
NO_CUSTOM_IN_PROTOBUF: list[Any] = [
    {"@type": URL + "Duration"},
    {"@type": URL + "Duration", "value": 5},
    {"@type": URL + "Duration", "value": "5s", "more": 1},
    {"@type": URL + "Any", "value": {"@type": "x"}},
    {"@type": URL + "Struct", "value": {"a": 2**60 + 1}},
    {"@type": URL + "Struct", "value": []},
    {"@type": URL + "Int64Value", "value": "x"},
    {"@type": "\ud800"},
]


@containers
@pytest.mark.parametrize("case", range(len(NO_CUSTOM) + len(NO_CUSTOM_IN_PROTOBUF)))
def test_what_is_no_custom_data(container: str, case: int) -> None:
    """What says of no message what it is, or is none of the type it says, is refused."""
    value = (NO_CUSTOM + NO_CUSTOM_IN_PROTOBUF)[case]
    if case >= len(NO_CUSTOM) and container != "protobuf":
        return
    with pytest.raises(tw.EncodeError) as caught:
        encoded(container, tw.Message(value, "customData"))
    assert caught.value.path.startswith("$.customData")


def test_custom_data_nested_too_deep() -> None:
    """A value that is nested without end is refused, in lists and objects alike."""
    for wrap in (lambda inner: [inner], lambda inner: {"a": inner}):
        value: Any = 1.5
        for _ in range(5000):
            value = wrap(value)
        for container in CONTAINERS:
            for kind in ("jsonData", "customData"):
                tree = value if kind == "jsonData" else {"@type": URL + "Value", "value": value}
                with pytest.raises(tw.EncodeError):
                    encoded(container, tw.Message(tree, kind))
                with pytest.raises(tw.EncodeError):
                    encoded(container, seldon.MessageList([tw.Message(tree, kind)]))


NO_MESSAGES: list[tuple[Any, str]] = [
    (tw.Message(5, "strData"), "$.strData"),
    (tw.Message("\ud800", "strData"), "$.strData"),
    (tw.Message(b"x", "strData"), "$.strData"),
    (tw.Message({1: 2}, "jsonData"), "$.jsonData"),
    (tw.Message([b"x"], "jsonData"), "$.jsonData[0]"),
    (tw.Message([np.zeros(2, "M8[s]")], "jsonData"), "$.jsonData[0]"),
    (tw.Message({"a": {2, 3}}, "jsonData"), "$.jsonData.a"),
    (tw.Message(2**64, "jsonData"), "$.jsonData"),
    (tw.Message("\ud800", "jsonData"), "$.jsonData"),
    (tw.Message(5, ""), "$"),
    (tw.Message("a", "strData", ["a"]), "$.data.names"),
    (tw.Message(None, "", ["a"]), "$.data.names"),
    (tw.Message("a", "strData", None, {"tags": {"a": object()}}), "$.meta"),
    (tw.Message("a", "strData", None, {1: 2}), "$.meta"),  # type: ignore[dict-item]
    (tw.Message("a", "strData", None, {}, {"info": {1}}), "$.status"),
    (tw.Message(None, "", None, 5), "$.meta"),  # type: ignore[arg-type]
    (tw.Message(FLOATS, "tensor", None, np.zeros(2)), "$.meta"),  # type: ignore[arg-type]
    (tw.Message(object(), "tensor"), "$.data.tensor"),
    (seldon.MessageList(5), "$.seldonMessages"),  # type: ignore[arg-type]
    (seldon.MessageList([MESSAGES[0], 5]), "$.seldonMessages[1]"),  # type: ignore[list-item]
    (seldon.MessageList([MESSAGES[0], tw.Message(5, "strData")]), "$.seldonMessages[1].strData"),
    (
        seldon.MessageList([tw.Message(FLOATS, "tensor", None, {"a": {1}})]),
        "$.seldonMessages[0].meta",
    ),
    (seldon.MessageList([seldon.MessageList()]), "$.seldonMessages[0]"),  # type: ignore[list-item]
    (seldon.Feedback(response=5), "$.response"),  # type: ignore[arg-type]
    (seldon.Feedback(truth=tw.Message(b"x" * 3, "tensor")), "$.truth.data.tensor"),
    (seldon.Feedback(reward="1"), "$.reward"),  # type: ignore[arg-type]
    (seldon.Feedback(reward=True), "$.reward"),
    (seldon.Feedback(reward=None), "$.reward"),  # type: ignore[arg-type]
    (seldon.Feedback(reward=10**400), "$.reward"),
    (seldon.Feedback(reward=2**53 + 1), "$.reward"),
    (5, "$"),
    (None, "$"),
    ({"data": {}}, "$"),
]


@containers
@pytest.mark.parametrize("case", range(len(NO_MESSAGES)))
def test_what_cannot_be_written(container: str, case: int) -> None:
    """What no message can say is refused, at its place in the whole."""
    message, path = NO_MESSAGES[case]
    for write in (protocol(container).encode, protocol(container).encode_parts):
        with pytest.raises(tw.EncodeError) as caught:
            write(message)
        assert caught.value.path.startswith(path)
        assert "\n" not in str(caught.value)


@containers
def test_kinds_that_nobody_knows(container: str) -> None:
    """An unknown kind is refused with those that are known, also in a list."""
    kinds: list[Any] = ["what", "names", "strdata", None, [], 5]
    for kind in kinds:
        message = tw.Message(1.5, kind)
        with pytest.raises(tw.UnknownCodecError, match="strData") as caught:
            encoded(container, message)
        assert caught.value.path == "$"
        with pytest.raises(tw.UnknownCodecError) as caught:
            encoded(container, seldon.Feedback(truth=message))
        assert caught.value.path == "$.truth"


def test_advice_reaches_nested_arrays() -> None:
    """An array that a kind cannot carry is refused in a list as it is alone."""
    message = tw.Message(np.array([2**53 + 1]), "tensor")
    with pytest.raises(tw.EncodeError) as caught:
        encoded("json", seldon.MessageList([MESSAGES[0], message]))
    assert caught.value.path == "$.seldonMessages[1].data.tensor"
    assert "use json/tftensor" in str(caught.value)
    assert "lossy=True" in str(caught.value)
    body = encoded("json", seldon.MessageList([message]), lossy=True)
    assert orjson.loads(body)["seldonMessages"][0]["data"]["tensor"]["shape"] == [1]
    with pytest.raises(tw.EncodeError) as caught:
        encoded("json", seldon.Feedback(tw.Message(np.array([[1.0, np.nan]] * 2000), "ndarray")))
    assert caught.value.path == "$.request.data.ndarray[0][1]"


UNREAD = [
    ({"strData": 5}, "$.strData"),
    ({"strData": ["a"]}, "$.strData"),
    ({"customData": 5}, "$.customData"),
    ({"customData": []}, "$.customData"),
    ({"customData": {"a": 1}}, "$.customData"),
    ({"customData": {"@type": 5}}, "$.customData"),
    ({"strData": "a", "jsonData": 1}, "$"),
    ({"strData": "a", "data": {"ndarray": [1]}}, "$"),
    ({"strData": "a", "data": {}}, "$.data"),
    ({"binData": "", "customData": {"@type": "x"}}, "$"),
    ({"strData": "a", "meta": 5}, "$.meta"),
    ({"strData": "a", "status": []}, "$.status"),
    ({"status": "a"}, "$.status"),
    ({"other": 1}, "$"),
    ({}, "$"),
    ({"meta": None, "status": None, "strData": None}, "$"),
]


@pytest.mark.parametrize(("tree", "path"), UNREAD, ids=range(len(UNREAD)))
def test_messages_that_are_malformed(tree: Any, path: str) -> None:
    """What is no message is refused at its place, alone, in a list and in a feedback."""
    for container, pack in (("json", orjson.dumps), ("msgpack", msgpack.packb)):
        read = protocol(container).decode
        with pytest.raises(tw.DecodeError) as caught:
            read(pack(tree))
        assert caught.value.path == path
        if not any(tree.get(name) for name in ("strData", "customData", "status")):
            continue  # in a list, a message may say nothing
        for kind, whole, place in (
            (seldon.MessageList, {"seldonMessages": [{"strData": "a"}, tree]}, "seldonMessages[1]"),
            (seldon.Feedback, {"reward": 1, "truth": tree}, "truth"),
        ):
            with pytest.raises(tw.DecodeError) as caught:
                read(pack(whole), type=kind)
            wanted = f".{place}{path[1:]}"
            assert caught.value.path == "$" + wanted


def test_null_is_a_value_of_json_data_alone() -> None:
    """A null is nothing where another payload is, and a JSON value where none is."""
    read = protocol("json").decode
    assert told(read(b'{"jsonData":null}')) == told(tw.Message(None, "jsonData"))
    assert read(b'{"jsonData":null,"strData":"a"}').kind == "strData"
    assert read(b'{"jsonData":null,"strData":null,"meta":{}}').kind == "jsonData"
    assert read(b'{"data":null,"strData":"a","binData":null}').value == "a"


UNREAD_LISTS: list[tuple[type, Any, str]] = [
    (seldon.MessageList, {"seldonMessages": 5}, "$.seldonMessages"),
    (seldon.MessageList, {"seldonMessages": {}}, "$.seldonMessages"),
    (seldon.MessageList, {"seldonMessages": [5]}, "$.seldonMessages[0]"),
    (seldon.MessageList, {"seldonMessages": [None]}, "$.seldonMessages[0]"),
    (seldon.MessageList, {"data": {"ndarray": [1]}}, "$"),
    (seldon.MessageList, {"reward": 1}, "$"),
    (
        seldon.MessageList,
        {"seldonMessages": [{"strData": "a"}, {"data": {"ndarray": [[1], [2, 3]]}}]},
        "$.seldonMessages[1].data.ndarray[1]",
    ),
    (
        seldon.MessageList,
        {"seldonMessages": [{"data": {"ndarray": [1.5] * 3000}}, {"data": {"ndarray": ["a", {}]}}]},
        "$.seldonMessages[1].data.ndarray[1]",
    ),
    (seldon.Feedback, {"request": 5}, "$.request"),
    (
        seldon.Feedback,
        {"request": {"data": {"tensor": {"shape": [2]}}}},
        "$.request.data.tensor.shape",
    ),
    (
        seldon.Feedback,
        {"request": {"data": {"tensor": {"shape": [1], "values": ["a"]}}}},
        "$.request.data.tensor.values[0]",
    ),
    (seldon.Feedback, {"reward": "a"}, "$.reward"),
    (seldon.Feedback, {"reward": True}, "$.reward"),
    (seldon.Feedback, {"reward": [1]}, "$.reward"),
    (seldon.Feedback, {"reward": {}}, "$.reward"),
    (seldon.Feedback, {"strData": "a"}, "$"),
]


@pytest.mark.parametrize(("kind", "tree", "path"), UNREAD_LISTS, ids=range(len(UNREAD_LISTS)))
def test_lists_and_feedback_that_are_malformed(kind: Any, tree: Any, path: str) -> None:
    """What is no list and no feedback is refused, at its place."""
    for container, pack in (("json", orjson.dumps), ("msgpack", msgpack.packb)):
        with pytest.raises(tw.DecodeError) as caught:
            protocol(container).decode(pack(tree), type=kind)
        assert caught.value.path == path


@containers
def test_classes_that_are_no_message(container: str) -> None:
    """Only the three classes of messages can be asked for."""
    for kind in (int, dict, "Message", 5, tw.oip.InferRequest):
        with pytest.raises(tw.DecodeError, match="MessageList"):
            protocol(container).decode(b"", type=kind)  # type: ignore[arg-type]
        with pytest.raises(tw.DecodeError, match="MessageList"):
            protocol(container).peek(b"", type=kind)  # type: ignore[arg-type]
    for body in (5, None, "text", [1]):
        with pytest.raises(tw.DecodeError):
            protocol(container).decode(body)
    with pytest.raises(tw.DecodeError):
        protocol(container).decode(b"")


def test_protobuf_of_another_class() -> None:
    """A message of which nothing is known in its class is refused, an empty one is empty."""
    read = protocol("protobuf").decode
    for message, kind in (
        (MESSAGES[1], seldon.MessageList),
        (MESSAGES[11], seldon.Feedback),
        (seldon.Feedback(reward=1.0), tw.Message),
    ):
        with pytest.raises(tw.DecodeError):
            read(encoded("protobuf", message), type=kind)
    assert read(b"", type=seldon.MessageList) == seldon.MessageList([])
    assert read(b"", type=seldon.Feedback) == seldon.Feedback()
    assert read(b"\x0a\x00", type=seldon.Feedback) == seldon.Feedback(tw.Message(None, ""))
    assert read(b"\x0a\x00\x0a\x00", type=seldon.MessageList).messages == [
        tw.Message(None, ""),
        tw.Message(None, ""),
    ]


REWARDS: list[Any] = [
    0.0,
    -0.0,
    0.1,
    1.5,
    -1e30,
    3.4028234663852886e38,
    1e-45,
    16777217 - 1,
    7,
    np.float32(0.3),
]


def test_rewards() -> None:
    """A reward is the float32 it means in protobuf, as its shortest decimal, elsewhere exact."""
    for reward in [*REWARDS, float("nan"), float("inf"), float("-inf")]:
        message = seldon.Feedback(reward=reward)
        body = encoded("protobuf", message)
        number = float(np.float32(reward))
        wanted = b"\x1d" + struct.pack("<f", number)
        assert body == (wanted if wanted[1:] != bytes(4) else b"")
        found = protocol("protobuf").decode(body, type=seldon.Feedback).reward
        assert repr(found) == repr(float(str(np.float32(reward))))
        for container in ("json", "msgpack"):
            text = encoded(container, message)
            again = protocol(container).decode(text, type=seldon.Feedback).reward
            assert repr(again) == repr(float(reward))
        parsed = json_format.Parse(encoded("json", message), OFFICIAL[seldon.Feedback]())
        assert struct.pack("<f", parsed.reward) == struct.pack("<f", number)
    for reward, lost in ((0.123456789, 0.12345679), (16777217, 16777216.0)):
        message = seldon.Feedback(reward=reward)
        with pytest.raises(tw.EncodeError, match="lossy=True") as caught:
            encoded("protobuf", message)
        assert caught.value.path == "$.reward"
        body = encoded("protobuf", message, lossy=True)
        assert protocol("protobuf").decode(body, type=seldon.Feedback).reward == lost
        assert orjson.loads(encoded("json", message)) == {"reward": reward}
    for lossy in (False, True):
        with pytest.raises(tw.EncodeError, match="float32"):
            encoded("protobuf", seldon.Feedback(reward=1e39), lossy=lossy)


def test_many_arrays_are_as_many_views() -> None:
    """Arrays in a list and in a feedback are views of the body, whatever stands around them."""
    kinds = ("tensor", "tftensor", "raw", "tensor", "tftensor")
    messages = [
        tw.Message(BIG + i, kind, None if kind == "raw" else ["a"] * 10, META, STATUS)
        for i, kind in enumerate(kinds)
    ]
    messages += [tw.Message(VALUE, "jsonData", None, META), tw.Message(OPAQUE, "customData")]
    for whole in (
        seldon.MessageList(messages),
        seldon.Feedback(messages[0], messages[1], 0.5, messages[2]),
    ):
        body = encoded("protobuf", whole)
        read = protocol("protobuf").decode(body, type=type(whole))
        assert told(read) == told(as_read_back(whole))
        found = (
            read.messages[:5]
            if isinstance(whole, seldon.MessageList)
            else [read.request, read.truth]
        )
        for one in found:
            assert np.shares_memory(one.value, np.frombuffer(body, np.uint8))
            assert not one.value.flags.writeable
        BOXES["protobuf"].read(body, schema(NAMES[type(whole)]))  # and is not `Irregular`
        parts = protocol("protobuf").encode_parts(whole)[0]
        views = [np.frombuffer(part, np.uint8) for part in parts if isinstance(part, memoryview)]
        for one, view in zip(messages[:3], views, strict=False):
            assert np.shares_memory(view, one.value)


def as_read_back(whole: Any) -> Any:
    """Return the same message, its raw arrays as bytes."""
    if isinstance(whole, seldon.MessageList):
        return seldon.MessageList([as_read_back(one) for one in whole.messages])
    if isinstance(whole, seldon.Feedback):
        inner = [as_read_back(one) for one in (whole.request, whole.response, whole.truth)]
        return seldon.Feedback(inner[0], inner[1], whole.reward, inner[2])
    if whole.kind != "raw":
        return whole
    return replace(whole, value=np.frombuffer(whole.value.tobytes(), np.uint8))


def test_many_arrays_take_no_memory() -> None:
    """Writing a list takes its body and little more, reading it next to nothing."""
    arrays = [np.full((500, 100), i, np.float64) for i in range(6)]
    whole = seldon.MessageList([tw.Message(array, "tensor", None, META) for array in arrays])
    body = encoded("protobuf", whole)
    protocol("protobuf").decode(body, type=seldon.MessageList)
    tracemalloc.start()
    try:
        written = protocol("protobuf").encode(whole)[0]
        assert tracemalloc.get_traced_memory()[1] < len(written) + (64 << 10)
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        read = protocol("protobuf").decode(body, type=seldon.MessageList)
        assert tracemalloc.get_traced_memory()[1] - before < 64 << 10
    finally:
        tracemalloc.stop()
    assert np.array_equal(read.messages[5].value, arrays[5])


def test_many_small_claims_are_one_large_claim() -> None:
    """Arrays that a short message fills up are bounded together, not each for itself."""
    tiny = OFFICIAL[tw.Message]()
    tiny.data.tftensor.dtype = 2
    tiny.data.tftensor.tensor_shape.dim.add().size = 1 << 20
    tiny.data.tftensor.double_val.append(1.5)
    many = OFFICIAL[seldon.MessageList](seldonMessages=[tiny] * 50)
    one = OFFICIAL[seldon.MessageList](seldonMessages=[tiny])
    read = protocol("protobuf").decode
    kind = seldon.MessageList
    assert read(one.SerializeToString(), type=kind).messages[0].value.sum() == 1.5 * (1 << 20)
    tracemalloc.start()
    try:
        with pytest.raises(tw.LimitError) as caught:
            read(many.SerializeToString(), type=kind)
        assert tracemalloc.get_traced_memory()[1] < 17 << 20
    finally:
        tracemalloc.stop()
    assert caught.value.path.startswith("$.seldonMessages[2].data.tftensor")
    with pytest.raises(tw.LimitError):
        protocol("json").decode(json_format.MessageToJson(many).encode(), type=kind)
    more = read(many.SerializeToString(), type=kind, limits=tw.Limits(max_bytes=8 << 20))
    assert len(more.messages) == 50


@containers
def test_limits_hold_in_lists(container: str) -> None:
    """What the caller allows holds for each array of a list."""
    body = encoded(container, seldon.MessageList([tw.Message(FLOATS), tw.Message(BIG)]))
    read = protocol(container).decode
    for limits in (tw.Limits(max_elements=599), tw.Limits(max_bytes=4799), tw.Limits(max_rank=1)):
        with pytest.raises(tw.LimitError) as caught:
            read(body, type=seldon.MessageList, limits=limits)
        at = 0 if limits.max_rank == 1 else 1
        assert caught.value.path.startswith(f"$.seldonMessages[{at}].data.tensor")
    allowed = tw.Limits(max_elements=600, max_bytes=4800, max_rank=2)
    assert len(read(body, type=seldon.MessageList, limits=allowed).messages) == 2


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [lambda v: [v], lambda v: {"a": v}], ids=["lists", "objects"])
def test_depth_is_counted_from_the_whole(wrap: Any) -> None:
    """What protobuf would not read in a list is not written there, nor read by another rule."""
    value: Any = 1.5
    written = 0
    for _ in range(60):
        value = wrap(value)
        for inner in (
            tw.Message(value, "jsonData"),
            tw.Message(FLOATS, "tensor", None, {"tags": {"a": value}}),
        ):
            for whole in (inner, seldon.MessageList([inner]), seldon.Feedback(truth=inner)):
                try:
                    body = encoded("protobuf", whole)
                except tw.EncodeError:
                    continue
                written += 1
                OFFICIAL[type(whole)].FromString(body)
                found = protocol("protobuf").decode(body, type=type(whole))
                assert told(found) == told(whole)
    assert written > 100


def test_depth_is_read_as_protobuf_reads_it() -> None:
    """Meta in a list is read to the same depth by the fast path and by the runtime."""
    verdicts = set()
    for levels in range(90, 104):
        deep = b""
        for _ in range(levels):  # groups of an unknown field, one in the other
            deep = b"\xfb\x01" + deep + b"\xfc\x01"
        meta = b"\x12" + length(deep) + deep
        item = meta + b"\x22\x01a"
        for kind, body in (
            (tw.Message, item),
            (seldon.MessageList, b"\x0a" + length(item) + item),
            (seldon.Feedback, b"\x22" + length(item) + item),
        ):
            try:
                OFFICIAL[kind].FromString(body)
                wanted = True
            except Exception:  # noqa: BLE001 - whatever the runtime raises
                wanted = False
            try:
                assert protocol("protobuf").decode(body, type=kind) is not None
                assert wanted
            except tw.DecodeError:
                assert not wanted
            verdicts.add((kind, levels, wanted))
    assert {wanted for _, _, wanted in verdicts} == {True, False}


def length(content: bytes) -> bytes:
    """Return a length as protobuf writes it."""
    size = len(content)
    return bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])


def both(container: str, kind: Any, body: bytes) -> Any:
    """Return what a body says, once the fast and the slow reader agree; None if it is refused."""
    box, message = BOXES[container], schema(NAMES[kind])
    reader = MessageReader(box)
    options = reader.default

    def said_by(read: Any, options: Reading) -> Any:
        return told(reader.message(read(), len(body), options, DEFAULT_LIMITS, kind))

    last = partial(box.read_any, body, message)
    if container == "json":  # which has a third reader, of exact text
        exact = options._replace(verified=True, marked=True)
        slow = refusal(said_by, partial(box.read_exactly, body, exact), exact)
        with suppress(Irregular, Unverified):
            assert refusal(said_by, last, options) == slow, (container, kind, body)
    else:
        slow = refusal(said_by, last, options)
    with suppress(Irregular, Unverified):
        fast = refusal(said_by, partial(box.read, body, message, options), options)
        assert fast == slow, (container, kind, body)
    return slow


def refusal(read: Any, *arguments: Any, **options: Any) -> Any:
    """Return what is read, None where it is refused with a place."""
    try:
        return read(*arguments, **options)
    except tw.CodecError as error:
        return None if error.path.startswith("$") and error.reason else error


@pytest.mark.slow
@containers
@pytest.mark.parametrize("kind", NAMES, ids=lambda kind: kind.__name__)
def test_mutated_messages(container: str, kind: Any) -> None:
    """Whatever the bytes: both readers agree, nothing but CodecError is raised, also by peek."""
    chance = random.Random(f"{container} {kind.__name__}")  # noqa: S311 - the same every time
    bodies = [encoded(container, message) for message in EVERY if type(message) is kind]
    bodies = [body for body in bodies if len(body) < 20_000]
    read = 0
    for _ in range(700):
        body = bytearray(chance.choice(bodies))
        for _ in range(chance.choice((1, 1, 2, 4))):
            _mutate(body, chance, TOKENS[container])
        wanted = both(container, kind, bytes(body))
        for _ in range(2):
            found = refusal(protocol(container).decode, bytes(body), type=kind)
            assert found is wanted is None or told(found) == wanted
        peeked = refusal(protocol(container).peek, bytes(body), type=kind)
        assert isinstance(peeked, tw.Peek) or (peeked is wanted is None)
        read += wanted is not None
    assert read


@containers
@every
def test_cut_messages(container: str, message: Any) -> None:
    """A body that ends too early is refused, or says less; both readers agree."""
    body = encoded(container, message)
    for stop in {*range(min(len(body), 40)), len(body) // 2, max(0, len(body) - 1)}:
        both(container, type(message), body[:stop])


UNKNOWN = [b"\xf8\x01\x05", b"\xfa\x01\x02ab", b"\xfb\x01\xfc\x01"]


@pytest.mark.parametrize("field", UNKNOWN)
@pytest.mark.parametrize("message", [LISTS[0], *FEEDBACK[:3]], ids=range(4))
def test_unknown_fields_disturb_nothing(message: Any, field: bytes) -> None:
    """A field of a newer writer, around or in the messages, changes nothing that is known."""
    body = encoded("protobuf", message)
    wanted = told(protocol("protobuf").decode(body, type=type(message)))
    inner = encoded("protobuf", MESSAGES[0]) + field
    for more in (field + body, body + field):
        assert both("protobuf", type(message), more) == wanted
    if isinstance(message, seldon.MessageList):
        found = both("protobuf", type(message), body + b"\x0a" + length(inner) + inner)
        assert found == [*wanted, told(as_read(MESSAGES[0], "protobuf"))]


@pytest.mark.parametrize("name", CODECS)
@pytest.mark.parametrize("message", MESSAGES[9:], ids=range(9, len(MESSAGES)))
def test_codecs_name_the_reader_of_what_is_no_array(name: str, message: tw.Message) -> None:
    """A codec refuses a message without an array, and names what reads it."""
    body = encoded(name.partition("/")[0], message)
    with pytest.raises(tw.DecodeError) as caught:
        tw.get_codec(name).decode(body)
    member = message.kind or ("status" if message.status else "")
    assert str(caught.value).startswith("expected an array, got ")
    assert ("read it with loads()" in str(caught.value)) == bool(member)
    assert caught.value.path == (f"$.{member}" if member else "$")


def test_error_replies() -> None:
    """An error is answered in the documented form, and is read as a status."""
    with pytest.raises(tw.DecodeError) as caught:
        tw.loads(b'{"data":{"ndarray":[[1.0,2.0],[3.0]]}}')
    body, headers = protocol("json").encode_error(caught.value)
    info = "ragged rows: expected 2 items, got 1 - at $.data.ndarray[1]"
    assert headers == {"Content-Type": "application/json"}
    assert (
        body
        == json.dumps(
            {"status": {"status": 1, "info": info, "code": -1, "reason": "MICROSERVICE_BAD_DATA"}},
            separators=(",", ":"),
        ).encode()
    )
    wanted = OFFICIAL[tw.Message]()
    wanted.status.code, wanted.status.info, wanted.status.status = -1, info, 1
    wanted.status.reason = "MICROSERVICE_BAD_DATA"
    assert json_format.Parse(body, OFFICIAL[tw.Message]()) == wanted
    binary, headers = protocol("protobuf").encode_error(caught.value)
    assert binary == reference.protobuf_bytes(wanted)
    assert headers == {"Content-Type": "application/x-protobuf"}
    packed = protocol("msgpack").encode_error(caught.value)[0]
    assert msgpack.unpackb(packed) == orjson.loads(body)
    for container, reply in (("json", body), ("protobuf", binary), ("msgpack", packed)):
        found = protocol(container).decode(reply)
        assert (found.kind, found.value, found.meta) == ("", None, {})
        flag = "FAILURE" if container == "protobuf" else 1
        status = {"status": flag, "info": info, "code": -1, "reason": "MICROSERVICE_BAD_DATA"}
        assert found.status == status
        for error in ("text", "\ud800", ValueError("x"), KeyError()):
            assert protocol(container).decode(protocol(container).encode_error(error)[0]).status


REPLIES: list[tuple[Any, str]] = [
    ("text", "strData"),
    (np.str_("text"), "strData"),
    ({"a": [1]}, "jsonData"),
    ({}, "jsonData"),
    (CUSTOM, "customData"),
    (b"x", "raw"),
    (bytearray(b"x"), "raw"),
    (memoryview(b"x"), "raw"),
    (np.array(["a"]), "ndarray"),
    (["a", 1.5], "ndarray"),
    ([True], "ndarray"),
    (np.array([True]), "ndarray"),
]


@pytest.mark.parametrize("kind", [*KINDS, "strData", "jsonData", "customData", ""])
def test_replies(kind: str) -> None:
    """Numbers go back in the kind of an array that came, else as tensor; the rest by its type."""
    request = tw.Message(None, kind, ["a"], {"puid": "p", "tags": {"t": 1}}, {"code": 1})
    same = kind if kind in ("ndarray", "tensor", "tftensor") else "tensor"
    for number in (FLOATS, [[1, 2]], np.arange(3)):
        assert request.reply(number).kind == same
    for value, wanted in REPLIES:
        reply = request.reply(value, None)
        assert reply.kind == wanted
        assert reply.value is value
        assert (reply.meta, reply.names, reply.status) == ({"puid": "p"}, None, {})
        for container in CONTAINERS:
            found = protocol(container).decode(encoded(container, reply))
            assert (found.kind, found.meta) == (wanted, {"puid": "p"})


def test_peek() -> None:
    """Peek tells kind, dtype, shape, names, meta and status as decode would."""
    for container in CONTAINERS:
        for message in MESSAGES:
            body = encoded(container, message)
            found = tw.peek(body, MEDIA_TYPES[container])
            read = protocol(container).decode(body)
            assert (found.kind, found.names) == (read.kind, read.names)
            assert (found.meta, found.status) == (read.meta, read.status)
            assert len(found.tensors) == (message.kind in KINDS)
            if found.tensors and not isinstance(read.value, list):
                strings = read.value.dtype.kind in "SUT"
                if not (strings and container != "json"):
                    assert found.dtype == read.value.dtype
                    assert found.shape == read.value.shape
        body = encoded(container, LISTS[3])
        listed = protocol(container).peek(body, type=seldon.MessageList)
        assert [(one.name, one.shape) for one in listed.tensors] == [
            ("seldonMessages[0]", (60, 10)),
            ("seldonMessages[1]", (300, 4)),
            ("seldonMessages[2]", (4000,)),
        ]
        body = encoded(container, FEEDBACK[0])
        judged = protocol(container).peek(body, type=seldon.Feedback)
        assert [(one.name, one.shape) for one in judged.tensors] == [
            ("request", (2, 3)),
            ("response", (300, 4)),
            ("truth", (60, 10)),
        ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("container", ["protobuf", "msgpack"])
def test_peek_looks_at_no_array(container: str, kind: str) -> None:
    """Of binary bodies, peek touches the bytes around an array, and tells what they claim.

    Of nested lists those are the bytes between the numbers, which say what the numbers are.
    """
    array = np.random.default_rng(1).normal(size=(1000, 50, 2))
    body = bytearray(encoded(container, tw.Message(array, kind, None, {"puid": "p"})))
    if kind != "ndarray":
        body[-40_000:-9] = bytes(40_000 - 9)  # which is no array any more
    tw.peek(bytes(body), MEDIA_TYPES[container])  # which imports what it needs
    tracemalloc.start()
    try:
        found = tw.peek(bytes(body), MEDIA_TYPES[container])
        peak = tracemalloc.get_traced_memory()[1] - len(body)
    finally:
        tracemalloc.stop()
    assert peak < 96 << 10  # of 80 kB on Python 3.11, 85 kB on 3.10
    assert found.meta == {"puid": "p"}
    assert found.shape == (array.shape if kind != "raw" else (array.nbytes,))
    assert found.dtype == (np.float64 if kind != "raw" else np.uint8)


def test_peek_where_only_the_values_tell() -> None:
    """Peek says None for what only the values would tell, rather than something wrong."""
    rows: list[Any] = [["a", 1.5], ["b", 2.5]]
    for container in CONTAINERS:
        body = encoded(container, tw.Message(rows, "ndarray"))
        found = tw.peek(body, MEDIA_TYPES[container])
        assert found.dtype is None
        assert found.shape in (None, (2, 2))
    many = np.arange(200, dtype=np.uint64)
    found = tw.peek(encoded("msgpack", tw.Message(many, "ndarray")), MEDIA_TYPES["msgpack"])
    assert (found.dtype, found.shape) == (None, (200,))


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool", "float32", "uint8"])
@pytest.mark.parametrize("shape", [(1,), (1, 1), (3,), (2, 3), (40, 30), (2, 3, 4, 5), (0,)])
def test_peek_and_decode_agree(dtype: str, shape: tuple[int, ...]) -> None:
    """Peek tells the dtype and the shape that decode gives, of every kind in every container."""
    array: Array = plain(dtype, shape)
    for container in CONTAINERS:
        for kind in KINDS:
            body = encoded(container, tw.Message(array, kind))
            found, read = tw.peek(body, MEDIA_TYPES[container]), protocol(container).decode(body)
            assert (found.dtype, found.shape) == (read.value.dtype, read.value.shape)


@containers
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_remembered_changes_nothing(container: str, kind: str) -> None:
    """The same bytes around another array, and others around the same, are read as they are."""
    read = protocol(container).decode
    for shape in ((1,), (1, 1), (2, 3), (3, 2), (6,)):
        for dtype in ("float64", "int64", "float32", "bool"):
            for scale in (1, 2, 3):
                array = (plain("float64", shape) * scale + scale).astype(dtype)
                for around in ({}, {"meta": {"puid": "p"}}, {"status": {"code": scale}}):
                    body = encoded(container, tw.Message(array, kind, **around))
                    wanted = tw.get_codec(f"{container}/{kind}").decode(body)
                    for one in (body, bytearray(body), memoryview(body)):
                        found = read(one)
                        assert found.kind == kind
                        assert describe(found.value) == describe(wanted)
                        assert found.value.flags.writeable == wanted.flags.writeable
                        assert (found.meta, found.status) == (
                            around.get("meta", {}),
                            around.get("status", {}),
                        )
                    if not wanted.flags.writeable and container != "json":
                        assert np.shares_memory(read(body).value, np.frombuffer(body, np.uint8))


def test_transcoding_keeps_messages() -> None:
    """Between Seldon's containers a message is kept, whatever it holds."""
    for message in MESSAGES:
        for source in CONTAINERS:
            body = encoded(source, message)
            for target in CONTAINERS:
                turned = tw.transcode(body, f"seldon/{source}", f"seldon/{target}")
                again = protocol(target).decode(turned)
                assert again.kind == message.kind
                assert again.meta == message.meta
                if message.kind == "customData":
                    assert encoded("protobuf", again) == encoded("protobuf", message)
                elif message.kind not in KINDS:
                    assert again.value == message.value
