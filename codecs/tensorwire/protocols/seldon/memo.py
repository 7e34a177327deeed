"""What a codec remembers between calls, so that a small array costs a memory copy and little more.

The bytes around an array are a function of its dtype and shape, and what the bytes before an array
mean is a function of those bytes and the length. Such functions are remembered, those in use up to
a number of them (see `wire.memo`); no value of an array is, nor names or meta, and no result
depends on what is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tensorwire.arrays import NUMBERS
from tensorwire.wire.memo import Cache

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.containers import Container
    from tensorwire.tree import Array, Body, Leaf

__all__ = ["Memo"]

_SMALL = 1024  # elements of an array that has a writer of its own
_HEADER = 128  # bytes before an array that are worth remembering
_FEW_BYTES = 4096  # of a message that is compared as a whole
_ALIKE = 32  # headers of messages of one length
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
    views
        the bytes before the values that end a message, by its length: these bytes, dtype, count and
        shape of the values, and the same of another message of that length, or None.
    """

    __slots__ = ("_container", "frames", "views", "writers")

    def __init__(self, container: Container) -> None:
        self._container = container
        self.frames: Cache[Frame] = Cache(_frame_size)
        self.writers: Cache[Writer] = Cache(_writer_size)
        self.views: Cache[Any] = Cache(_view_size)

    def learn_frame(self, key: Any, frame: Frame) -> None:
        """Remember the bytes around an array."""
        if self.frames.wants(key):
            self.frames.keep(key, frame)

    def learn_writer(self, frame: Frame, leaf: Leaf, value: Any) -> None:
        """Remember how to write an array, if it is a small and simple one that is not known yet."""
        if type(value) is not np.ndarray or leaf.data is not value:
            return
        if not 0 < value.size <= _SMALL or value.dtype.num not in NUMBERS:
            return
        key = value.dtype, value.shape
        if self.writers.get(key) is not None or not self.writers.wants(key):
            return
        write = self._container.small_array_writer(leaf)
        if write is None:
            self.writers.refuse(key)
        else:
            self.writers.keep(key, (frame[0], write, frame[1]))

    def view(self, body: Body) -> Array | None:
        """View the values that end a message, where all before them is as it was before."""
        views = self.views
        seen = views.known.get(len(body))
        if seen is None and views.older:
            seen = views.get(len(body))
        while seen is not None:
            header, dtype, count, shape, seen = seen
            if body[: len(header)] == header:
                return np.frombuffer(body, dtype, count, len(header)).reshape(shape)
        return None

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
        header = body[:start]
        if not self.views.wants((len(body), header)):
            return
        parts = encode_parts(value)
        few = len(body) <= _FEW_BYTES
        if b"".join(parts) == body if few else parts[0] == header:
            seen = self.views.get(len(body))
            others = None if _count(seen) >= _ALIKE else seen
            self.views.keep(len(body), (header, value.dtype, value.size, value.shape, others))
        else:
            self.views.refuse((len(body), header))


def _frame_size(frame: Frame) -> int:
    return len(frame[0]) + len(frame[1])


def _writer_size(writer: Writer) -> int:
    return len(writer[0]) + len(writer[2])


def _view_size(view: Any) -> int:
    return _HEADER * _count(view)


def _count(view: Any) -> int:
    """Count the headers of one length."""
    count = 0
    while view is not None:
        count, view = count + 1, view[-1]
    return count
