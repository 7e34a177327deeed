"""The speeds that are promised of the codecs, and the payloads that they are measured on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..implementations.implementation import MEMCPY
from ..payloads.case import Case
from ..targets import Promise

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLE, LONG, SMALL, LARGE = "10,000x10", "1x100,000", "8 kB", "8 MB"
ONE, TEN, HUNDRED = "1x1", "1x10", "1x100"
BOTH = (TABLE, LONG)
RANKS = (*BOTH, "rank 1", "rank 3", "rank 4")
INTS = ("int 10,000x10", "int 1x100,000")
WHOLE = ("whole 10,000x10", "whole 1x100,000")
NDARRAY = "json/ndarray"
OURS = (NDARRAY, f"{NDARRAY}:loads, dumps")
BY_HAND = f"{NDARRAY}:by hand"
BARE = {NDARRAY: "json/ndarray:orjson", "json/tensor": "json/tensor:orjson flat"}
PACKED = "protobuf/ndarray"
VIEWS = ("protobuf/tensor", "protobuf/tftensor", "protobuf/raw")
OBJECTS = "times as fast as objects"
faster = partial(Promise, faster=True)


def cases() -> list[Case]:
    """Return the payloads of all promises."""

    def case(
        label: str, shape: tuple[int, ...], values: str = "normal", of: str = "float64"
    ) -> Case:
        return Case(label, "targets", shape, of, values, series=False)

    return [
        case(TABLE, (10_000, 10)),
        case(LONG, (1, 100_000)),
        case("rank 1", (100_000,)),
        case("rank 3", (10, 100, 100)),
        case("rank 4", (10, 10, 10, 100)),
        case(INTS[0], (10_000, 10), "ints", "int64"),
        case(INTS[1], (1, 100_000), "ints", "int64"),
        case(WHOLE[0], (10_000, 10), "ints"),
        case(WHOLE[1], (1, 100_000), "ints"),
        case(ONE, (1, 1)),
        case(TEN, (1, 10)),
        case(HUNDRED, (1, 100)),
        case(SMALL, (1, 1_000)),
        case(LARGE, (1, 1_000_000)),
    ]


def promises() -> Iterator[Promise]:
    """Yield all promises, in the order they are shown."""
    yield from _large()
    yield from _small()


def _large() -> Iterator[Promise]:
    yield faster(OBJECTS, PACKED, f"{PACKED}:objects", 250, 600, RANKS)
    for codec in VIEWS:
        yield Promise("of one memcpy", codec, MEMCPY, 1.5, None, BOTH)
    for codec in VIEWS:
        yield Promise("8 MB, of 8 kB", codec, codec, None, 1.2, (LARGE,), other=SMALL)
    for codec, orjson in BARE.items():
        yield Promise("of orjson alone", codec, orjson, 1.15, None, BOTH)
    for codec, orjson in BARE.items():
        yield faster("times as fast as orjson", codec, orjson, None, 3.5, BOTH)
    for (codec, orjson), labels in zip(BARE.items(), (INTS, WHOLE), strict=True):
        yield faster("the same, on integers", codec, orjson, None, 3, labels)
    for codec in ("json/tftensor", "json/raw"):
        yield Promise("of pybase64 alone", codec, "json/raw:pybase64", 1.6, 1.6, BOTH)
    msgpack = "msgpack/ndarray"
    yield faster("times as fast as msgpack", msgpack, f"{msgpack}:msgpack", 30, 30, BOTH)


def _small() -> Iterator[Promise]:
    for codec in (PACKED, *VIEWS):
        yield faster(f"one value: {OBJECTS}", codec, f"{codec}:objects", 2, 2, (ONE,))
    for codec in (NDARRAY, "json/tensor", "json/raw"):
        yield faster(f"one value: {OBJECTS}", codec, f"{codec}:objects", 1.5, 1.5, (ONE,))
    for codec, orjson in BARE.items():
        yield Promise("one value: of orjson alone", codec, orjson, 2.5, 2.5, (ONE,))
    for name in OURS:
        yield Promise("1 and 10 values: of orjson by hand", name, BY_HAND, 2, 2, (ONE, TEN))
    for name in OURS:
        yield Promise("100 values: of orjson by hand", name, BY_HAND, 1.15, 1.15, (HUNDRED,))
