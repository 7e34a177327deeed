"""What a person can do about a value that was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf.schema import schema
from tensorwire.errors import EncodeError
from tensorwire.kinds import KINDS
from tensorwire.missing import BARE, Writing
from tensorwire.protocols.seldon import envelope as seldon
from tensorwire.tree import Leaf, Role
from tensorwire.wire.buffers import buffer_of

if TYPE_CHECKING:
    from tensorwire.containers import Container
    from tensorwire.protocols.seldon.codec import Codec

__all__ = ["advise", "blame"]

_PARTS = ("$.data.names", "$.meta", "$.status")
_ORDER = ("tftensor", "ndarray", "raw")  # from the one that carries most


def advise(
    codec: Codec, error: EncodeError, value: Any, how: Writing, *, lossy: bool
) -> EncodeError:
    """Name a codec of the same container that carries the value, and the options that would."""
    error.within(codec.place)
    if not error.path.startswith(codec.place):  # the envelope was refused, not the value
        return error
    container, kind = codec.container, codec.kind.name
    for other in _ORDER:
        if other != kind and _carries(container, other, value, how):
            error.suggest(f"use {container.name}/{other}")
            break
    words = container.text and how.words != BARE and "missing=" not in str(error)
    if words and _carries(container, kind, value, Writing(BARE)):
        error.suggest("pass missing='nan' to write bare words, as Python's json does")
    if not lossy and _carries(container, kind, value, how, lossy=True):
        error.suggest("pass lossy=True to accept the loss")
    return error


def blame(codec: Codec, envelope: tuple[Any, Any, Any]) -> str:
    """Tell which part of an envelope is refused: try each alone."""
    leaf = Leaf(Role.ABSENT, None, None, (), np.dtype(np.float64))
    for place, part in enumerate(envelope):
        alone = [part if i == place else None for i in range(len(envelope))]
        try:
            tree = seldon.around(*alone[1:])
            tree |= seldon.wrap("tensor", KINDS["tensor"].tree(leaf), alone[0])
            codec.container.frame(tree, [0], schema(seldon.MESSAGE))
        except EncodeError:
            return _PARTS[place]
    return "$"


def _carries(
    container: Container, kind: str, value: Any, how: Writing, *, lossy: bool = False
) -> bool:
    try:
        buffer_of(container.write(KINDS[kind].leaf(value, lossy=lossy, how=how)))
    except EncodeError:
        return False
    return True
