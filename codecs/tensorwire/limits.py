"""What a payload may claim before anything is allocated for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any

from tensorwire.errors import DecodeError, LimitError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DEFAULT_LIMITS", "Limits", "checked_limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what `decode` and `loads` produce. Every check is done in Python integers.

    Attributes
    ----------
    max_elements
        elements of one array; None for no bound of its own.
    max_bytes
        bytes of one array, view or copy; None means 4 times the payload plus 16 MiB,
        so that a payload of a few bytes cannot claim gigabytes.
    max_rank
        dimensions of one array; numpy itself stops at 64.
    """

    max_elements: int | None = None
    max_bytes: int | None = None
    max_rank: int = 64

    def __post_init__(self) -> None:
        """Raise `DecodeError` for a bound that is not a number."""
        for name in ("max_elements", "max_bytes", "max_rank"):
            bound = getattr(self, name)
            if bound is None and name != "max_rank":
                continue
            try:
                index(bound)
            except TypeError:
                wanted = "an integer" if name == "max_rank" else "an integer or None"
                raise DecodeError(f"expected {wanted} for {name}=, got {shown(bound)}") from None

    def check(self, shape: Sequence[int], itemsize: int, payload: int, path: str = "") -> int:
        """Return the element count of `shape`, or raise `LimitError`.

        `itemsize` and `payload`, the size of the message, are in bytes.
        """
        if len(shape) > min(self.max_rank, 64):
            raise LimitError(f"rank {len(shape)} is over the limit of {self.max_rank}", path)
        count = prod(shape)
        if self.max_elements is not None and count > self.max_elements:
            reason = f"{count} elements are over the limit of {self.max_elements}"
            raise LimitError(f"{reason}; raise Limits(max_elements=)", path)
        # A shape such as (2**62, 4, 0) holds nothing, yet numpy cannot represent it.
        if prod(size for size in shape if size) * itemsize >= 2**63:
            raise LimitError(f"shape {tuple(shape)} is beyond any array", path)
        allowed = self.max_bytes if self.max_bytes is not None else 4 * payload + (16 << 20)
        if count * itemsize > allowed:
            reason = f"the payload of {payload} bytes claims an array of {count * itemsize} bytes"
            raise LimitError(
                f"{reason}, over the limit of {allowed}; raise Limits(max_bytes=)", path
            )
        return count

    def after(self, used: int, payload: int) -> Limits:
        """Give the bounds on what is left, where the arrays of one message are bounded together."""
        if not used or self.max_bytes is not None:
            return self
        return replace(self, max_bytes=max(0, 4 * payload + (16 << 20) - used))


DEFAULT_LIMITS = Limits()


def checked_limits(limits: Any) -> Limits:
    """Return the limits in force: the default where there are none; `DecodeError` for others."""
    if limits is None:
        return DEFAULT_LIMITS
    if not isinstance(limits, Limits):
        raise DecodeError(f"expected a Limits for limits=, got {shown(limits)}")
    return limits
