"""An implementation of one job, a codec or what people do without it, and the parts of its name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

Encode = Callable[[Any], bytes]
Decode = Callable[[bytes], Any]
Rewrite = Callable[[bytes], bytes]

MEMCPY = "memcpy"
"""The baseline of all: one copy of the array's memory."""
OBJECTS = ":objects"
"""Ends the name of a baseline that goes through Python objects."""

OPERATIONS = ("encode", "decode")
FIRST_USE = "decode+use"
"""Decode, and one pass over the values: what a view spares when it is made, and costs when it is
read. It is beside the two, and no part of "encode + decode"."""
MEASURED = (*OPERATIONS, FIRST_USE)
"""All operations in files of runs; those of earlier versions have no first use."""
TITLES = {FIRST_USE: "decode and first use"}
"""Headings of operations, where their names are none."""


@dataclass(frozen=True)
class Implementation:
    """How to encode an array and how to decode the body: a row of the tables.

    A codec is named ``json/raw``, a baseline after the codec whose job it does:
    ``json/raw:objects``.
    """

    name: str
    encode: Encode
    decode: Decode
    wrap: Rewrite | None = None
    """Puts the body into the codec's envelope (None: it is in one), to let the codec read it."""
    unwrap: Rewrite | None = None
    """Takes the part that this one reads out of the codec's body (None: it reads all of it)."""
    element_cost: float = 0.0
    """Seconds per element, roughly, where that is slow enough to bound the size."""
    flat: bool = False
    """Its body holds the values without their shape."""
    timed: Sequence[str] = OPERATIONS
    """The operations worth a measurement."""

    @property
    def is_baseline(self) -> bool:
        """Whether it is what people do without a codec."""
        return ":" in self.name


def is_codec(name: str) -> bool:
    """Whether the name is a codec's, tensorwire's or a plug-in's; else it is a baseline's."""
    return "/" in name and ":" not in name


def codec_of(name: str) -> str:
    """Return the codec whose job it is: ``json/raw`` of ``json/raw:objects``."""
    return name.partition(":")[0]


def style_of(name: str) -> str:
    """Return how a baseline does it: ``objects`` or a library's name; empty for a codec."""
    return name.partition(":")[2]


def container_of(name: str) -> str:
    """Return the container: ``json`` of ``json/raw``."""
    return name.partition("/")[0]


def kind_of(name: str) -> str:
    """Return the kind: ``raw`` of ``json/raw:objects``."""
    return name.partition("/")[2].partition(":")[0]


def label_of(name: str) -> str:
    """Return the label of a row below the heading of its container."""
    style = style_of(name)
    if not style:
        return kind_of(name) or name
    return f"{kind_of(name)}, objects" if style == "objects" else f"{style} alone"


def by_container(names: Iterable[str]) -> dict[str, list[str]]:
    """Group names by the container."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(container_of(name), []).append(name)
    return groups
