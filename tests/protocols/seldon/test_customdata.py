"""Custom data in whole messages: known and unknown types, and what no container represents."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.struct_pb2 import Struct
from google.protobuf.wrappers_pb2 import BytesValue, Int64Value

import tensorwire as tw
from tensorwire import seldon
from tests.support import reference
from tests.support.corpus import META
from tests.support.seldon_messages import (
    CUSTOM,
    OPAQUE,
    URL,
    containers,
    encoded,
    official,
    protocol,
)
from tests.support.values import CONTAINERS


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
