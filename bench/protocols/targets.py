"""The speeds that are promised of the protocols, as ratios of medians of one interleaved run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.codecs.targets import Promise
from bench.implementations.implementation import MEMCPY
from bench.protocols.plan import FLOAT32, LARGE, LONG, NORMED, ONE, PICTURE, SMALL, TABLE
from bench.implementations.protocols import PEEK, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

AS_FAST = 1.1
"""Twice the same work is not measured nearer to each other than this on a busy machine."""
RAW = ("oip/binary", "oip/protobuf")
LISTS = ("tfserving/json rows", "tfserving/json columns")
NAMED = "tfserving/json named rows"
SAME_CONTAINER = {  # the Seldon codec that a protocol is compared with for one value
    "oip/binary": "json/tensor",  # its header is JSON
    "oip/protobuf": "protobuf/tensor",
    "oip/protobuf-typed": "protobuf/tensor",
    "oip/json": "json/tensor",
    "tfserving/protobuf": "protobuf/tftensor",
    **dict.fromkeys((*LISTS, NAMED), "json/ndarray"),
    "seldon/protobuf tensor": "protobuf/tensor",
    "seldon/protobuf tftensor": "protobuf/tftensor",
    "seldon/msgpack tensor": "msgpack/tensor",
    "seldon/json tensor": "json/tensor",
    "seldon/json ndarray": "json/ndarray",
}


def promises() -> Iterator[Promise]:
    """Return all promises, in the order they are shown."""
    for name in RAW:
        yield Promise("of one memcpy", name, MEMCPY, 1.5, None, (TABLE, LONG, NORMED, FLOAT32))
    peeked = [name for name in WAYS if name.endswith(PEEK)]
    for name in (*(name.removesuffix(PEEK) for name in peeked), *peeked):
        yield Promise("8 MB, of 8 kB", name, name, None, 1.2, (LARGE,), other=SMALL)
    floats = (TABLE, LONG)
    yield Promise("of json/tensor", "oip/json", "json/tensor", AS_FAST, AS_FAST, floats)
    labels = (*floats, PICTURE, NORMED)
    for name in LISTS:
        yield Promise("of json/ndarray", name, "json/ndarray", AS_FAST, AS_FAST, labels)
    # An object a row is more text, which is cut away before the numbers are read.
    yield Promise("of json/ndarray", NAMED, "json/ndarray", 1.5, 1.5, (TABLE, PICTURE, NORMED))
    for name, codec in SAME_CONTAINER.items():
        yield Promise("one value: of the Seldon codec", name, codec, 3, 3, (ONE,))
