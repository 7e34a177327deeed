"""What a codec remembers between calls, so that a small array costs a memory copy and little more.

The bytes around an array are a function of its dtype and shape, and what the bytes before an array
mean is a function of those bytes and the length. Such functions are remembered, up to `_MOST` of
each, then anew; no value of an array is, nor names or meta, and no result depends on what is
remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tensorwire.dtypes import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.containers import Container
    from tensorwire.tree import Array, Body, Leaf

__all__ = ["Memo"]

_MOST = 256  # entries
_SMALL = 1024  # elements of an array that has a writer of its own
_HEADER = 128  # bytes before an array that are worth remembering
_FEW_BYTES = 4096  # of a message that is compared as a whole
_TRIES = 1024  # messages that are compared with what we would write
Frame: TypeAlias = "tuple[bytes, bytes]"
Writer: TypeAlias = "tuple[bytes, Callable[[Array], bytes | None], bytes]"


class Memo:
    """What one codec remembers.

    Attributes
    ----------
    frames
        the bytes around an array, by its dtype, shape and size.
    writers
        for small arrays of dtypes whose values are never refused, by dtype and shape: the bytes
        before, a function that writes the values (or gives None), the bytes behind.
    """

    __slots__ = ("_container", "_headers", "_tries", "frames", "writers")

    def __init__(self, container: Container) -> None:
        self._container = container
        self._tries = 0
        self._headers: dict[int, tuple[bytes, np.dtype[Any], int, tuple[int, ...]]] = {}
        self.frames: dict[Any, Frame] = {}
        self.writers: dict[Any, Writer] = {}

    def learn_to_write(self, key: Any, frame: Frame, leaf: Leaf, value: Any) -> None:
        """Remember the bytes around an array, and for a simple one how to write it."""
        _keep(self.frames, key, frame)
        if type(value) is not np.ndarray or leaf.data is not value:
            return
        if 0 < value.size <= _SMALL and value.dtype.num in NUMBERS:
            write = self._container.shortcut(leaf)
            if write is not None:
                _keep(self.writers, (value.dtype, value.shape), (frame[0], write, frame[1]))

    def view(self, body: Body) -> Array | None:
        """View the values that end a message, where all before them is as it was before."""
        seen = self._headers.get(len(body))
        if seen is None:
            return None
        header, dtype, count, shape = seen
        if body[: len(header)] != header:
            return None
        return np.frombuffer(body, dtype, count, len(header)).reshape(shape)

    def learn_to_view(self, body: Body, value: Any, encode_parts: Callable[[Array], Any]) -> None:
        """Remember the bytes before the values, where these are the memory that ends the message.

        Only of messages that are just what we would write for the array alone, so that nothing else
        is kept; and not of values that are to be checked (bools).
        """
        if type(value) is not np.ndarray or value.flags.writeable or type(body) is not bytes:
            return
        start = len(body) - value.nbytes
        if not value.size or not 0 < start <= _HEADER or value.dtype.kind not in "fiucV":
            return
        self._tries += 1
        if self._tries > _TRIES:
            return
        parts = encode_parts(value)
        few = len(body) <= _FEW_BYTES
        if b"".join(parts) == body if few else parts[0] == body[:start]:
            _keep(self._headers, len(body), (body[:start], value.dtype, value.size, value.shape))


def _keep(entries: dict[Any, Any], key: Any, entry: Any) -> None:
    if len(entries) >= _MOST:
        entries.clear()
    entries[key] = entry
