"""Every way there is, by its name: codecs, baselines, protocols; and which of them can run here."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import tensorwire as tw
from bench.implementations.baselines import BASELINES
from bench.implementations.implementation import MEMCPY, Way, codec_of, container_of
from bench.implementations.protocols import WAYS

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    return tuple(
        name
        for name in BASELINES
        if name == MEMCPY or (codec_of(name) in codecs and (floors or not name.endswith("flat")))
    )
