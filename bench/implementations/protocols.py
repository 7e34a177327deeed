"""Each protocol as a way: arrays into a message into bytes, and back.

A way makes the message too, as every caller must. ``oip/binary x8`` takes the rows of its payload
for tensors of their own.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import tensorwire as tw
from bench.implementations.implementation import Way
from bench.protocols.headers import Headers
from bench.protocols.lists import NAME
from bench.protocols.objects import OBJECTS

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = "model"
PEEK = ":peek"
SEVERAL = " x8"
MEDIA_TYPES = {
    "binary": "application/octet-stream",
    "json": "application/json",
    "msgpack": "application/msgpack",
    "protobuf": "application/x-protobuf",
}


def oip(name: str, protocol: str, *, several: bool = False) -> Way:
    """Put one array, or several, into an InferRequest."""
    codec = tw.get_protocol(protocol)
    write, read = codec.encode, codec.decode
    request, tensor = tw.oip.InferRequest, tw.oip.InferTensor
    headers_of = Headers() if protocol == "oip/binary" else None

    def encode(array: Any) -> bytes:
        return write(request([tensor(NAME, array)], MODEL))[0]

    def decode(body: bytes) -> Any:
        return read(body, headers_of(body) if headers_of else None).inputs[0].value

    def encode_several(array: Any) -> bytes:
        tensors = [tensor(f"{NAME}{i}", part) for i, part in enumerate(array)]
        return write(request(tensors, MODEL))[0]

    def decode_several(body: bytes) -> Any:
        found = read(body, headers_of(body) if headers_of else None)
        return [each.value for each in found.inputs]

    return Way(name, encode_several, decode_several) if several else Way(name, encode, decode)


def serving(
    name: str, protocol: str, *, rows: bool = True, tensor: str = NAME, several: bool = False
) -> Way:
    """Put one array, or several, into a PredictRequest."""
    codec = tw.get_protocol(protocol)
    write, read = codec.encode, codec.decode
    request = tw.tfserving.PredictRequest

    def encode(array: Any) -> bytes:
        return write(request({tensor: array}, MODEL, rows=rows))[0]

    def decode(body: bytes) -> Any:
        return read(body).inputs[tensor]

    def encode_several(array: Any) -> bytes:
        tensors = {f"{NAME}{i}": part for i, part in enumerate(array)}
        return write(request(tensors, MODEL, rows=rows))[0]

    def decode_several(body: bytes) -> Any:
        found = read(body).inputs
        return [found[f"{NAME}{i}"] for i in range(len(found))]

    return Way(name, encode_several, decode_several) if several else Way(name, encode, decode)


def seldon(name: str, protocol: str, kind: str) -> Way:
    """Put an array into a Message of a kind."""
    codec = tw.get_protocol(protocol)
    write, read = codec.encode, codec.decode

    def encode(array: Any) -> bytes:
        return write(tw.Message(array, kind))[0]

    def decode(body: bytes) -> Any:
        return read(body).value

    return Way(name, encode, decode)


def peek(name: str, protocol: str) -> Way:
    """Ask only what a message says of its array: `tensorwire.peek`."""
    family, _, container = protocol.partition("/")
    media_type = MEDIA_TYPES[container.partition("-")[0]]
    headers_of = Headers() if container == "binary" else None

    def decode(body: bytes) -> Any:
        headers = headers_of(body) if headers_of else None
        return tw.peek(body, media_type, protocol=family, headers=headers)

    written = WAYS[name.removesuffix(PEEK)]()
    return Way(name, written.encode, decode, timed=("decode",))


_ROWS, _COLUMNS = "tfserving/json rows", "tfserving/json columns"
_MADE: dict[str, tuple[Any, ...]] = {
    "oip/binary": (oip, "oip/binary"),
    "oip/protobuf": (oip, "oip/protobuf"),
    "oip/protobuf-typed": (oip, "oip/protobuf-typed"),
    "oip/json": (oip, "oip/json"),
    "tfserving/protobuf": (serving, "tfserving/protobuf"),
    _ROWS: (partial(serving, tensor=""), "tfserving/json"),
    _COLUMNS: (partial(serving, rows=False), "tfserving/json"),
    "tfserving/json named rows": (serving, "tfserving/json"),
    "seldon/protobuf tensor": (seldon, "seldon/protobuf", "tensor"),
    "seldon/protobuf tftensor": (seldon, "seldon/protobuf", "tftensor"),
    "seldon/msgpack tensor": (seldon, "seldon/msgpack", "tensor"),
    "seldon/json tensor": (seldon, "seldon/json", "tensor"),
    "seldon/json ndarray": (seldon, "seldon/json", "ndarray"),
}
_VIEWED = (  # the array lies in the body as its memory
    "oip/binary",
    "oip/protobuf",
    "oip/protobuf-typed",
    "tfserving/protobuf",
    "seldon/protobuf tensor",
    "seldon/protobuf tftensor",
    "seldon/msgpack tensor",
)
_SEVERAL: dict[str, tuple[Any, ...]] = {
    **{name: _MADE[name] for name in _MADE if name.startswith("oip/")},
    "tfserving/protobuf": _MADE["tfserving/protobuf"],
    "tfserving/json rows": (serving, "tfserving/json"),
    _COLUMNS: _MADE[_COLUMNS],
}

WAYS: dict[str, Callable[[], Way]] = {
    **{name: partial(make, name, *rest) for name, (make, *rest) in _MADE.items()},
    **{
        name + SEVERAL: partial(make, name + SEVERAL, *rest, several=True)
        for name, (make, *rest) in _SEVERAL.items()
    },
    **{name + PEEK: partial(peek, name + PEEK, name.partition(" ")[0]) for name in _VIEWED},
    **OBJECTS,
}
