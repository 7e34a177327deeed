"""What a protocol remembers between calls, so that a small message costs little more than its copy.

The bytes around the arrays of a message are a function of the names, dtypes and shapes in it; what
the bytes before an array mean is a function of those bytes and the length. Such functions are
remembered, up to `_MOST` of each, then anew. No value of an array is, no id, no parameter; and no
result depends on what is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.dtypes import FLOAT16, NUMBERS
from tensorwire.tree import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tensorwire.containers import Container
    from tensorwire.tree import Array, Leaf

__all__ = ["Headers", "Templates"]

_MOST = 256  # entries
_TRIES = 1024  # messages that are learned from
_SMALL = 1024  # elements of an array that is text and has a writer of its own
_FEW_BYTES = 4096  # of an array that may be copied twice
_HEADER = 512  # bytes before an array that are worth remembering
_ONE = [None]  # how one array that travels as its memory is written
_VIEWED = frozenset("fiuV")  # dtype.kind of values that any bits are


class Templates:
    """The bytes around arrays, by all that these depend on."""

    __slots__ = ("_container", "_known", "_tries")

    def __init__(self, container: Container) -> None:
        self._container = container
        self._known: dict[Any, tuple[bytes, list[bytes], list[Any]]] = {}
        self._tries = 0

    def write(self, key: Any, arrays: Sequence[Array], identity: bytes = b"") -> bytes | None:
        """Write a message that is known, its id where it belongs; None for any other."""
        found = self._known.get(key)
        if found is None:
            return None
        head, pieces, writers = found
        if writers == _ONE and arrays[0].flags.c_contiguous:
            return b"".join((head, identity, pieces[0], arrays[0].data, pieces[1]))
        made: list[Any] = [head, identity, pieces[0]]
        for array, write, piece in zip(arrays, writers, pieces[1:], strict=True):
            if write is None:
                if array.flags.c_contiguous:
                    made.append(array.data)
                elif array.nbytes <= _FEW_BYTES:
                    made.append(array.tobytes())
                else:
                    return None  # to be put in order where it is to stay, with one copy
            else:
                text = write(array)
                if text is None:
                    return None
                made.append(text)
            made.append(piece)
        return b"".join(made)

    def learn(
        self, key: Any, leaves: Sequence[Leaf], frame: Callable[[], list[bytes]], head: bytes
    ) -> None:
        """Remember the bytes around arrays, if these travel as their memory or as short text.

        `head` is what stands before the id. `frame` gives the bytes of a message without one.
        """
        self._tries += 1
        if self._tries > _TRIES:
            return
        writers = [self._writer(leaf) for leaf in leaves]
        if None in writers:
            return
        first, *others = frame()
        if first.startswith(head):
            made = [write if callable(write) else None for write in writers]
            _keep(self._known, key, (head, [first[len(head) :], *others], made))

    def _writer(self, leaf: Leaf) -> Any:
        """Tell how an array is written: by a function, as its memory (True), or neither (None)."""
        dtype = leaf.dtype
        if dtype is None or dtype.num not in NUMBERS or not dtype.isnative:
            return None
        if self._container.text and leaf.role is Role.NESTED:
            if leaf.data.size > _SMALL or dtype.num == FLOAT16:
                return None
            write = self._container.shortcut(leaf)
            return None if write is None else lambda array: write(array.reshape(-1))
        memory = leaf.role is Role.BLOB or (leaf.role is Role.VALUES and dtype.kind == "f")
        return True if memory and leaf.field in (None, dtype) else None


class Headers:
    """What the bytes before and behind the one array of a message mean, by its length."""

    __slots__ = ("_known", "_tries")

    def __init__(self) -> None:
        self._known: dict[Any, tuple[bytes, bytes, np.dtype[Any], int, Any, Any]] = {}
        self._tries = 0

    def view(self, body: bytes, kind: Any) -> Any:
        """Give a message of a class whose bytes but the array are as they were before, or None."""
        found = self._known.get((kind, len(body)))
        if found is None:
            return None
        header, footer, dtype, count, shape, make = found
        if not body.startswith(header) or not body.endswith(footer):
            return None
        return make(np.frombuffer(body, dtype, count, len(header)).reshape(shape))

    def learn(
        self,
        body: Any,
        kind: Any,
        array: Any,
        parts: Callable[[], list[Any]],
        make: Callable[[Array], Any],
    ) -> None:
        """Remember the bytes around a view of `body`, if they are just what we would write."""
        if type(body) is not bytes or type(array) is not np.ndarray or array.flags.writeable:
            return
        if not array.size or array.dtype.kind not in _VIEWED or array.base is None:
            return
        self._tries += 1
        if self._tries > _TRIES:
            return
        whole = np.frombuffer(body, np.uint8)
        start = array.ctypes.data - whole.ctypes.data
        stop = start + array.nbytes
        if not 0 < start <= _HEADER or not stop <= len(body) <= stop + _HEADER:
            return
        written = b"".join(bytes(part) for part in parts() if len(part) != array.nbytes)
        if written == body[:start] + body[stop:]:
            entry = body[:start], body[stop:], array.dtype, array.size, array.shape, make
            _keep(self._known, (kind, len(body)), entry)


def _keep(entries: dict[Any, Any], key: Any, entry: Any) -> None:
    if len(entries) >= _MOST:
        entries.clear()
    entries[key] = entry
