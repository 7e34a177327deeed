"""A way to do one job, a codec or what people do without it, and what its name says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Encode = Callable[[Any], bytes]
Decode = Callable[[bytes], Any]
Rewrite = Callable[[bytes], bytes]

MEMCPY = "memcpy"

OPERATIONS = ("encode", "decode")
FIRST_USE = "decode+use"
"""Decode, and one pass over the values: what a view spares when it is made, and costs when it is
read. It is beside the two, and no part of "encode + decode"."""
TITLES = {FIRST_USE: "decode and first use"}
"""What an operation is called where its own name is not."""
MEASURED = (*OPERATIONS, FIRST_USE)
"""What stands in the files of runs; those of earlier versions have no first use."""


@dataclass(frozen=True)
class Way:
    """How to encode an array and how to decode the body: a row of the tables.

    Baselines are named after the codec whose job they do: ``json/raw:objects``.
    """

    name: str
    encode: Encode
    decode: Decode
    wrap: Rewrite | None = None
    """Puts the body into the codec's envelope (None: it is in one), to let the codec read it."""
    unwrap: Rewrite | None = None
    """Takes the part this way reads out of the codec's body (None: it reads all of it)."""
    element_cost: float = 0.0
    """Seconds per element, roughly, where that is slow enough to bound the size."""

    flat: bool = False
    """Its body holds the values without their shape."""
    timed: Sequence[str] = ("encode", "decode")
    """Which of the two are worth a measurement."""

    @property
    def codec(self) -> str:
        """The codec that does the same job."""
        return codec_of(self.name)

    @property
    def style(self) -> str:
        """``""`` for a codec, ``objects``, or the library that stands alone."""
        return self.name.partition(":")[2]


def is_codec(name: str) -> bool:
    """Whether a way is a codec, tensorwire's or a plug-in's: not what people do without."""
    return "/" in name and ":" not in name


def codec_of(name: str) -> str:
    """Return the codec whose job it is: ``json/raw`` of ``json/raw:objects``."""
    return name.partition(":")[0]


def container_of(name: str) -> str:
    """Return the container of a codec or baseline: ``json`` of ``json/raw``."""
    return name.partition("/")[0]


def kind_of(name: str) -> str:
    """Return the kind of a codec or baseline: ``raw`` of ``json/raw:objects``."""
    return name.partition("/")[2].partition(":")[0]


def label_of(name: str) -> str:
    """Return what a row is called where its container is known."""
    style = name.partition(":")[2]
    if not style:
        return kind_of(name) or name
    return f"{kind_of(name)}, objects" if style == "objects" else f"{style} alone"
