"""The reader of Seldon messages: malformed, damaged, cut and unknown members, and caches."""

import random
from typing import Any

import msgpack
import numpy as np
import orjson
import pytest

import tensorwire as tw
from tensorwire import seldon
from tests.support.corpus import TOKENS, _mutate
from tests.support.expectations import describe
from tests.support.seldon_messages import (
    EVERY,
    FEEDBACK,
    LISTS,
    MESSAGES,
    NAMES,
    as_read,
    both,
    comparable,
    containers,
    encoded,
    every,
    length,
    protocol,
    refusal,
)
from tests.support.values import KINDS, plain

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
    assert comparable(read(b'{"jsonData":null}')) == comparable(tw.Message(None, "jsonData"))
    assert read(b'{"jsonData":null,"strData":"a"}').kind == "strData"
    assert read(b'{"jsonData":null,"strData":null,"meta":{}}').kind == "jsonData"
    assert read(b'{"data":null,"strData":"a","binData":null}').value == "a"


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
            assert found is wanted is None or comparable(found) == wanted
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
    wanted = comparable(protocol("protobuf").decode(body, type=type(message)))
    inner = encoded("protobuf", MESSAGES[0]) + field
    for more in (field + body, body + field):
        assert both("protobuf", type(message), more) == wanted
    if isinstance(message, seldon.MessageList):
        found = both("protobuf", type(message), body + b"\x0a" + length(inner) + inner)
        assert found == [*wanted, comparable(as_read(MESSAGES[0], "protobuf"))]


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
