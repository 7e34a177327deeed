"""`raw`: bytes that nobody but the two ends interprets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.arrays import as_array
from tensorwire.errors import EncodeError
from tensorwire.missing import STRICT, VERIFIED
from tensorwire.tree import Leaf, Role, blob

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading, Writing
    from tensorwire.tree import Array

__all__ = ["Raw"]


class Raw:
    """Bytes, or the memory of an array in C order; a flat uint8 array comes back."""

    name = "raw"
    views = True

    def leaf(self, value: Any, *, lossy: bool, options: Writing = STRICT) -> Leaf:
        """Refuse what has no bytes of its own: strings and lists."""
        del lossy
        given = type(value)  # isinstance would ask the value for its __class__
        if issubclass(given, (bytes, bytearray)):
            return Leaf(Role.BLOB, np.frombuffer(value, np.uint8))
        scalar = issubclass(given, (str, int, float, complex)) and not issubclass(given, np.generic)
        if scalar or issubclass(given, (list, tuple)):
            raise EncodeError(f"expected bytes or an array for raw, got {given.__name__}")
        array = as_array(value, none=options.none)
        if isinstance(array, list) or (array.dtype.kind in "SUT" and array is not value):
            held = "rows that mix types" if isinstance(array, list) else "strings"
            raise EncodeError(f"expected bytes or an array of numbers, got {held}")
        if array.dtype.kind == "T":
            raise EncodeError("expected bytes or an array of numbers, got StringDType")
        return Leaf(Role.BLOB, array)

    def tree(self, leaf: Leaf) -> Any:
        """Put nothing around the bytes."""
        return leaf

    def value(
        self,
        tree: Any,
        payload: int,
        limits: Limits,
        out: Array | None,
        options: Reading = VERIFIED,
    ) -> Array:
        """View the bytes."""
        del out, options
        array = blob(tree)
        limits.check(array.shape, 1, payload)
        return array
