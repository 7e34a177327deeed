"""What TensorFlow Serving's JSON says of its arrays, without reading them."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.containers.json.counting import counted
from tensorwire.protocols.peeking import Peek, TensorInfo
from tensorwire.protocols.tfserving.find import holds_strings, is_bytes

if TYPE_CHECKING:
    from tensorwire.protocols.tfserving.find import Found

__all__ = ["claims"]

_MAX_RANK = 64


def claims(found: Found) -> Peek:
    """Tell what a message says of its arrays."""
    tensors = tuple(_info(name, node) for name, node in found.nodes.items())
    return Peek("rows" if found.rows else "columns", tensors)


def _info(name: str, node: Any) -> TensorInfo:
    if not holds_strings(node):
        return TensorInfo(name, *counted(node))
    flat = [node]
    for _ in range(_MAX_RANK):
        if {type(item) for item in flat} != {list}:
            break
        flat = list(chain.from_iterable(flat))
    strings = all(type(item) is str or (type(item) is dict and is_bytes(item)) for item in flat)
    return TensorInfo(name, np.dtype("S") if strings else None, lists.shape(node))
