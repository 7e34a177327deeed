"""What nested lists in JSON are, without an array made of them: by counting, in long text."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.containers.json.numbers import NumbersText
from tensorwire.errors import CodecError, DecodeError
from tensorwire.limits import DEFAULT_LIMITS

if TYPE_CHECKING:
    from typing import TypeAlias

    Claim: TypeAlias = "tuple[np.dtype[Any] | None, tuple[int, ...] | None]"

__all__ = ["counted"]

_MAX_RANK = 64  # numpy's
_OPENING = b"[ \t\r\n"
_OF_NUMBERS = b"0123456789+-.eE,[] \t\r\n"
_OF_BOOLS = b"truefals,[] \t\r\n"
_ALL_BUT_BRACKETS = bytes(byte for byte in range(256) if byte not in b"[]")


def counted(node: Any) -> Claim:
    """Return the dtype and the shape that a decoder gives; None where it gives lists, or refuses.

    `node` is a list that was read, a number, or a `NumbersText`. Lists that were read are made into
    an array, for only all of their values tell its dtype; of long text the bytes between the
    numbers are counted. Raises `Irregular` where the text is for a general parser.
    """
    if isinstance(node, NumbersText):
        return _counted(node)
    if (types := lists.types(node)) == {float} or types == {bool}:
        return np.dtype(float if float in types else bool), lists.shape(node)
    try:
        array = lists.to_array(node if type(node) is list else [node], DecodeError)
    except CodecError:
        return None, lists.shape(node)  # which a decoder refuses
    return None if type(array) is list else array.dtype, lists.shape(node)


def _counted(node: NumbersText) -> Claim:
    text = node.text
    if text.translate(None, _OF_NUMBERS):  # words or strings among them
        return (np.dtype(bool), _shape(text)) if _all_bools(text) else _read(node)
    # Whether integers are int64, the largest tells; a float among them makes all of them float64.
    if any(mark in text for mark in (b".", b"e", b"E")):
        return np.dtype(np.float64), _shape(text)
    return _read(node)


def _all_bools(text: bytes) -> bool:
    """Tell whether as many words as there are values begin with t or f, which is all they may."""
    if text.translate(None, _OF_BOOLS):
        return False
    return text.count(b"true") + text.count(b"false") == text.count(b",") + 1


def _read(node: NumbersText) -> Claim:
    try:
        array = node.read(DEFAULT_LIMITS)
    except CodecError:
        return None, None  # which a decoder refuses
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
