"""Seldon's protocol in each container: its attributes, classes and error replies; loads, dumps."""

import json

import msgpack
import orjson
import pytest
from google.protobuf import json_format

import tensorwire as tw
from tensorwire import seldon
from tests.support import reference
from tests.support.seldon_messages import (
    MESSAGES,
    OFFICIAL,
    comparable,
    containers,
    encoded,
    protocol,
)
from tests.support.values import CODECS, CONTAINERS, MEDIA_TYPES


@containers
@pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))
def test_loads_and_dumps_are_the_protocol(container: str, message: tw.Message) -> None:
    """The two functions say for a message what its protocol says."""
    body = encoded(container, message)
    assert tw.dumps(message, MEDIA_TYPES[container]) == body
    assert comparable(tw.loads(body, MEDIA_TYPES[container])) == comparable(
        protocol(container).decode(body)
    )
    assert comparable(protocol(container).decode(bytearray(body))) == comparable(
        protocol(container).decode(body, {"Content-Type": "x"}, type=tw.Message)
    )


def test_the_attributes_of_a_protocol() -> None:
    """Name, media type and classes are those of the table."""
    for container in CONTAINERS:
        found = protocol(container)
        assert (found.name, found.media_type) == (f"seldon/{container}", MEDIA_TYPES[container])
        assert found.request is found.response is tw.Message
    assert tw.seldon.MessageList is seldon.MessageList


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
    info = "expected a row of 2 items, got a row of 1 - at $.data.ndarray[1]"
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
