"""The layouts of an array in a message: one file and one line in this table for each kind.

A kind converts a value to a `Leaf` and the tree around it, and a tree back to a value. It does not
depend on any container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from tensorwire.kinds.ndarray import NDArray
from tensorwire.kinds.raw import Raw
from tensorwire.kinds.tensor import Tensor
from tensorwire.kinds.tftensor import TFTensor
from tensorwire.missing import STRICT, VERIFIED

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading, Writing
    from tensorwire.tree import Array, Leaf

__all__ = ["KINDS", "Kind"]


class Kind(Protocol):
    """One layout of an array."""

    name: str
    views: bool  # whether decode returns views of the payload

    def leaf(self, value: Any, *, lossy: bool, options: Writing = STRICT) -> Leaf:
        """Return the array in the layout of this kind; raise `EncodeError` if there is none."""

    def tree(self, leaf: Leaf) -> Any:
        """Return the tree around the leaf; it depends on role, dtype and shape of the leaf only."""

    def value(
        self,
        tree: Any,
        payload: int,
        limits: Limits,
        out: Array | None,
        options: Reading = VERIFIED,
    ) -> Any:
        """Read the array of a tree, into `out` where that saves a copy.

        `payload` is the size of the message in bytes. Raises `DecodeError`.
        """


KINDS: dict[str, Kind] = {kind.name: kind for kind in (NDArray(), Tensor(), TFTensor(), Raw())}
