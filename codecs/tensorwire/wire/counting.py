"""What nested lists in JSON are, without an array made of them: by counting, in long text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.errors import CodecError, DecodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.wire.decimal import NumbersText

if TYPE_CHECKING:
    from typing import TypeAlias

    Claim: TypeAlias = "tuple[np.dtype[Any] | None, tuple[int, ...] | None]"

__all__ = ["counted"]

_MAX_RANK = 64  # numpy's
_OPENING = b"[ \t\r\n"
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]")


def counted(node: Any) -> Claim:
    """Give dtype and shape of nested lists, as they seem; None for what only their values tell.

    `node` is a list that was read, a number, or a `NumbersText` (whose reader may raise
    `Irregular`); it is not checked to be an array.
    """
    if isinstance(node, NumbersText):
        return _counted(node)
    first = node
    while type(first) is list and first:
        first = first[0]
    if type(first) in (float, bool):
        return np.dtype(type(first)), lists.shape(node)
    try:
        array = lists.to_array(node if type(node) is list else [node], DecodeError)
    except CodecError:
        return None, lists.shape(node)
    return None if type(array) is list else array.dtype, lists.shape(node)


def _counted(node: NumbersText) -> Claim:
    text = node.text
    if text.lstrip(_OPENING)[:1] in (b"t", b"f"):
        return np.dtype(bool), _shape(text)
    # A float shows in its first digits; whether integers are int64, the largest tells.
    if any(mark in text for mark in (b".", b"e", b"E")):
        return np.dtype(np.float64), _shape(text)
    try:
        array = node.read(DEFAULT_LIMITS)
    except CodecError:
        return None, None
    return array.dtype, array.shape


def _shape(text: bytes) -> tuple[int, ...] | None:
    """Count numbers and brackets."""
    numbers, brackets = text.count(b",") + 1, text.count(b"[")
    rank = text[: len(text) - len(text.lstrip(_OPENING))].count(b"[")
    if rank > _MAX_RANK:
        return None
    inner = [1]  # lists of numbers in the first list of rank 1, 2, 3, ...
    if rank == 2:
        inner.append(brackets - 1)
    elif rank > 2:
        skeleton = text.translate(None, _ALL_BUT_BRACKETS)
        for level in range(2, rank + 1):
            stop = skeleton.find(b"]" * level) + level
            inner.append(skeleton[:stop].count(b"[]"))
    if 0 in inner:
        return None  # no array
    shape = [large // small for small, large in pairwise(inner)]
    return (*reversed(shape), numbers // inner[-1])
