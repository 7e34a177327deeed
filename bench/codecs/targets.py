"""The speeds this project promises, as ratios of medians of one interleaved run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.implementations.implementation import MEMCPY
from bench.measure.results import level
from bench.payloads.case import Case
from bench import figures
from bench.screen.table import Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from bench.measure.results import Results

TABLE, LONG, ONE, SMALL, LARGE = "10,000x10", "1x100,000", "1x1", "8 kB", "8 MB"
BOTH = (TABLE, LONG)
RANKS = (*BOTH, "rank 1", "rank 3", "rank 4")
INTS = ("int 10,000x10", "int 1x100,000")
WHOLE = ("whole 10,000x10", "whole 1x100,000")


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
        case(SMALL, (1, 1_000)),
        case(LARGE, (1, 1_000_000)),
    ]


@dataclass(frozen=True)
class Promise:
    """How a codec compares with another way, on every one of some payloads."""

    group: str
    codec: str
    against: str
    encode: float | None
    """The bound; None: nothing is promised."""
    decode: float | None
    labels: tuple[str, ...] = BOTH
    faster: bool = False
    """At least so many times faster, instead of at most so many times the other's time."""
    other: str | None = None
    """The other way's payload, where it is not the same."""


def promises() -> Iterator[Promise]:
    """Return all promises, in the order they are shown."""
    objects = "times as fast as objects"
    yield Promise(
        objects, "protobuf/ndarray", "protobuf/ndarray:objects", 250, 600, RANKS, faster=True
    )
    for kind in ("tensor", "tftensor", "raw"):
        yield Promise("of one memcpy", f"protobuf/{kind}", MEMCPY, 1.5, None)
    for kind in ("tensor", "tftensor", "raw"):
        codec = f"protobuf/{kind}"
        yield Promise("8 MB, of 8 kB", codec, codec, None, 1.2, (LARGE,), other=SMALL)
    bare = {"ndarray": "json/ndarray:orjson", "tensor": "json/tensor:orjson flat"}
    for kind, way in bare.items():
        yield Promise("of orjson alone", f"json/{kind}", way, 1.15, None)
    for kind, way in bare.items():
        yield Promise("times as fast as orjson", f"json/{kind}", way, None, 3.5, faster=True)
    for (kind, way), labels in zip(bare.items(), (INTS, WHOLE), strict=True):
        yield Promise("the same, on integers", f"json/{kind}", way, None, 3, labels, faster=True)
    for kind in ("tftensor", "raw"):
        yield Promise("of pybase64 alone", f"json/{kind}", "json/raw:pybase64", 1.6, 1.6)
    packed = "msgpack/ndarray"
    yield Promise("times as fast as msgpack", packed, f"{packed}:msgpack", 30, 30, faster=True)
    one = f"one value: {objects}"
    for codec, bound in (
        *((f"protobuf/{kind}", 2.0) for kind in ("ndarray", "tensor", "tftensor", "raw")),
        *((f"json/{kind}", 1.5) for kind in ("ndarray", "tensor", "raw")),
    ):
        yield Promise(one, codec, f"{codec}:objects", bound, bound, (ONE,), faster=True)
    for kind, way in bare.items():
        yield Promise("one value: of orjson alone", f"json/{kind}", way, 2.5, 2.5, (ONE,))


def ways(
    codecs: Sequence[str],
    able: Sequence[str],
    label: str,
    promised: Iterable[Promise] | None = None,
) -> tuple[str, ...]:
    """Return what must be measured on one payload, of what can be."""
    found = []
    for promise in promised or promises():
        if promise.codec in codecs:
            if label in promise.labels:
                found += [promise.codec, promise.against if promise.other is None else ""]
            if label == promise.other:
                found.append(promise.against)
    return tuple(name for name in dict.fromkeys(found) if name in able)


def table(results: Results, promised: Iterable[Promise] | None = None) -> Table:
    """Show each promise beside its measurement on the payload where it does worst."""
    made = Table("targets", ("encode", "target", "", "decode", "target", ""))
    group = ""
    for promise in promised or promises():
        if promise.codec not in results.ways:
            continue
        if promise.group != group:
            group = promise.group
            made.rows.append(Row(group, style="group"))
        cells: list[str] = []
        for operation, bound in (("encode", promise.encode), ("decode", promise.decode)):
            cells += _verdict(results, promise, operation, bound)
        made.rows.append(Row(promise.codec, tuple(cells)))
    return made


def missed(results: Results, promised: Iterable[Promise] | None = None) -> list[str]:
    """Say which promises were not kept, by how much, and on which payload."""
    lines = []
    for promise in promised or promises():
        for operation, bound in (("encode", promise.encode), ("decode", promise.decode)):
            found = worst(results, promise, operation)
            if bound and found and _word(promise, found, bound) == "MISSED":
                value, _, label = found
                lines.append(
                    f"{promise.codec} {operation}, {promise.group}: {figures.ratio(value)} at"
                    f" {label}, target {_goal(promise, bound)}"
                )
    return lines


def worst(results: Results, promise: Promise, operation: str) -> tuple[float, float, str] | None:
    """Return ratio, noise and payload where a promise does worst."""
    numbers = {case.label: number for number, case in enumerate(results.cases)}
    found = []
    for label in promise.labels:
        own = results.seconds(numbers[label], promise.codec, operation)
        other = results.seconds(numbers[promise.other or label], promise.against, operation)
        if own and other:
            value = other / own if promise.faster else own / other
            found.append((value, results.noise(numbers[label]), label))
    return (min if promise.faster else max)(found, default=None)


def _verdict(
    results: Results, promise: Promise, operation: str, bound: float | None
) -> tuple[str, str, str]:
    if operation not in results.operations or bound is None:
        return ("", "", "")
    found = worst(results, promise, operation)
    if found is None:
        return ("-", _goal(promise, bound), "-")
    return (figures.ratio(found[0]), _goal(promise, bound), _word(promise, found, bound))


def _goal(promise: Promise, bound: float) -> str:
    return f"{'>=' if promise.faster else '<='} {bound:g}x"


def _word(promise: Promise, found: tuple[float, float, str], bound: float) -> str:
    value, noise, _ = found
    if (value >= bound) if promise.faster else (value <= bound):
        return "met"
    return "level" if level(value, bound, noise) else "MISSED"
