"""The encodings of a tree: one file and one line in this table for each container.

Containers do not depend on kinds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tensorwire.containers.json import JSON
from tensorwire.containers.msgpack import Msgpack
from tensorwire.containers.protobuf import Protobuf
from tensorwire.missing import FINITE, VERIFIED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tensorwire.missing import Reading, Words
    from tensorwire.tree import Array, Body, Leaf, Tree
    from tensorwire.wire.buffers import Part

__all__ = ["CONTAINERS", "Container"]


class Container(Protocol):
    """An encoding of trees.

    `schema` is an `ArrayPlaces`: the members that may be arrays. Protobuf requires a `Schema`.
    """

    name: str
    media_types: tuple[str, ...]
    text: bool  # numbers are decimal text, the shortest one that is exact in their dtype
    foreign: bool  # trees may have keys and values of types that JSON does not have
    sized: bool  # the bytes around a leaf depend on its size

    def write(self, leaf: Leaf) -> Part:
        """Write the array of a leaf."""

    def small_array_writer(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Return a fast form of `write` for small arrays of that role, dtype and shape.

        It returns None for values that it does not write, such as NaN in JSON.
        """

    def frame(
        self, tree: Tree, sizes: Iterable[int], schema: Any, words: Words = FINITE
    ) -> list[bytes]:
        """Write the bytes before, between and after the leaves of `tree`, given their sizes.

        `words` are for NaN and infinities among the JSON values in it.
        """

    def before(self, tree: Tree, first: bytes, schema: Any, words: Words = FINITE) -> bytes:
        """Insert members without arrays before the members of a message, at its `first` bytes."""

    def read(self, body: Body, schema: Any, options: Reading = VERIFIED) -> Tree:
        """Read the canonical form, with arrays as views; raise `Irregular` for any other form.

        `read` and `read_any` raise `Unverified` for a text that only `read_exactly` reads.
        """

    def read_any(self, body: Body, schema: Any) -> Tree:
        """Read any form that the official parser accepts; raise `DecodeError` for others."""

    def read_exactly(self, body: Body, options: Reading, tree: Tree | None = None) -> Tree:
        """Read text with bare words, or with integers that a parser would round.

        An integer beyond 64 bits is a `LongInteger` in the result: see `Reading.marked`.

        `tree` is the result of `read` or `read_any`, if there is one: it is used where the text has
        neither. Only containers of text implement this method.
        """


CONTAINERS: dict[str, Container] = {
    container.name: container for container in (JSON(), Protobuf(), Msgpack())
}
