"""`raw`: bytes without a dtype and a shape; only client and model interpret them."""

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
    """Bytes, or the memory of an array in C order; `value` returns a flat uint8 array."""

    name = "raw"
    views = True

    def leaf(self, value: Any, *, lossy: bool, options: Writing = STRICT) -> Leaf:
        """Refuse values whose memory is undefined: strings, lists and scalars of Python."""
        del lossy
        kind = type(value)  # isinstance may run code of the value: its __class__ may be a property
        if issubclass(kind, (bytes, bytearray)):
            return Leaf(Role.BLOB, np.frombuffer(value, np.uint8))
        scalar = issubclass(kind, (str, int, float, complex)) and not issubclass(kind, np.generic)
        if scalar or issubclass(kind, (list, tuple)):
            raise EncodeError(f"expected bytes or an array for raw, got {kind.__name__}")
        array = as_array(value, none=options.none)
        if isinstance(array, list) or (array.dtype.kind in "SUT" and array is not value):
            got = "rows that mix types" if isinstance(array, list) else "strings"
            raise EncodeError(f"expected bytes or an array of numbers, got {got}")
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
