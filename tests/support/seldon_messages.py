"""Seldon messages of every member, what the official libraries make of them, and both readers."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pool, json_format, message_factory
from google.protobuf.duration_pb2 import Duration

import tensorwire as tw
from tensorwire import seldon
from tensorwire.containers import CONTAINERS as BOXES
from tensorwire.containers.protobuf.schema import message_class, schema
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import Reading, Unverified
from tensorwire.protocols.seldon.reader import MessageReader
from tensorwire.tree import Irregular
from tests.support import reference
from tests.support.corpus import META, STATUS
from tests.support.expectations import describe
from tests.support.values import CONTAINERS, KINDS, MEDIA_TYPES, plain

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


def comparable(message: Any) -> Any:
    """Return all that a message says, comparable."""
    if isinstance(message, seldon.MessageList):
        return [comparable(one) for one in message.messages]
    if isinstance(message, seldon.Feedback):
        inner = [comparable(one) for one in (message.request, message.response, message.truth)]
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


def expected_tree(message: Any, container: str) -> Any:
    """Return the tree of a message as JSON or msgpack has it, made by hand."""
    if isinstance(message, seldon.MessageList):
        return {"seldonMessages": [expected_tree(one, container) for one in message.messages]}
    if isinstance(message, seldon.Feedback):
        tree: dict[str, Any] = {
            name: expected_tree(getattr(message, name), container)
            for name in ("request", "response")
            if getattr(message, name) is not None
        }
        tree["reward"] = message.reward
        return tree | ({"truth": expected_tree(message.truth, container)} if message.truth else {})
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
        return comparable(reader.message(read(), len(body), options, DEFAULT_LIMITS, kind))

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
