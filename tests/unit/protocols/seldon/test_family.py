"""Seldon's own: bytes that are its messages, payloads as arguments, and replies in kind."""

from __future__ import annotations

from typing import Any

import msgpack
import numpy as np
import pytest

import tensorwire as tw
from tensorwire.protocols.seldon.family import FAMILY, OneKind
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"strData": "a"}, ""),
        ({"bin_data": "AA=="}, ""),
        ({"meta": {}}, ""),
        ({"seldonMessages": []}, "MessageList"),
        ({"seldon_messages": []}, "MessageList"),
        ({"reward": 1.0}, "Feedback"),
        ({"truth": {}}, "Feedback"),
    ],
    ids=str,
)
def test_json_is_recognised_by_its_members(document: dict[str, Any], message: str) -> None:
    """Those of the three messages, in both spellings that protobuf's JSON has."""
    found = FAMILY.recognize(b"", document)
    assert found is not None
    assert (found.form, found.message) == ("json", message)


@pytest.mark.parametrize("tree", [{}, {"data": {}}, {f"{i}": i for i in range(20)}], ids=len)
def test_a_map_of_msgpack_is_recognised(tree: dict[str, Any]) -> None:
    """Of no key, of few and of many; a picture that starts as a map does is none."""
    assert FAMILY.recognize(msgpack.packb(tree), None) is not None
    assert FAMILY.recognize(b"\x89PNG\r\n\x1a\n", None) is None
    assert FAMILY.recognize(msgpack.packb([tree]), None) is None


def test_the_payload_is_the_argument() -> None:
    """Raw bytes are bytes, text is text; a message without a payload has none to predict from."""
    raw = Message(np.frombuffer(b"ab", np.uint8), "raw", None, {"puid": "7"})
    assert FAMILY.arguments(raw) == (b"ab", [], {"puid": "7"})
    assert FAMILY.arguments(Message("text", "strData"))[0] == "text"
    with pytest.raises(tw.DecodeError, match="expected a payload"):
        FAMILY.arguments(Message(None, ""))


def test_names_of_columns_are_of_arrays_alone() -> None:
    """A model that returns text has no columns to name."""
    request = Message(np.ones((1, 2)), "ndarray")
    assert FAMILY.reply(request, np.ones((1, 2)), ["a", "b"]).names == ["a", "b"]
    assert FAMILY.reply(request, "text", ["a"]).names is None


def test_feedback_is_judged_by_its_members() -> None:
    """A request and a truth that are absent are None."""
    whole = Feedback(Message("a", "strData"), None, 0.5, Message("b", "strData"))
    assert FAMILY.judgement(whole) == ("a", [], 0.5, "b")
    assert FAMILY.judgement(Feedback(reward=1.0)) == (None, [], 1.0, None)


def test_only_a_message_has_an_array_for_others() -> None:
    """Lists, feedback and JSON values stay in Seldon's protocol."""
    for message in (MessageList([]), Feedback(), Message({"a": 1}, "jsonData"), Message(None, "")):
        with pytest.raises(tw.EncodeError, match="Seldon's protocol alone"):
            FAMILY.take(message)


def test_raw_bytes_of_one_kind_are_bytes() -> None:
    """An array of another dtype has to be wanted as its memory."""
    protocol = OneKind(tw.get_codec("json/raw"))
    assert protocol.encode(Message(b"ab"))[0] == b'{"binData":"YWI="}'
    with pytest.raises(tw.EncodeError, match="expected uint8 of one dimension, got float64"):
        protocol.encode(Message(np.ones(2)))
    body = protocol.encode(Message(np.ones(1)), lossy=True)[0]
    assert protocol.decode(body).value.tobytes() == np.ones(1).tobytes()
