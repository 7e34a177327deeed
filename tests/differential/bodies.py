"""Messages of every codec and protocol: valid, written in other ways, and damaged."""

import random
from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import msgpack
import numpy as np
import orjson
from google.protobuf import json_format

import tensorwire as tw
from tensorwire.containers.protobuf.schema import message_class
from tests.support import corpus, oip_values, reference, tfserving_values, variants
from tests.support.values import CODECS, CONTAINERS, MEDIA_TYPES, Array, plain

SELDON = tuple(f"seldon/{container}" for container in CONTAINERS)
OIP = oip_values.PROTOCOLS
SERVING = ("tfserving/json", "tfserving/protobuf")
PROTOCOLS = (*SELDON, *OIP, *SERVING)
SOURCES = (*CODECS, *PROTOCOLS)
_SHORT = 500  # bytes of a message that is cheap to read in every way
_RARELY = 0.03
_OFFICIAL = {
    tw.Message: "seldon.protos.SeldonMessage",
    tw.seldon.MessageList: "seldon.protos.SeldonMessageList",
    tw.seldon.Feedback: "seldon.protos.Feedback",
    oip_values.Request: "inference.ModelInferRequest",
    oip_values.Response: "inference.ModelInferResponse",
    tfserving_values.Request: "tensorflow.serving.PredictRequest",
    tfserving_values.Response: "tensorflow.serving.PredictResponse",
}


class Body(NamedTuple):
    """The bytes of a message, and what is needed to read them."""

    source: str
    kind: Any
    data: bytes
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed

    @property
    def family(self) -> str:
        """Whose protocol it is, ``seldon`` for a codec."""
        return "seldon" if self.source in CODECS else self.source.partition("/")[0]

    @property
    def container(self) -> str:
        """In what the message travels: json, protobuf or msgpack."""
        first, _, last = self.source.partition("/")
        name = first if self.source in CODECS else last.partition("-")[0]
        return {"binary": "json"}.get(name, name)

    @property
    def media_type(self) -> str:
        """The media type of the bytes."""
        if self.source == "oip/binary" and self.headers:
            return self.headers["Content-Type"]
        return MEDIA_TYPES[self.container]

    def protocol(self) -> Any:
        """Return the protocol that reads the whole message."""
        name = f"seldon/{self.container}" if self.source in CODECS else self.source
        return tw.get_protocol(name)

    def decode(self) -> Any:
        """Return the whole message."""
        return self.protocol().decode(self.data, self.headers, type=self.kind)

    def peek(self) -> Any:
        """Return what peek tells of the message."""
        return self.protocol().peek(self.data, self.headers, type=self.kind)

    def call(self) -> str:
        """Return Python that makes the same message."""
        kind = f"{self.kind.__name__}"
        return f"{self.source} {kind} {self.headers or ''} {self.data!r}"


@cache
def _pool(source: str) -> tuple[tuple[Body, ...], tuple[Body, ...]]:
    """Return the short messages of a source, and the long ones."""
    found = list(_codec(source) if source in CODECS else _MAKERS[source.partition("/")[0]](source))
    short = tuple(body for body in found if len(body.data) <= _SHORT)
    return short, tuple(body for body in found if len(body.data) > _SHORT)


def _codec(source: str) -> Iterator[Body]:
    for data in corpus.messages(source):
        yield Body(source, tw.Message, data)


def _seldon(source: str) -> Iterator[Body]:
    container = source.partition("/")[2]
    names = [name for name in CODECS if name.startswith(container)]
    for name in names:
        for data in corpus.messages(name)[::3]:
            yield Body(source, tw.Message, data)
    for kind, trees in _trees().items():
        for tree in trees:
            yield Body(source, kind, _packed(tree, container, kind))


def _trees() -> dict[Any, list[Any]]:
    """Return messages without arrays, lists and feedback, as trees that every container has."""
    deep: Any = {"a": [1.5, None, True, "x", {"b": -0.5}], "": [], "é": {}}
    values: list[Any] = [deep, -1.5, "text", [], {}, True, [[deep] * 3]]
    alone: list[Any] = [
        {"strData": ""},
        {"strData": "ü" * 40, "meta": corpus.META, "status": corpus.STATUS},
        *({"jsonData": value} for value in values),
        {"jsonData": deep, "meta": {"tags": {"t": deep, "n": None}}},
        {"meta": {"puid": "p"}},
        {"status": corpus.STATUS},
        {"meta": {}},
    ]
    array = {"data": {"names": ["a", "b"], "ndarray": [[1.5, 2.5]]}}
    tensor = {"data": {"tensor": {"shape": [2, 1], "values": [0.5, 2.5]}}, "meta": {"puid": "q"}}
    messages = [array, tensor, *alone]
    lists: list[Any] = [{"seldonMessages": messages[i : i + 3]} for i in range(0, len(messages), 2)]
    feedback: list[Any] = [
        {"request": array, "response": tensor, "reward": 0.5, "truth": array},
        {"reward": -1.0},
        {"request": tensor, "reward": 0.0},
        {"response": alone[1], "reward": 1.0},
    ]
    return {tw.Message: alone, tw.seldon.MessageList: lists, tw.seldon.Feedback: feedback}


def _packed(tree: Any, container: str, kind: Any) -> bytes:
    if container == "json":
        return orjson.dumps(tree)
    if container == "msgpack":
        packed: bytes = msgpack.packb(tree)
        return packed
    made = json_format.ParseDict(tree, message_class(_OFFICIAL[kind])())
    return bytes(made.SerializeToString(deterministic=True))


def _oip(source: str) -> Iterator[Body]:
    for message in _oip_messages(source):
        kind = type(message)
        if source in oip_values.GRPC:
            made = oip_values.official(message, typed=source.endswith("-typed"))
            yield Body(source, kind, made.SerializeToString(deterministic=True))
        else:
            yield Body(source, kind, *oip_values.rest(message, binary=source.endswith("/binary")))


def _oip_messages(source: str) -> Iterator[Any]:
    names = [name for name in oip_values.DATATYPES if not oip_values.refused(source, name)]
    if not source.endswith("binary") and source in oip_values.REST:
        names = [name for name in names if name != "FP16"]
    for kind, name in product((oip_values.Request, oip_values.Response), names):
        array_of = "str" if name == "BYTES" else oip_values.DATATYPES[name][0]
        for shape in ((), (1,), (2, 3), (0, 3), (40, 5)):
            tensor = oip_values.Tensor("x", plain(array_of, shape))
            yield kind([tensor], "m") if kind is oip_values.Response else kind([tensor])
    for kind in (oip_values.Request, oip_values.Response):
        several = oip_values.several(names[:3])
        yield oip_values.filled(kind, several)
        yield oip_values.filled(kind, [])


def _serving(source: str) -> Iterator[Body]:
    for kind in tfserving_values.KINDS:
        for named in _named_arrays(source):
            if source.endswith("protobuf"):
                message = kind(named, "m", 3, signature_name="s")
                yield Body(source, kind, tfserving_values.written(message))
                continue
            keys = ("instances", "inputs") if kind is tfserving_values.Request else None
            rows, columns = keys or ("predictions", "outputs")
            yield from (
                Body(source, kind, orjson.dumps(tree))
                for tree in _serving_trees(named, rows, columns)
            )


def _serving_trees(named: dict[str, Array], rows: str, columns: str) -> Iterator[Any]:
    nested = {name: array.tolist() for name, array in named.items()}
    yield {columns: nested}
    yield {columns: nested[min(nested)]}
    lengths = {array.shape[:1] for array in named.values()}
    if lengths == {()} or len(lengths) != 1 or 0 in next(iter(lengths)):
        return
    yield {rows: nested[min(nested)]}
    yield {
        rows: [dict(zip(nested, row, strict=True)) for row in zip(*nested.values(), strict=True)]
    }


def _named_arrays(source: str) -> Iterator[dict[str, Array]]:
    dtypes = ("float64", "int64", "bool", "str")
    for name in (*dtypes, "float32", "int8", "bytes") if source.endswith("protobuf") else dtypes:
        for shape in ((), (1,), (2, 3), (3, 0), (1, 2, 2), (40, 5)):
            yield {"x": plain(name, shape)}
            yield {"a": plain(name, shape), "b": plain("float64", shape[:1])}


_MAKERS = {"seldon": _seldon, "oip": _oip, "tfserving": _serving}


def valid(chance: random.Random, source: str | None = None) -> Body:
    """Return a valid message, most often a short one."""
    short, long = _pool(chance.choice(SOURCES) if source is None else source)
    return chance.choice(long if long and chance.random() < _RARELY else short)


def rewritten(body: Body, chance: random.Random) -> Body:
    """Return a message that is written in another way; now and then no longer a valid one."""
    data, tail = body.data, b""
    try:
        whole: Any = message_class(_OFFICIAL[body.kind]).DESCRIPTOR
        headers = dict(body.headers)
        if oip_values.LENGTH in headers:
            size = int(headers[oip_values.LENGTH])
            data, tail = data[:size], data[size:]
        text = variants.of_body(body.container, data, whole, chance)
        if tail:
            headers[oip_values.LENGTH] = str(len(text))
        return body._replace(data=text + tail, headers=headers)
    except (IndexError, ValueError):  # too odd to be taken apart
        return body


def damaged(body: Body, chance: random.Random) -> Body:
    """Return a message with bytes flipped, cut off, doubled, moved, or put in from another."""
    data = bytearray(body.data)
    way = chance.random()
    if way < 0.1:
        del data[chance.randrange(len(data) + 1) :]
    elif way < 0.2:
        other = valid(chance, body.source).data
        at, there = chance.randrange(len(data) + 1), chance.randrange(len(other) + 1)
        data[at:] = other[there:]
    else:
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            corpus._mutate(data, chance, corpus.TOKENS[body.container])
    return body._replace(data=bytes(data))


def number_array(chance: random.Random) -> Array:
    """Return a small array of numbers that every codec and every protocol represents."""
    shape = [chance.choice((1, 1, 2, 3, 7)) for _ in range(chance.choice((1, 1, 2, 2, 3)))]
    size = int(np.prod(shape))
    values = [chance.choice((chance.uniform(-9, 9), chance.uniform(-1e9, 1e9), 0.1, -0.0, 1e300))
              for _ in range(size)]  # fmt: skip
    return np.array(values).reshape(shape)


def written(source: str, array: Array) -> Body:
    """Return a message of a source that brings an array and nothing else."""
    if source in CODECS or source in SELDON:
        container = source.partition("/")[2] if source in SELDON else source.partition("/")[0]
        name = source if source in CODECS else f"{container}/ndarray"
        return Body(source, tw.Message, reference.body(name, array))
    if source in OIP:
        message = oip_values.Request([oip_values.Tensor("x", array)])
        if source in oip_values.GRPC:
            made = oip_values.official(message, typed=source.endswith("-typed"))
            return Body(source, oip_values.Request, made.SerializeToString())
        rest = oip_values.rest(message, binary=source.endswith("/binary"))
        return Body(source, oip_values.Request, *rest)
    if source == "tfserving/protobuf":
        data = tfserving_values.written(tfserving_values.Request({"x": array}))
        return Body(source, tfserving_values.Request, data)
    return Body(source, tfserving_values.Request, orjson.dumps({"instances": array.tolist()}))
