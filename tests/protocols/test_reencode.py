"""What decode accepts, encode writes again: all that the suite has, in every codec and protocol."""

import random
from typing import Any

import msgpack
import pytest

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tests.differential import bodies
from tests.differential.contents import attempt, refused
from tests.differential.reencode import reencoded


@pytest.mark.parametrize("source", bodies.SOURCES)
def test_all_that_there_is(source: str) -> None:
    """Each message of the corpus, and other ways to write it, is the same after one more turn."""
    short, long = bodies._pool(source)
    assert all(reencoded(body) for body in (*short, *long) if body.source == source)
    chance = random.Random(source)  # noqa: S311 - the same ones every time
    held = 0
    for body in short * 3:
        held += reencoded(bodies.rewritten(body, chance))
    assert held > len(short)


JSON = [
    '{"customData":{}}',
    '{"customData":{"@type":"x/y","a":[NaN]}}',
    '{"jsonData":{"a":NaN}}',
    '{"jsonData":Infinity}',
    '{"jsonData":null}',
    '{"meta":{"tags":{"a":-Infinity,"b":[null,{}]}}}',
    '{"meta":{"puid":5,"tags":3,"routing":"x","metrics":{}}}',
    '{"status":{"code":"200","status":7}}',
    '{"status":{},"meta":{}}',
    '{"data":{"names":[],"ndarray":[[1,"a",null]]}}',
    '{"data":{"ndarray":[[1,"a"],[NaN,"b"]]}}',
    '{"data":{"ndarray":[]}}',
    '{"data":{"ndarray":[[],[]]}}',
    '{"data":{"ndarray":[null,1.5,NaN,-Infinity]}}',
    '{"data":{"ndarray":["a\\u0000","b"]}}',
    '{"data":{"ndarray":["a",1.5,true,null,9007199254740993]}}',
    '{"data":{"ndarray":[18446744073709551615,-1]}}',
    '{"data":{"tensor":{"shape":[0,3]}}}',
    '{"data":{"tensor":{"shape":["2"],"values":["NaN","7"]}}}',
    '{"data":{"tftensor":{"dtype":1}}}',
    '{"data":{"tftensor":{"dtype":7,"tensorShape":{"dim":[{"size":3}]},"stringVal":["YQA="]}}}',
    '{"data":{"names":["a"],"tensor":{"shape":[1],"values":[1]}},"status":{},"meta":{}}',
    '{"binData":""}',
    '{"strData":""}',
]
MSGPACK: list[Any] = [
    {"meta": {"tags": {"a": b"bytes", "b": float("nan")}}},
    {"status": {"info": b"bytes"}},
    {"jsonData": float("inf")},
    {"jsonData": {"a": 2**64 - 1}},
    {"data": {"ndarray": [None, 1.5]}},
    {"data": {"ndarray": ["a", None]}},
    {"customData": {"typeUrl": "a", "value": b"x"}},
    {"customData": {"@type": "a", "v": float("nan")}},
    {"data": {"names": ["a"], "tftensor": {"dtype": 7, "stringVal": [b"a\0"]}}},
]


@pytest.mark.parametrize("text", JSON)
def test_odd_json(text: str) -> None:
    """Whatever else JSON says is written again."""
    assert reencoded(bodies.Body("seldon/json", tw.Message, text.encode()))


@pytest.mark.parametrize("tree", MSGPACK, ids=range(len(MSGPACK)))
def test_odd_msgpack(tree: Any) -> None:
    """Whatever else msgpack says is written again."""
    assert reencoded(bodies.Body("seldon/msgpack", tw.Message, msgpack.packb(tree)))


FOREIGN: list[tuple[Any, str]] = [
    ({"meta": {"tags": {b"k": 1}}}, "$.meta.tags"),
    ({"meta": {b"puid": "x"}}, "$.meta"),
    ({"meta": {"tags": {"a": msgpack.Timestamp(1, 0)}}}, "$.meta.tags.a"),
    ({"status": {"info": [msgpack.Timestamp(1, 0)]}}, "$.status.info[0]"),
    ({"jsonData": {b"a": 1}}, "$.jsonData"),
    ({"jsonData": b"abc"}, "$.jsonData"),
    ({"jsonData": ["a", b"abc"]}, "$.jsonData[1]"),
    ({"jsonData": msgpack.Timestamp(5, 3)}, "$.jsonData"),
    ({"customData": {"@type": "a", "value": b"x"}}, "$.customData.value"),
]


@pytest.mark.parametrize(("tree", "path"), FOREIGN, ids=range(len(FOREIGN)))
def test_what_json_has_not(tree: Any, path: str) -> None:
    """Keys that are no text, bytes and times where JSON's values are to be are refused by all."""
    body = bodies.Body("seldon/msgpack", tw.Message, msgpack.packb(tree))
    for call in (body.decode, body.peek):
        found = attempt(call)
        assert refused(found)
        assert found.path == path
    beside = tree | {"data": {"ndarray": [1.5]}}
    if "jsonData" not in tree and "customData" not in tree:
        found = attempt(tw.get_codec("msgpack/ndarray").decode, msgpack.packb(beside))
        assert refused(found)
        assert found.path == path


def _metric(value: float) -> bytes:
    made: Any = message_class("seldon.protos.SeldonMessage")()
    made.meta.metrics.add(key="k", value=value).tags["t"] = "NaN"
    made.meta.tags["n"].number_value = value
    made.meta.tags["s"].list_value.values.add().string_value = "NaN"
    made.status.status = 5  # which no enum has
    return bytes(made.SerializeToString(deterministic=True))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), 1e-45, 0.1, -0.0])
def test_numbers_of_protobuf(value: float) -> None:
    """Metrics and tags that are not finite are written as the runtime writes them."""
    body = bodies.Body("seldon/protobuf", tw.Message, _metric(value))
    assert reencoded(body)
    assert body.protocol().encode(body.decode())[0] == body.data
