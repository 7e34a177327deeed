"""All that read a SeldonMessage read the same ones: codecs, loads, peek and transcode."""

from contextlib import suppress
from typing import Any

import msgpack
import orjson
import pytest

import tensorwire as tw
from tests.support import readers
from tests.support.reference import SeldonMessage
from tests.support.values import CONTAINERS, MEDIA_TYPES

ARRAYS: dict[str, Any] = {
    "ndarray": {"data": {"ndarray": [[1.5, 2.5]]}},
    "tensor": {"data": {"tensor": {"shape": [1, 2], "values": [1.5, 2.5]}}},
    "tftensor": {
        "data": {
            "tftensor": {
                "dtype": "DT_DOUBLE",
                "tensorShape": {"dim": [{"size": "1"}, {"size": "2"}]},
                "doubleVal": [1.5, 2.5],
            }
        }
    },
    "raw": {"binData": "AAEC"},
}
NO_NAMES: list[Any] = [0, 5, True, "a", "", {}, {"a": 1}, [1], ["a", 1], ["a", None], [["a"]], 1.5]
NO_OBJECTS: list[Any] = [0, 5, True, "x", "", [], [{}], 1.5, False]
REFUSED = [
    *(("names", names, "$.data.names") for names in NO_NAMES),
    *(("meta", meta, "$.meta") for meta in NO_OBJECTS),
    *(("status", status, "$.status") for status in NO_OBJECTS),
]
ACCEPTED: list[tuple[str, Any]] = [
    ("names", None),
    ("names", []),
    ("names", ["a", "b"]),
    ("meta", None),
    ("meta", {}),
    ("meta", {"puid": "p", "unknown": [1]}),
    ("status", None),
    ("status", {"code": 200}),
    ("unknown", 5),
    ("in data", {"a": [1]}),
]


def body(container: str, kind: str, member: str, value: Any) -> bytes:
    """Return a message of a kind with one more member."""
    tree = orjson.loads(orjson.dumps(ARRAYS[kind]))
    inside = member in ("names", "in data") and kind != "raw"
    (tree["data"] if inside else tree)[member] = value
    if container == "json":
        return orjson.dumps(tree)
    if kind == "raw":
        tree["binData"] = b"\0\1\2"
    packed: bytes = msgpack.packb(tree)
    return packed


def verdicts(container: str, kind: str, message: bytes) -> dict[str, Any]:
    """Return the place that each of the readers refuses, None where it reads the message."""
    name, media_type = f"{container}/{kind}", MEDIA_TYPES[container]
    protocol = tw.get_protocol(f"seldon/{container}")
    calls: dict[str, Any] = {
        "decode": lambda: tw.get_codec(name).decode(message),
        "loads": lambda: tw.loads(message, media_type),
        "protocol": lambda: protocol.decode(message),
        "peek": lambda: tw.peek(message, media_type),
        "transcode of a codec": lambda: tw.transcode(message, name, "seldon/json"),
        "transcode of a protocol": lambda: tw.transcode(message, protocol.name, "seldon/json"),
    }
    return {label: refused_at(call) for label, call in calls.items()}


def refused_at(call: Any) -> str | None:
    """Return the place that a reader refuses, None where it reads the message."""
    try:
        call()
    except tw.DecodeError as error:
        return error.path
    return None


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("container", ["json", "msgpack"])
@pytest.mark.parametrize(("member", "value", "path"), REFUSED)
def test_no_envelope(container: str, kind: str, member: str, value: Any, path: str) -> None:
    """What is no envelope is refused by every reader, with its place."""
    if member == "names" and kind == "raw":
        pytest.skip("raw bytes have no names")
    found = verdicts(container, kind, body(container, kind, member, value))
    assert set(found.values()) == {path}, found


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("container", ["json", "msgpack"])
@pytest.mark.parametrize(("member", "value"), ACCEPTED)
def test_an_envelope(container: str, kind: str, member: str, value: Any) -> None:
    """An envelope is read by every reader; so is a message with members that nobody knows."""
    found = verdicts(container, kind, body(container, kind, member, value))
    assert set(found.values()) == {None}, found


@pytest.mark.parametrize("kind", ["ndarray", "tensor", "tftensor"])
def test_unknown_fields_of_protobuf(kind: str) -> None:
    """A field that no message has is passed over by every reader, as protobuf does."""
    message = SeldonMessage()
    getattr(message.data, kind).SetInParent()
    if kind == "tftensor":
        message.data.tftensor.dtype = 1
    elif kind == "tensor":
        message.data.tensor.shape.append(0)
    strange = message.SerializeToString() + b"\xfa\x07\x01x"
    assert readers.read(f"protobuf/{kind}", strange) is not None
    assert set(verdicts("protobuf", kind, strange).values()) == {None}


@pytest.mark.parametrize("kind", ARRAYS)
@pytest.mark.parametrize("member", ["meta", "status"])
def test_integers_beyond_64_bits(kind: str, member: str) -> None:
    """An integer that a parser of JSON would round is refused by every reader, with its place."""
    message = body("json", kind, member, {"n": 12345}).replace(b"12345", b"18446744073709551616")
    found = verdicts("json", kind, message)
    assert set(found.values()) == {f"$.{member}.n"}, found


@pytest.mark.parametrize("container", ["json", "msgpack"])
def test_messages_in_messages(container: str) -> None:
    """In a list and in a feedback, peek refuses what decode refuses."""
    protocol: Any = tw.get_protocol(f"seldon/{container}")
    good = ARRAYS["ndarray"]
    trees: list[tuple[Any, Any]] = [
        (tw.seldon.MessageList, {"seldonMessages": [good, {**good, "meta": 5}]}),
        (tw.seldon.MessageList, {"seldonMessages": [{"data": {"names": 0, "ndarray": [1]}}]}),
        (tw.seldon.MessageList, {"seldonMessages": [{"strData": 5}]}),
        (tw.seldon.Feedback, {"request": {**good, "status": "x"}}),
        (tw.seldon.Feedback, {"reward": "much"}),
        (tw.seldon.Feedback, {"reward": True}),
        (tw.Message, {"strData": 5}),
        (tw.Message, {"customData": {"a": 1}}),
    ]
    for kind, tree in trees:
        message = orjson.dumps(tree) if container == "json" else msgpack.packb(tree)
        places = []
        for read in (protocol.decode, protocol.peek):
            with pytest.raises(tw.DecodeError) as caught:
                read(message, type=kind)
            places.append(caught.value.path)
        assert places[0] == places[1] != "$"


NESTED: list[tuple[str, Any]] = [
    ("bool, then number", [True, 5]),
    ("float, then text", [1.5, "a"]),
    ("text, then float", ["a", 1.5]),
    ("float, then bool", [1.5, False]),
    ("integers, then one float", [-(2**40)] * 20 + [1.5]),
    ("floats, then one integer", [0.5] * 20 + [3]),
    ("integers, the last unsigned", [1] * 20 + [2**63]),
    ("unsigned, one of them negative", [2**63, -1]),
    ("many unsigned", [2**63 + 5] * 40),
    ("many integers", [2**62] * 40),
    ("many bools", [[True, False]] * 300),
    ("long, bools and numbers", [[True, 1.5]] * 900),
    ("long, integers and a bool", [5] * 3000 + [True]),
    ("long, floats and text", [1.5] * 2000 + ["e"]),
    ("long, text that looks like numbers", ["1.5"] * 2000),
    ("long, integers and an exponent", [5] * 3000 + [1e300]),
    ("no rows", [[], []]),
    ("no values", []),
    ("long, no rows", [[]] * 3000),
    ("rank 3", [[[1.5, 2.5]], [[3.5, 4.5]]]),
    ("texts of several lengths", [["a", "bcd"], ["", "e"]]),
    ("ragged", [[1.5], [2.5, 3.5]]),
    ("ragged, and long", [[1.5, 2.5]] * 400 + [[1.5]]),
]


def agrees(container: str, message: bytes) -> None:
    """Assert that what peek tells of an array is what decode gives, or None."""
    with suppress(tw.DecodeError):
        value = tw.loads(message, MEDIA_TYPES[container]).value
        told = tw.peek(message, MEDIA_TYPES[container])
        if isinstance(value, list):
            assert told.dtype is None
            assert told.shape in (None, _shape(value))
        else:
            assert told.dtype in (None, value.dtype)
            assert told.shape in (None, value.shape)


def _shape(nested: Any) -> tuple[int, ...]:
    return (len(nested), *_shape(nested[0])) if isinstance(nested, list) and nested else ()


@pytest.mark.parametrize("container", CONTAINERS)
@pytest.mark.parametrize("nested", [rows for _, rows in NESTED], ids=[name for name, _ in NESTED])
def test_peek_tells_what_decode_gives(container: str, nested: Any) -> None:
    """Of any nested lists, peek says what decode gives, or None."""
    tree = {"data": {"ndarray": nested}}
    if container == "json":
        agrees(container, orjson.dumps(tree))
        agrees(container, orjson.dumps(tree, option=orjson.OPT_INDENT_2))
    elif container == "msgpack":
        agrees(container, msgpack.packb(tree))
    else:
        message = SeldonMessage()
        message.data.ndarray.SetInParent()
        with suppress(ValueError):  # integers that its float64 does not hold are floats to it
            message.data.ndarray.extend(nested)
        agrees(container, message.SerializeToString())


@pytest.mark.parametrize("place", range(0, 44, 11))
def test_peek_sees_strangers_in_lists(place: int) -> None:
    """An unknown field, or another type, anywhere in a list of protobuf changes what peek tells."""
    element = b"\x0a\x09\x11" + bytes(6) + b"\xf0\x3f"
    strangers = [
        b"\x0a\x09\x79" + bytes(8),  # a Value without a kind that is known: null
        b"\x0a\x09\x1a\x07strange",  # text
        b"\x12\x09strangers",  # a field that no ListValue has
        b"\x0a\x0b\x11" + bytes(8) + b"\x78\x01",  # a number, and a field that no Value has
    ]
    for stranger in strangers:
        parts = [element] * 4
        parts[place // 11] = stranger
        inner = b"".join(parts)
        data = b"\x1a" + bytes([len(inner)]) + inner
        message = b"\x1a" + bytes([len(data)]) + data
        agrees("protobuf", message)


def test_peek_takes_quoted_sizes() -> None:
    """Sizes that decode takes from text or from 2.0 are taken by peek."""
    for size in ('"2"', "2.0", "2"):
        message = b'{"data":{"tensor":{"shape":[%b],"values":[1.5,2.5]}}}' % size.encode()
        assert tw.loads(message).value.shape == tw.peek(message).shape == (2,)
    for shape in (b"[-1]", b'"2"', b"[[2]]"):
        message = b'{"data":{"tensor":{"shape":%b,"values":[1.5,2.5]}}}' % shape
        for read in (tw.loads, tw.peek):
            with pytest.raises(tw.DecodeError, match="shape"):
                read(message)


@pytest.mark.parametrize("values", [[b"x"], [b"5", b"6"], [b"x", 1], [[b"x"]]])
def test_bytes_are_no_numbers(values: list[Any]) -> None:
    """A list of bytes in msgpack is refused where numbers are to be, with the place."""
    for dtype in ("DT_INT32", "DT_FLOAT", "DT_BOOL", "DT_INT4", "DT_HALF", "DT_COMPLEX64"):
        names = {"DT_FLOAT": "floatVal", "DT_BOOL": "boolVal", "DT_HALF": "halfVal"}
        member = names.get(dtype, "scomplexVal" if dtype == "DT_COMPLEX64" else "intVal")
        proto = {"dtype": dtype, "tensorShape": {"dim": [{"size": "2"}]}, member: values}
        with pytest.raises(tw.DecodeError) as caught:
            tw.get_codec("msgpack/tftensor").decode(msgpack.packb({"data": {"tftensor": proto}}))
        assert caught.value.path.startswith(f"$.data.tftensor.{member}")
    tensor = {"shape": [len(values)], "values": values}
    with pytest.raises(tw.DecodeError) as caught:
        tw.get_codec("msgpack/tensor").decode(msgpack.packb({"data": {"tensor": tensor}}))
    assert caught.value.path.startswith("$.data.tensor.values")
