"""`ndarray`: nested lists of numbers, bools or strings, as in JSON written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.arrays import NUMBERS, as_array, to_float64
from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import STRICT, VERIFIED
from tensorwire.tree import Leaf, Role

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading, Writing
    from tensorwire.tree import Array

__all__ = ["NDArray"]

_SHAPE = "a shape that nested lists represent"
_BYTES = "expected numbers, bools or strings, got bytes"


class NDArray:
    """Nested lists; they are read as int64, uint64, float64, bool or str."""

    name = "ndarray"
    views = False

    def leaf(self, value: Any, *, lossy: bool, options: Writing = STRICT) -> Leaf:
        """Refuse 0-d arrays, a zero before the last axis, complex numbers and bytes."""
        array = as_array(value, none=options.none)
        if isinstance(array, list):  # rows that mix numbers and strings
            types = set(map(type, lists.scalars(array)))
            if types == {bytes}:
                raise EncodeError(_BYTES)
            if bytes in types:
                raise lists.mixed(array, "numbers, bools or strings")
            return Leaf(Role.NESTED, array, lossy=lossy, words=options.words)
        if array.dtype.num not in NUMBERS and array.dtype.kind not in "UT":
            if array.dtype.kind == "S":
                raise EncodeError(_BYTES)
            array = to_float64(array, lossy=lossy)
        if not array.ndim:
            if not lossy:
                raise EncodeError(f"expected {_SHAPE}, got ()")
            array = array.reshape(1)
        if not array.size and 0 in array.shape[:-1] and not lossy:
            raise EncodeError(f"expected {_SHAPE}, got {array.shape}")
        if not array.size:
            lists.check_empty_rows(array.shape)
        return Leaf(Role.NESTED, array, lossy=lossy, words=options.words)

    def tree(self, leaf: Leaf) -> Any:
        """Put nothing around the lists."""
        return leaf

    def value(
        self,
        tree: Any,
        payload: int,
        limits: Limits,
        out: Array | None,
        options: Reading = VERIFIED,
    ) -> Any:
        """Read the lists; rows that mix numbers and strings stay lists."""
        if type(tree) is not list:
            if hasattr(tree, "read"):
                return tree.read(limits, out)
            raise DecodeError(f"expected nested lists, got {shown(tree)}")
        array = lists.to_array(tree, DecodeError, options)
        if limits is not DEFAULT_LIMITS:
            shape = np.asarray(array, object).shape if type(array) is list else array.shape
            limits.check(shape, getattr(array, "itemsize", 8), payload)
        return array
