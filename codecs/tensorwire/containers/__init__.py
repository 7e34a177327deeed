"""How a tree becomes bytes: one file a container, one line in this table. They know no kinds."""

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
    """One way to write a tree.

    `schema` is an `ArrayPlaces`: which members may be arrays. Protobuf needs its own, a `Schema`.
    """

    name: str
    media_types: tuple[str, ...]
    text: bool  # numbers are decimal text, shortened to what their dtype needs
    foreign: bool  # trees may have keys and values of types that JSON has not
    sized: bool  # the bytes around a leaf depend on its size

    def write(self, leaf: Leaf) -> Part:
        """Write the array of a leaf."""

    def small_array_writer(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Return what `write` comes down to for small float arrays of that role, dtype and shape.

        The function gives None for values that are not for it.
        """

    def frame(
        self, tree: Tree, sizes: Iterable[int], schema: Any, words: Words = FINITE
    ) -> list[bytes]:
        """Write what goes before, between and behind the leaves of `tree`, given their sizes.

        `words` are for NaN and infinities among the JSON values in it.
        """

    def before(self, tree: Tree, first: bytes, schema: Any, words: Words = FINITE) -> bytes:
        """Write more members before those of a message that begins so; they hold no array."""

    def read(self, body: Body, schema: Any, options: Reading = VERIFIED) -> Tree:
        """Read the canonical form, arrays left in place; `Irregular` for anything else.

        Raises `Unverified` where only `read_exactly` can tell, as `read_any` does too.
        """

    def read_any(self, body: Body, schema: Any) -> Tree:
        """Read whatever the official parser accepts; raise `DecodeError` for the rest."""

    def read_exactly(self, body: Body, options: Reading, tree: Tree | None = None) -> Tree:
        """Read text with bare words or integers that a parser would round; text alone needs it.

        `tree` is what `read` or `read_any` gave, if either gave something: it may be right.
        """


CONTAINERS: dict[str, Container] = {
    container.name: container for container in (JSON(), Protobuf(), Msgpack())
}
