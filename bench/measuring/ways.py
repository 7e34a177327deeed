"""Every way to do one job, by name: a codec, or what people do without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from typing import Any

import tensorwire as tw

Encode = Callable[[Any], bytes]
Decode = Callable[[bytes], Any]
Rewrite = Callable[[bytes], bytes]

MEMCPY = "memcpy"


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
        return self.name.partition(":")[0]

    @property
    def style(self) -> str:
        """``""`` for a codec, ``objects``, or the library that stands alone."""
        return self.name.partition(":")[2]


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


def needs_of(name: str) -> tuple[str, ...]:
    """Modules without which a baseline cannot run."""
    style = name.partition(":")[2]
    if style.startswith("objects"):
        return ("google.protobuf",) if container_of(name) == "protobuf" else ()
    return (style.partition(" ")[0],) if style else ()


def missing_for(name: str) -> str | None:
    """Return the module a baseline lacks here, if any."""
    return next((module for module in needs_of(name) if not installed(module)), None)


def installed(module: str) -> bool:
    """Whether a module can be imported, without importing it (its parents, if it has any)."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


@cache
def get_way(name: str) -> Way:
    """Find a way by name; what is none of ours is looked up among tensorwire's codecs."""
    from bench.measuring.baselines import BASELINES
    from bench.protocols.ways import WAYS

    made = BASELINES.get(name) or WAYS.get(name)
    if made is not None:
        return made()
    codec = tw.get_codec(name)
    return Way(name, codec.encode, codec.decode)


def baselines_for(codecs: Sequence[str], *, floors: bool = False) -> tuple[str, ...]:
    """Return the baselines that do the job of one of these codecs; the memcpy belongs to all.

    Parameters
    ----------
    floors
        Also those that lose the shape, and are good only as a limit.
    """
    from bench.measuring.baselines import BASELINES

    return tuple(
        name
        for name in BASELINES
        if name == MEMCPY
        or (name.partition(":")[0] in codecs and (floors or not name.endswith("flat")))
    )
