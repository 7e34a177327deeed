"""What TensorFlow Serving's JSON says of its arrays, without reading them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.peeking import Peek, TensorInfo
from tensorwire.protocols.tfserving_find import holds_strings
from tensorwire.wire.counting import counted

if TYPE_CHECKING:
    from tensorwire.protocols.tfserving_find import Found

__all__ = ["claims"]


def claims(found: Found) -> Peek:
    """Tell what a message says of its arrays."""
    tensors = tuple(_info(name, node) for name, node in found.nodes.items())
    return Peek("rows" if found.rows else "columns", tensors)


def _info(name: str, node: Any) -> TensorInfo:
    if holds_strings(node):
        return TensorInfo(name, np.dtype("S"), lists.shape(node))
    return TensorInfo(name, *counted(node))
