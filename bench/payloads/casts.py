"""What a smaller dtype does to the values of one payload."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

NARROWER = {"float64": ("float32", "float16"), "float32": ("float16",)}
"""The dtypes of floats that a model may take instead."""
BLOCK = 1 << 20
"""Values at a time, for an array that is mapped and not read."""


@dataclass(frozen=True)
class CastError:
    """How far the values are from those before the cast."""

    dtype: str
    absolute: float
    """The largest difference of a value, in its own unit,"""
    relative: float
    """and the largest as a share of the value: 1e-3 is one part in a thousand."""
    overflowed: int
    """Values that became infinite,"""
    vanished: int
    """and values that became 0."""

    @property
    def lost(self) -> bool:
        """Whether a value is gone, not only rounded."""
        return bool(self.overflowed or self.vanished)


def cast_error(array: npt.NDArray[Any], dtype: str) -> CastError:
    """Cast the array, and compare every finite value with what it was."""
    flat = array.reshape(-1)
    absolute = relative = 0.0
    overflowed = vanished = 0
    for start in range(0, flat.size, BLOCK):
        part = flat[start : start + BLOCK]
        was = part[np.isfinite(part)].astype(np.float64)
        with np.errstate(over="ignore", under="ignore"):
            now = was.astype(dtype).astype(np.float64)
        kept = np.isfinite(now)
        overflowed += int(was.size - kept.sum())
        was, now = was[kept & (was != 0)], now[kept & (was != 0)]
        vanished += int(np.count_nonzero(now == 0))
        off = np.abs(now - was)
        absolute = max(absolute, float(off.max(initial=0.0)))
        relative = max(relative, float((off / np.abs(was)).max(initial=0.0)))
    return CastError(dtype, absolute, relative, overflowed, vanished)
