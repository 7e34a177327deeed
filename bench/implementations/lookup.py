"""Every implementation by its name: codecs, baselines, protocols; and which can run here."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import tensorwire as tw
from tensorwire.containers import CONTAINERS
from tensorwire.kinds import KINDS

from .baselines import BASELINES, BOUNDS
from .implementation import (
    MEMCPY,
    Implementation,
    codec_of,
    container_of,
    style_of,
)
from .protocols import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = ("google.protobuf", "msgpack", "orjson", "pybase64")
"""What baselines need beside numpy; those of a bare library are named after it."""


@cache
def get_implementation(name: str) -> Implementation:
    """Return a baseline or protocol by its name, else one of tensorwire's codecs."""
    make = BASELINES.get(name) or PROTOCOLS.get(name)
    if make is not None:
        return make()
    codec = tw.get_codec(name)
    return Implementation(name, codec.encode, codec.decode)


def builtin_codecs() -> tuple[str, ...]:
    """Return the twelve codecs that are no plug-ins, by container."""
    return tuple(f"{container}/{kind}" for container in CONTAINERS for kind in KINDS)


def baselines_for(codecs: Sequence[str], *, bounds: bool = False) -> tuple[str, ...]:
    """Return the baselines that do the job of one of these codecs, and the memcpy of all.

    Parameters
    ----------
    bounds
        Also those that only targets are compared with.
    """
    return tuple(
        name
        for name in BASELINES
        if name == MEMCPY or (codec_of(name) in codecs and (bounds or name not in BOUNDS))
    )


def missing_for(name: str) -> str | None:
    """Return the module that a baseline lacks here, if any."""
    style = style_of(name).partition(" ")[0]
    if style == "objects" and container_of(name) == "protobuf":
        style = "google.protobuf"
    return style if style in MODULES and not installed(style) else None


def installed(module: str) -> bool:
    """Whether a module can be imported, without importing it (its parents, if it has any).

    `tensorwire.extras` has the same, but not in every version that is measured with this file.
    """
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
