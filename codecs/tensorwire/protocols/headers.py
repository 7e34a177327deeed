"""What a protocol remembers of what it read: a small message costs little more than its view.

What the bytes around the arrays of a message mean is a function of those bytes and the length. Such
functions are remembered as `templates` has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.wire.memo import BYTES, Cache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tensorwire.tree import Array

__all__ = ["Headers"]

_ALIKE = 32  # messages of one length whose other bytes differ
_LONGEST = 2048  # bytes before, between and behind arrays that are worth remembering
_FEW = 64  # arrays in a message that is worth remembering
_VIEWED = frozenset("fiuV")  # dtype.kind of values that any bits are
_PLAIN = re.compile(rb"[\w.:/+=-]+")  # an id that is the same in UTF-8 and in JSON


class Headers(Cache[Any]):
    """What the bytes around the arrays of a message mean, by its length."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(_size)

    def view(self, body: bytes, key: Any) -> Any:
        """Give the message of a body whose bytes but the arrays are as they were, or None.

        All that the meaning of the bytes depends on, the length too, is in the key.
        """
        found = self.known.get(key)
        if found is None and self.older:
            found = self.get(key)
        while found is not None:
            first, others, identity, views, make, found = found
            if not body.startswith(first):
                continue
            for at, piece in others:
                if not body.startswith(piece, at):
                    break
            else:
                arrays = []
                for shape, dtype, start in views:
                    arrays.append(np.ndarray(shape, dtype, body, start))
                if identity is None:
                    return make(arrays, "")
                plain = _PLAIN.fullmatch(body, *identity)
                if plain:
                    return make(arrays, plain[0].decode())
        return None

    def learn(
        self,
        key: Any,
        body: Any,
        arrays: Sequence[Any],
        make: Callable[[list[Array], str], Any],
        identity: tuple[bytes, bytes] = (b"", b""),
    ) -> None:
        """Remember the bytes around arrays that are views of `body`, in order.

        `make` makes the message of such arrays and an id; `identity` is what stands just before
        the id, and the id.
        """
        if type(body) is not bytes or not 0 < len(arrays) <= _FEW:
            return
        whole = np.frombuffer(body or b" ", np.uint8).ctypes.data
        pieces, views, at = [], [], 0
        for array in arrays:
            if type(array) is not np.ndarray or array.dtype.kind not in _VIEWED or not array.size:
                return
            start = array.ctypes.data - whole
            if array.flags.writeable or not array.flags.c_contiguous:
                return
            if not at <= start <= min(at + _LONGEST, len(body)):
                return
            pieces.append((at, body[at:start]))
            views.append((array.shape, array.dtype, start))
            at = start + array.nbytes
        pieces.append((at, body[at : at + _LONGEST + 1]))
        if len(pieces[-1][1]) > _LONGEST or not self.wants((key, pieces[0][1])):
            return
        span = None
        if identity[1]:
            span = _only(identity, body[: pieces[1][0]])
            if span is None:
                self.refuse((key, pieces[0][1]))
                return
            start, stop = span
            pieces[:1] = [(0, body[:start]), (stop, pieces[0][1][stop:])]
        others = [(start, piece) for start, piece in pieces[1:] if piece]
        known = self.get(key)
        if _count(known) >= _ALIKE or _size(known) > BYTES // 4:
            known = None
        self.keep(key, (pieces[0][1], others, span, views, make, known))


def _only(identity: tuple[bytes, bytes], header: bytes) -> tuple[int, int] | None:
    """Find a plain id, if it is there only once."""
    before, text = identity
    if header.count(before + text) != 1 or not _PLAIN.fullmatch(text):
        return None
    start = header.index(before + text) + len(before)
    return start, start + len(text)


def _size(entry: Any) -> int:
    size = 0
    while entry is not None:
        first, others, _, _, _, entry = entry
        size += len(first) + sum(len(piece) for _, piece in others)
    return size


def _count(entry: Any) -> int:
    """Count the messages of one length."""
    count = 0
    while entry is not None:
        count, entry = count + 1, entry[-1]
    return count
