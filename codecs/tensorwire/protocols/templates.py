"""What a protocol remembers of what it wrote: a small message costs little more than its copy.

The bytes around the arrays of a message are a function of the names, dtypes and shapes in it. Such
functions are remembered, those in use up to a number of them (see `wire.memo`). No value of an
array is, no id, and no parameter but those that ask for binary outputs; and no result depends on
what is remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from tensorwire.arrays import FLOAT16, NUMBERS
from tensorwire.tree import Role
from tensorwire.wire.memo import Cache

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tensorwire.containers import Container
    from tensorwire.tree import Array, Leaf

Known: TypeAlias = "dict[Any, tuple[bytes, bytes, list[bytes], list[Any] | None]]"

__all__ = ["FEW_BYTES", "Known", "Templates", "padded"]

_SMALL = 1024  # elements of an array that is text and has a writer of its own
FEW_BYTES = 4096  # of an array that may be copied twice


class Templates(Cache[Any]):
    """The bytes around arrays, by all that these depend on.

    Attributes
    ----------
    known
        the bytes before an id, those before the first array where there is no id, those around
        the arrays, and what writes each array (None: it travels as its memory); in place of them
        all None where that is so of the only array.
    """

    __slots__ = ("_container",)

    def __init__(self, container: Container) -> None:
        super().__init__(_size)
        self._container = container

    def write(
        self, key: Any, arrays: Sequence[Array], identity: bytes = b"", multiple: int = 1
    ) -> bytes | None:
        """Write a message that is known, its id where it belongs; None for any other.

        The first array begins at a multiple of so many bytes; spaces fill the text before it.
        """
        found = self.get(key)
        if found is None:
            return None
        head, _, pieces, writers = found
        start = pieces[0]
        if multiple > 1:
            start += b" " * (-(len(head) + len(identity) + len(start)) % multiple)
        if writers is None:  # one array, which travels as its memory
            memory = _memory(arrays[0])
            if memory is None:
                return None
            return b"".join((head, identity, start, memory, pieces[1]))
        made: list[Any] = [head, identity, start]
        for array, write, piece in zip(arrays, writers, pieces[1:], strict=True):
            text = _memory(array) if write is None else write(array)
            if text is None:
                return None
            made += text, piece
        return b"".join(made)

    def learns(self, key: Any) -> bool:
        """Tell whether a message that `write` did not write is worth a call of `learn`."""
        return self.get(key) is None and self.wants(key)

    def learn(
        self,
        key: Any,
        leaves: Sequence[Leaf],
        frame: Callable[[], list[bytes]],
        head: bytes,
        multiple: int = 1,
    ) -> None:
        """Remember the bytes around arrays, if these travel as their memory or as short text.

        `head` is what stands before the id. `frame` gives the bytes of a message without one;
        where they are written, the first array begins at a multiple of `multiple` bytes.
        """
        writers = [self._writer(leaf) for leaf in leaves]
        first, *others = frame() if None not in writers else [b""]
        if None in writers or not first.startswith(head):
            self.refuse(key)
            return
        made = [write if callable(write) else None for write in writers]
        pieces = [first[len(head) :], *others]
        self.keep(key, (head, padded(first, multiple), pieces, None if made == [None] else made))

    def _writer(self, leaf: Leaf) -> Any:
        """Tell how an array is written: by a function, as its memory (True), or neither (None)."""
        dtype = leaf.dtype
        if dtype is None or dtype.num not in NUMBERS or not dtype.isnative:
            return None
        if self._container.text and leaf.role is Role.NESTED:
            if leaf.data.size > _SMALL or dtype.num == FLOAT16:
                return None
            write = self._container.small_array_writer(leaf)
            return None if write is None else lambda array: write(array.reshape(-1))
        memory = leaf.role is Role.BLOB or (leaf.role is Role.VALUES and dtype.kind == "f")
        return True if memory and leaf.field in (None, dtype) else None


def padded(text: bytes, multiple: int) -> bytes:
    """Return JSON with so many spaces behind it that its length is a multiple."""
    return text.ljust(-(-len(text) // multiple) * multiple)


def _memory(array: Array) -> bytes | memoryview | None:
    """Give the memory of an array in C order, None where that is best put in order in its place."""
    if array.nbytes <= FEW_BYTES:
        return array.tobytes()
    return array.data if array.flags.c_contiguous else None


def _size(entry: Any) -> int:
    head, first, pieces, _ = entry
    return len(head) + len(first) + sum(map(len, pieces))
