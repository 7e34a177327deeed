"""The speeds that are promised of the protocols, as ratios of medians of one interleaved run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..implementations.implementation import MEMCPY
from ..implementations.protocols import (
    COLUMNS,
    FIRST,
    HAND,
    KNOWN,
    NAMED_ROWS,
    PEEK,
    PROTOCOLS,
    ROWS,
    VIEWED,
)
from ..targets import Promise
from .plan import (
    FEW_FLOAT32,
    FLOAT32,
    HUNDRED,
    LARGE,
    LONG,
    MIXED,
    NORMED,
    ONE,
    PICTURE,
    SMALL,
    TABLE,
    TEN,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

AS_FAST = 1.1
"""Twice the same work is not measured nearer to each other than this on a busy machine."""
SAME_CONTAINER = {  # the Seldon codec that a protocol is compared with for one value
    "oip/binary": "json/tensor",  # its header is JSON
    "oip/protobuf": "protobuf/tensor",
    "oip/protobuf-typed": "protobuf/tensor",
    "oip/json": "json/tensor",
    "tfserving/protobuf": "protobuf/tftensor",
    **dict.fromkeys((ROWS, COLUMNS, NAMED_ROWS), "json/ndarray"),
    "seldon/protobuf tensor": "protobuf/tensor",
    "seldon/protobuf tftensor": "protobuf/tftensor",
    "seldon/msgpack tensor": "msgpack/tensor",
    "seldon/json tensor": "json/tensor",
    "seldon/json ndarray": "json/ndarray",
}
BY_HAND = {"oip/json": FEW_FLOAT32, ROWS: (ONE, TEN, HUNDRED)}


def promises() -> Iterator[Promise]:
    """Yield all promises, in the order they are shown."""
    for name in ("oip/binary", "oip/protobuf"):
        yield Promise("of one memcpy", name, MEMCPY, 1.5, None, (TABLE, LONG, NORMED, FLOAT32))
    for name in (*VIEWED, *(name + PEEK for name in VIEWED)):
        yield Promise("8 MB, of 8 kB", name, name, None, 1.2, (LARGE,), other=SMALL)
    floats = (TABLE, LONG)
    yield Promise("of json/tensor", "oip/json", "json/tensor", AS_FAST, AS_FAST, floats)
    labels = (*floats, PICTURE, NORMED)
    for name in (ROWS, COLUMNS):
        yield Promise("of json/ndarray", name, "json/ndarray", AS_FAST, AS_FAST, labels)
    # An object a row is more text, which is cut away before the numbers are read.
    wide = (TABLE, PICTURE, NORMED)
    yield Promise("of json/ndarray", NAMED_ROWS, "json/ndarray", 1.5, 1.5, wide)
    for name, codec in SAME_CONTAINER.items():
        yield Promise("one value: of the Seldon codec", name, codec, 3, 3, (ONE,))
    for name, (one, ten, _) in BY_HAND.items():
        yield Promise("1 and 10 values: of orjson by hand", name, name + HAND, 2, 2, (one, ten))
    for name, (*_, most) in BY_HAND.items():
        yield Promise("100 values: of orjson by hand", name, name + HAND, 1.15, 1.15, (most,))
    for name in (name.removesuffix(FIRST) for name in PROTOCOLS if name.endswith(FIRST)):
        bound = 3 if name == "oip/binary" else 5
        yield Promise(
            "a shape never seen: of a known one", name + FIRST, name + KNOWN, bound, bound, (MIXED,)
        )
