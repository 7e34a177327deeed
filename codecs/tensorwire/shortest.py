"""The shortest decimal text of floats narrower than float64."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import orjson

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["decimal_twin", "reads_back"]


def decimal_twin(array: Array) -> Array:
    """Give the float64 whose shortest text is the shortest text of each float16 (or narrower).

    Rounds to one, two, ... five significant digits until the value reads back. Each candidate is
    an integer times or over a power of ten, both exact, so one operation rounds it correctly.
    """
    exact = array.astype(np.float64).reshape(-1)
    twin = exact.copy()
    left = np.flatnonzero(np.isfinite(exact) & (exact != 0))
    for digits in range(1, 6):
        value = exact[left]
        power = digits - 1 - np.floor(np.log10(np.abs(value)))
        scale = 10.0 ** np.abs(power)
        whole = np.rint(np.where(power > 0, value * scale, value / scale))
        candidate = np.where(power > 0, whole / scale, whole * scale)
        with np.errstate(over="ignore"):  # 7e4, say, while 65504 is on its way
            good = candidate.astype(array.dtype).astype(np.float64) == value
        twin[left[good]] = candidate[good]
        left = left[~good]
    return twin.reshape(array.shape)


def reads_back(narrow: Array, wide: Array) -> Array:
    """Tell whether `wide` is what the shortest text of `narrow` reads as."""
    if narrow.dtype == np.float32:
        text = orjson.dumps(narrow, option=orjson.OPT_SERIALIZE_NUMPY)
        narrow = np.array(orjson.loads(text))
    else:
        narrow = decimal_twin(narrow)
    same: Array = narrow == wide
    return same
