"""Nesting ends in a value or in a `CodecError`, whatever its depth and that of the caller."""

import random
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import tensorwire as tw
from tests.differential import bodies
from tests.differential.contents import Wrong, attempt, refused
from tests.support import oip_values, tfserving_values
from tests.support.values import CODECS
from tests.support.variants import varint

_EDGES = (49, 50, 51, 64, 65, 99, 100, 101, 250, 254, 255, 256, 494, 511, 512, 1023, 1024, 1025)
DEPTHS = (*_EDGES, *_EDGES, 3, 10, 30, 60, 75, 200, 300, 400, 600, 900, 1000, 2000, 5000, 100_000)
LEFT = 95  # frames that are left to a library whose caller has 900 above it

_JSON = {
    "seldon": (
        '{"data":{"ndarray":@}}',
        '{"data":{"ndarray":[@,@]}}',
        '{"data":{"names":@,"ndarray":[1]}}',
        '{"data":{"tensor":{"shape":@,"values":[1]}}}',
        '{"data":{"tensor":{"shape":[1],"values":@}}}',
        '{"data":{"tftensor":{"dtype":@}}}',
        '{"data":{"tftensor":{"dtype":1,"tensorShape":{"dim":@},"floatVal":[1]}}}',
        '{"data":{"tftensor":{"dtype":1,"tensorShape":{"dim":[{"size":@}]},"floatVal":[1]}}}',
        '{"data":{"tftensor":{"dtype":1,"floatVal":@}}}',
        '{"data":{"tftensor":{"dtype":7,"stringVal":@}}}',
        '{"data":{"tftensor":{"dtype":1,"tensorContent":@}}}',
        '{"data":{"ndarray":[1]},"meta":@}',
        '{"data":{"ndarray":[1]},"meta":{"tags":{"a":@}}}',
        '{"data":{"ndarray":[1]},"status":{"info":@}}',
        '{"data":@}',
        '{"binData":@}',
        '{"strData":@}',
        '{"jsonData":@}',
        '{"customData":@}',
        '{"customData":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"a":@}}}',
        '{"unknown":@,"data":{"ndarray":[1]}}',
        '{"seldonMessages":@}',
        '{"seldonMessages":[{"jsonData":@}]}',
        '{"request":{"jsonData":@},"reward":1}',
        '{"reward":@}',
        "@",
    ),
    "oip": (
        '{"inputs":@}',
        '{"inputs":[{"name":@,"shape":[1],"datatype":"FP32","data":[1]}]}',
        '{"inputs":[{"name":"x","shape":@,"datatype":"FP32","data":[1]}]}',
        '{"inputs":[{"name":"x","shape":[@],"datatype":"FP32","data":[1]}]}',
        '{"inputs":[{"name":"x","shape":[1],"datatype":@,"data":[1]}]}',
        '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":@}]}',
        '{"inputs":[{"name":"x","shape":[1],"datatype":"BYTES","data":@}]}',
        '{"inputs":[{"name":"x","shape":[1],"datatype":"INT64","data":[@,@]}]}',
        '{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1],"parameters":{"p":@}}]}',
        '{"inputs":[],"parameters":{"p":@}}',
        '{"inputs":[],"parameters":@}',
        '{"inputs":[],"id":@}',
        '{"inputs":[],"outputs":@}',
        '{"inputs":[],"outputs":[{"name":"y","parameters":{"p":@}}]}',
        '{"outputs":@}',
        '{"error":@}',
        '{"unknown":@,"inputs":[]}',
        "@",
    ),
    "tfserving": (
        '{"instances":@}',
        '{"instances":[@,@]}',
        '{"instances":[{"x":@},{"x":@}]}',
        '{"instances":[{"b64":@}]}',
        '{"inputs":@}',
        '{"inputs":{"x":@}}',
        '{"inputs":{"x":{"b64":@}}}',
        '{"instances":[1],"signature_name":@}',
        '{"predictions":@}',
        '{"outputs":@}',
        '{"error":@}',
        '{"unknown":@,"instances":[1]}',
        "@",
    ),
}
_NESTS = (("[", "]"), ('{"a":', "}"), ('[{"a":', "}]"), ("[[1],", "]"), ("[", ""), ('["a",', "]"))
_CORES = ("1", "1.5", '"a"', "null", "true", "[]", "{}", "")
_KINDS = {
    "seldon": (tw.Message, tw.seldon.MessageList, tw.seldon.Feedback),
    "oip": (oip_values.Request, oip_values.Response),
    "tfserving": tfserving_values.KINDS,
}


def check(chance: random.Random) -> bool:
    """Nest something somewhere, and decode or encode it from a place that is deep itself."""
    make = chance.choice((_of_json, _of_msgpack, _of_protobuf, _to_encode))
    calls = make(chance)
    ends = [_end(call, make.__name__, deep=chance.random() < 0.5) for call in calls]
    return any(ends)


def _end(call: Callable[[], Any], label: str, *, deep: bool) -> bool:
    """Call something, and tell whether it gave anything."""
    try:
        found = below(partial(attempt, call)) if deep else attempt(call)
    except Wrong as wrong:
        where = " from deep" if deep else ""
        raise Wrong(f"{label}: {wrong}{where}") from None
    return not refused(found)


def below(call: Callable[[], Any], left: int = LEFT) -> Any:
    """Call something when so few frames are left, and no more."""
    here = 0
    frame: Any = sys._getframe()
    while frame is not None:
        here, frame = here + 1, frame.f_back
    return _down(sys.getrecursionlimit() - here - left, call)


def _down(more: int, call: Callable[[], Any]) -> Any:
    return call() if more <= 0 else _down(more - 1, call)


def _of_json(chance: random.Random) -> list[Callable[[], Any]]:
    family = chance.choice(list(_JSON))
    depth = chance.choice(DEPTHS)
    opening, closing = chance.choice(_NESTS)
    nested = opening * depth + chance.choice(_CORES) + closing * depth
    data = chance.choice(_JSON[family]).replace("@", nested).encode()
    name = "oip/binary" if family == "oip" and chance.random() < 0.3 else f"{family}/json"
    calls = _reading(name, data, chance.choice(_KINDS[family]))
    if family == "seldon":
        codec = tw.get_codec(chance.choice([name for name in CODECS if name.startswith("json")]))
        calls.append(lambda: codec.decode(data))
    target = chance.choice(bodies.PROTOCOLS)
    return [*calls, lambda: tw.transcode(data, name, target)]


def _of_msgpack(chance: random.Random) -> list[Callable[[], Any]]:
    depth = chance.choice(DEPTHS)
    opening = chance.choice(
        (b"\x91", b"\x92\x01", b"\x81\xa1a", b"\xdd\x00\x00\x00\x01", b"\xdc\x00\x01")
    )
    core = chance.choice((b"\x01", b"\x90", b"", b"\xcb" + bytes(8), b"\xa1a", b"\xc0"))
    heads = [
        b"\x81\xa4data\x81\xa7ndarray",
        b"\x81\xa4data\x81\xa6tensor\x82\xa5shape\x90\xa6values",
        b"\x81\xa4data\x81\xa6tensor\x82\xa6values\x90\xa5shape",
        b"\x81\xa7binData",
        b"\x81\xa8jsonData",
        b"\x81\xaacustomData",
        b"\x82\xa7strData\xa1a\xa4meta",
        b"\x82\xa7strData\xa1a\xa4meta\x81\xa4tags\x81\xa1a",
        b"\x81\xaeseldonMessages",
        b"",
    ]
    data = chance.choice(heads) + opening * depth + core
    codec = tw.get_codec(chance.choice([name for name in CODECS if name.startswith("msgpack")]))
    calls = _reading("seldon/msgpack", data, chance.choice(_KINDS["seldon"]))
    return [*calls, lambda: codec.decode(data)]


def _of_protobuf(chance: random.Random) -> list[Callable[[], Any]]:
    """Nest fields of protobuf: by tags that hold one another, in turn."""
    source, tags, head = chance.choice(_TAGS)
    depth = chance.choice(DEPTHS)
    data = chance.choice((b"", b"\x08\x01", b"\x11" + bytes(8)))
    parts, size = [data], len(data)
    for i in range(depth):
        tag = tags[i % len(tags)]
        parts.append(tag + varint(size, None))
        size += len(parts[-1])
    for tag in reversed(head):
        parts.append(tag + varint(size, None))
        size += len(parts[-1])
    whole = b"".join(reversed(parts))
    calls = _reading(source, whole, _KINDS[source.partition("/")[0]][0])
    if source == "seldon/protobuf":
        codec = tw.get_codec(chance.choice([name for name in CODECS if name.startswith("proto")]))
        calls.append(lambda: codec.decode(whole))
    target = chance.choice(bodies.PROTOCOLS)
    return [*calls, lambda: tw.transcode(whole, source, target)]


# A source, the tags that are nested (innermost first), and the tags around them (outermost first).
_TAGS: tuple[tuple[str, tuple[bytes, ...], tuple[bytes, ...]], ...] = (
    ("seldon/protobuf", (b"\x32", b"\x0a"), (b"\x1a", b"\x1a")),  # a ListValue in a Value
    ("seldon/protobuf", (b"\x0a", b"\x32"), (b"\x32",)),  # jsonData, lists
    ("seldon/protobuf", (b"\x12", b"\x0a", b"\x2a"), (b"\x32",)),  # jsonData, structs
    ("seldon/protobuf", (b"\x0a", b"\x32"), (b"\x12", b"\x12", b"\x12")),  # a tag
    ("seldon/protobuf", (b"\x7a", b"\x1a"), (b"\x1a", b"\x22")),  # variant_val, tensors
    ("seldon/protobuf", (b"\xc3\x3e",), ()),  # groups of an unknown field
    ("seldon/protobuf", (b"\x1a",), ()),
    ("oip/protobuf", (b"\x2a",), ()),
    ("oip/protobuf", (b"\x22", b"\x12"), ()),
    ("tfserving/protobuf", (b"\x7a", b"\x1a"), (b"\x12", b"\x12")),  # variant_val in an input
    ("tfserving/protobuf", (b"\x12",), ()),
)


def _reading(name: str, data: bytes, kind: Any) -> list[Callable[[], Any]]:
    protocol: Any = tw.get_protocol(name)

    def again() -> Any:
        message = protocol.decode(data, type=kind)
        if kind is tw.Message:
            message.reply(np.zeros(2))
        try:
            return protocol.encode(message)
        except tw.EncodeError:
            return None

    return [again, lambda: protocol.peek(data, type=kind), lambda: repr(_or_none(again))[:10]]


def _or_none(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except tw.CodecError:
        return None


def _to_encode(chance: random.Random) -> list[Callable[[], Any]]:
    """Nest Python values: lists, dicts, and lists that hold themselves."""
    depth = chance.choice(DEPTHS)
    value: Any = chance.choice((1.5, 1, "a", None, True, b"a", [], {}, np.float64(1), np.ones(2)))
    way = chance.choice(("list", "dict", "both", "wide", "tuple"))
    for i in range(depth):
        if way == "dict" or (way == "both" and i % 2):
            value = {"a": value}
        else:
            value = {"wide": [[1.5], value], "tuple": (value,)}.get(way, [value])
    if chance.random() < 0.1:
        value = []
        value.append(value)
    name = chance.choice(bodies.SOURCES)
    if name in CODECS:
        codec, array = tw.get_codec(name), np.zeros(2, np.uint8)
        return [
            lambda: codec.encode(value),
            lambda: codec.encode(array, names=value),
            lambda: codec.encode(array, meta=value),
            lambda: codec.encode(array, meta={"tags": {"a": value}}),
            lambda: codec.encode(array, status={"info": value}),
            lambda: codec.encode(array, meta={"tags": {"a": value}}, lossy=True),
        ]
    protocol: Any = tw.get_protocol(name)
    return [lambda m=message: protocol.encode(m) for message in _messages(name, value)]  # type: ignore[misc]


def _messages(name: str, value: Any) -> list[Any]:
    array = np.zeros(2)
    if name.startswith("seldon"):
        struct = {"@type": "type.googleapis.com/google.protobuf.Struct", "value": {"a": value}}
        return [
            tw.Message(value, "ndarray"),
            tw.Message(value, "jsonData"),
            tw.Message(value, "strData"),
            tw.Message(value, "customData"),
            tw.Message(struct, "customData"),
            tw.Message(array, "ndarray", value),
            tw.Message(array, "tensor", None, {"tags": {"a": value}}),
            tw.Message(None, "", None, {}, {"info": value}),
            tw.seldon.MessageList([tw.Message(value, "jsonData")]),
            tw.seldon.MessageList(value),
            tw.seldon.Feedback(tw.Message(value, "jsonData")),
            tw.seldon.Feedback(reward=value),
        ]
    if name.startswith("oip"):
        tensor, other = oip_values.Tensor("x", array), oip_values.Output("y", {"a": value})
        return [
            oip_values.Request([oip_values.Tensor("x", value)]),
            oip_values.Request([tensor], parameters={"a": value}),
            oip_values.Request([oip_values.Tensor("x", array, {"a": value})]),
            oip_values.Request([oip_values.Tensor(value, array)]),
            oip_values.Request(value),
            oip_values.Request([tensor], outputs=[other]),
            oip_values.Response([tensor], id=value),
        ]
    return [
        tfserving_values.Request({"x": value}),
        tfserving_values.Request(value),
        tfserving_values.Request({"x": array}, signature_name=value),
        tfserving_values.Request({"x": array}, output_filter=value),
        tfserving_values.Response({"x": value}, rows=False),
    ]
