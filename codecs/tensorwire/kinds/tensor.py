"""`tensor`: a shape and the values in row-major order, as float64."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.arrays import NUMBERS, as_array, check_float64, to_float64
from tensorwire.errors import CodecError, DecodeError, EncodeError, shown
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.missing import STRICT, VERIFIED
from tensorwire.tree import Leaf, Role, Tree, blob, integers

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading, Writing
    from tensorwire.tree import Array

__all__ = ["Tensor"]

_FLOAT64 = np.dtype("<f8")
_INT = frozenset({int})
_USUAL_RANK = 32


class Tensor:
    """Numbers and bools that are exact in float64, of any shape."""

    name = "tensor"
    views = True

    def leaf(self, value: Any, *, lossy: bool, options: Writing = STRICT) -> Leaf:
        """Refuse integers that float64 would round, and everything that is not a real number."""
        array = as_array(value, none=options.none)
        if isinstance(array, list):
            if set(map(type, lists.scalars(array))) == {bytes}:  # they end in NUL
                raise EncodeError("expected numbers, got bytes")
            raise lists.mixed(array, "float64 values")
        if array.dtype.num not in NUMBERS:
            array = to_float64(array, lossy=lossy)
        elif array.dtype.kind == "b":
            array = array.view(np.uint8)
        elif not lossy:
            check_float64(array)
        return Leaf(Role.PACKED, array, _FLOAT64, array.shape, lossy=lossy, words=options.words)

    def tree(self, leaf: Leaf) -> Tree:
        """Write the shape beside the values."""
        return {"shape": list(leaf.shape), "values": leaf}

    def value(
        self,
        tree: Any,
        payload: int,
        limits: Limits,
        out: Array | None,
        options: Reading = VERIFIED,
    ) -> Array:
        """View or read the values, and check that the shape has as many elements."""
        del out
        if type(tree) is not dict:
            raise DecodeError(f"expected a tensor, got {shown(tree)}")
        shape = tree.get("shape")
        if type(shape) is not list or not _INT.issuperset(map(type, shape)):
            shape = integers(shape, ".shape")
        values = _values(tree.get("values"), limits, options)
        if shape and min(shape) < 0:
            raise DecodeError(f"expected sizes of at least 0, got {min(shape)}", ".shape")
        if (count := prod(shape)) != values.size:
            reason = f"expected {count} values for shape {tuple(shape)}, got {values.size}"
            raise DecodeError(reason, ".shape")
        if limits is not DEFAULT_LIMITS or not values.size or len(shape) > _USUAL_RANK:
            limits.check(shape, values.itemsize, payload, ".shape")
        return values.reshape(shape)


def _values(node: Any, limits: Limits, options: Reading) -> Array:
    if node is None:
        return np.empty(0)
    if type(node) is np.ndarray and node.dtype is _FLOAT64:
        return node
    try:
        if type(node) is list:
            array: Array = lists.numbers(node, DecodeError, options, floats=True)
        elif isinstance(node, np.ndarray) and node.dtype == _FLOAT64:
            array = node
        elif isinstance(node, (np.ndarray, bytes)):
            array = blob(node)
            if array.size % 8:
                raise DecodeError(f"expected bytes of whole float64 values, got {array.size}")
            array = array.view(_FLOAT64)
        elif hasattr(node, "read"):
            array = node.read(limits)
        else:
            raise DecodeError(f"expected a list of numbers, got {shown(node)}")
    except CodecError as error:
        raise error.within(".values") from None
    if array.ndim != 1 or array.dtype.kind == "b":
        raise DecodeError("expected a flat list of numbers, got nested lists or bools", ".values")
    return array
