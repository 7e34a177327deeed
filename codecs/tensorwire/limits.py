"""Bounds on what a payload may claim, checked before anything is allocated for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from operator import index
from typing import TYPE_CHECKING, Any

from tensorwire.errors import DecodeError, LimitError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["DEFAULT_LIMITS", "MAX_OBJECTS", "Limits", "checked_limits", "too_many_objects"]

MAX_OBJECTS = 1_000_000
"""Lists and maps that a parser of JSON or msgpack may make of one message.

An empty list takes one or two bytes in a message, and 64 in memory; a parser makes a million of
them in some tenths of a second, in which no other thread runs. Arrays whose rows have one length
are read without them.
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what `decode` and `loads` produce. Every check is done in Python integers.

    Parameters
    ----------
    max_elements : int, optional
        Elements of one array; None for no bound on elements.
    max_bytes : int, optional
        Bytes of one array, view or copy; None means 4 times the payload plus 16 MiB, so that a
        payload of a few bytes cannot claim gigabytes.
    max_rank : int, default 64
        Dimensions of one array; numpy itself stops at 64.

    Raises
    ------
    DecodeError
        A bound is not an integer, or below 0.

    Examples
    --------
    >>> import tensorwire as tw
    >>> body = tw.get_codec("json/ndarray").encode([[1.0, 2.0]])
    >>> tw.get_codec("json/ndarray").decode(body, limits=tw.Limits(max_elements=1))
    Traceback (most recent call last):
      ...
    tensorwire.errors.LimitError: expected at most 1 elements, got 2 ...
    """

    max_elements: int | None = None
    max_bytes: int | None = None
    max_rank: int = 64

    def __post_init__(self) -> None:
        """Raise `DecodeError` for a bound that is not a number, or below 0."""
        for name in ("max_elements", "max_bytes", "max_rank"):
            bound = getattr(self, name)
            if bound is None and name != "max_rank":
                continue
            try:
                negative = index(bound) < 0
            except TypeError:
                wanted = "an integer" if name == "max_rank" else "an integer or None"
                raise DecodeError(f"expected {wanted} for {name}=, got {shown(bound)}") from None
            if negative:
                raise DecodeError(f"expected a bound of 0 or more for {name}=, got {bound}")

    def check(self, shape: Sequence[int], itemsize: int, payload: int, path: str = "") -> int:
        """Return the element count of a shape, if it is within these bounds.

        Parameters
        ----------
        shape : sequence of int
            The shape that a payload claims.
        itemsize : int
            Bytes of one element.
        payload : int
            Bytes of the message.
        path : str, optional
            The place of the array in the message, for the error.

        Returns
        -------
        int
            The number of elements.

        Raises
        ------
        LimitError
            The shape is over a bound.
        """
        if len(shape) > min(self.max_rank, 64):
            most = min(self.max_rank, 64)
            remedy = "raise Limits(max_rank=)" if most < min(len(shape), 64) else ""
            raise LimitError(f"expected rank of at most {most}, got {len(shape)}", path, remedy)
        count = prod(shape)
        if self.max_elements is not None and count > self.max_elements:
            reason = f"expected at most {self.max_elements} elements, got {count}"
            raise LimitError(reason, path, "raise Limits(max_elements=)")
        # A shape such as (2**62, 4, 0) has no element, but numpy does not support it.
        if prod(size for size in shape if size) * itemsize >= 2**63:
            raise LimitError(f"expected a shape of less than 2**63 bytes, got {tuple(shape)}", path)
        allowed = self.max_bytes if self.max_bytes is not None else 4 * payload + (16 << 20)
        if count * itemsize > allowed:
            got = f"{count * itemsize} in a payload of {payload} bytes"
            reason = f"expected an array of at most {allowed} bytes, got {got}"
            raise LimitError(reason, path, "raise Limits(max_bytes=)")
        return count

    def after(self, used: int, payload: int) -> Limits:
        """Return the bounds for the remaining arrays of a message.

        Parameters
        ----------
        used : int
            Bytes of the arrays of the message so far.
        payload : int
            Bytes of the message.

        Returns
        -------
        Limits
            These bounds, with fewer bytes where `max_bytes` depends on the payload.
        """
        if not used or self.max_bytes is not None:
            return self
        return replace(self, max_bytes=max(0, 4 * payload + (16 << 20) - used))


DEFAULT_LIMITS = Limits()


def checked_limits(limits: Any) -> Limits:
    """Return the limits, the default ones for None; raise `DecodeError` for another type."""
    if limits is None:
        return DEFAULT_LIMITS
    if not isinstance(limits, Limits):
        raise DecodeError(f"expected Limits for limits=, got {shown(limits)}")
    return limits


def too_many_objects() -> LimitError:
    """Return the error for a message of more lists and maps than a parser may make."""
    reason = f"expected at most {MAX_OBJECTS} lists and maps in a message, got more"
    return LimitError(reason, "", "send arrays as tensor or tftensor, or in several messages")
