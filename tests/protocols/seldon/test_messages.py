"""Whole Seldon messages: every member as the official libraries write it, there and back."""

import json
import struct
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

import tensorwire as tw
from tensorwire import seldon
from tests.support import reference
from tests.support.seldon_messages import (
    CUSTOM,
    FLOATS,
    MESSAGES,
    OFFICIAL,
    as_read,
    comparable,
    containers,
    encoded,
    every,
    expected_tree,
    official,
    protocol,
)
from tests.support.values import CONTAINERS, KINDS


@every
def test_protobuf_is_what_the_runtime_writes(message: Any) -> None:
    """Every member, alone, in a list and in a feedback, is byte for byte protobuf's."""
    body = encoded("protobuf", message)
    assert body == reference.protobuf_bytes(official(message))
    found = protocol("protobuf").decode(body, type=type(message))
    assert comparable(found) == comparable(as_read(message, "protobuf"))


@every
def test_json_is_what_orjson_and_protobuf_read(message: Any) -> None:
    """Every member is written as orjson writes its tree, and means to protobuf what it says."""
    body = encoded("json", message)
    assert body == orjson.dumps(expected_tree(message, "json"))
    found = protocol("json").decode(body, type=type(message))
    assert comparable(found) == comparable(as_read(message, "json"))
    if "customData" in body.decode():  # its type is in the default pool, not in ours
        return
    parsed = json_format.Parse(body, OFFICIAL[type(message)]())
    assert reference.protobuf_bytes(parsed) == reference.protobuf_bytes(official(message))


@every
def test_msgpack_is_the_tree_of_json(message: Any) -> None:
    """Every member is written as msgpack writes its tree, bytes as they are."""
    body = encoded("msgpack", message)
    assert msgpack.unpackb(body) == expected_tree(message, "msgpack")
    found = protocol("msgpack").decode(body, type=type(message))
    assert comparable(found) == comparable(as_read(message, "msgpack"))


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
