"""Arrays that are easily changed by a round trip, and what came of one that was sent."""

from __future__ import annotations

import math
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = [
    "DTYPE", "EXACT", "NAN", "NUL", "ORDER", "REFUSED", "SHAPE", "UNREAD", "VALUES",
    "Verdict", "compare", "fragile_arrays", "round_trip",
]  # fmt: skip

EXACT, ORDER, NAN, DTYPE, SHAPE, VALUES, UNREAD, REFUSED = (
    ".", "order", "NaN bits", "dtype", "shape", "VALUES", "UNREAD", "refused",
)  # fmt: skip
"""What may come of an array, as a cell of a table."""
NUL = "bytes ending in NUL"


class Verdict(NamedTuple):
    """What came of one array."""

    kind: str
    """The worst that happened."""
    detail: str = ""


def fragile_arrays() -> dict[str, dict[str, Any]]:
    """Return the arrays by name, in groups; of two dimensions, unless the rank is the test."""
    small = import_module("ml_dtypes")
    grid = np.arange(12.0).reshape(3, 4)
    quiet, signalling = [[0x7FF800000000BEEF, 0xFFF8000000000000]], [[0x7FA00001, 0x3F800000]]
    return {
        "values": {
            "float64": np.array([[1.5, -2.0, 1 / 3], [1e300, 1e-300, 0.1]]),
            "NaN with payload": np.array(quiet, np.uint64).view(np.float64),
            "signalling NaN": np.array(signalling, np.uint32).view(np.float32),
            "-0.0": np.array([[-0.0, 0.0]]),
            "infinities": np.array([[np.inf, -np.inf]]),
            "subnormals": np.array([[5e-324, -2.2e-308]]),
            "int64 above 2**53": np.array([[2**53 + 1, -(2**63), 2**63 - 1]]),
            "uint64 max": np.array([[2**64 - 1, 0]], np.uint64),
        },
        "dtypes": {
            "float32": np.array([[0.1, 1.5]], np.float32),
            "float16": np.array([[0.1, 65504]], np.float16),
            "bfloat16": np.array([[0.1, 1.5]], small.bfloat16),
            "float8_e4m3fn": np.array([[0.1, 448]], small.float8_e4m3fn),
            "complex64": np.array([[1 + 2j, -0.5j]], np.complex64),
            "bool": np.array([[True, False]]),
            "big-endian int32": np.array([[1, 2]], ">i4"),
        },
        "memory and shape": {
            "Fortran order": np.asfortranarray(grid),
            "non-contiguous": grid[::2, ::-1],
            "one dimension": np.arange(3.0),
            "0-d": np.array(1.5),
            "shape (0, 3)": np.empty((0, 3)),
            "rank 64": np.arange(2.0).reshape((1,) * 63 + (2,)),
        },
        "not numbers": {
            "non-ASCII str": np.array([["h\u00e9", "\u65e5\u672c"]]),
            NUL: np.array([[b"tail\0", b"b"]], object),
            "object of str": np.array([["a", "h\u00e9"]], object),
            "datetime64": np.array([["2024-02-29T12:00:00", "NaT"]], "M8[s]"),
            "structured": np.array([[(1, 2.5)]], [("a", "<i4"), ("b", "<f8")]),
        },
    }


def round_trip(array: Any, write: Callable[[Any], Any], read: Callable[[Any], Any]) -> Verdict:
    """Write an array, read it again, and compare."""
    try:
        written = write(array)
    except Exception as error:  # noqa: BLE001 - whatever is raised is a refusal
        return Verdict(REFUSED, _line(error))
    try:
        found = read(written)
    except Exception as error:  # noqa: BLE001 - as above
        return Verdict(UNREAD, _line(error))
    return compare(array, found)


def compare(given: Any, found: Any) -> Verdict:
    """Return the worst difference between an array and what came back."""
    array = np.array(found, object) if isinstance(found, (list, bytes, str)) else np.asarray(found)
    return next(_losses(given, array), Verdict(EXACT))


def _losses(given: Any, array: Any) -> Iterator[Verdict]:
    """Find the losses, the worst first; a float of another width is taken back to its own."""
    shapes = f"shape {given.shape} came back as {array.shape}"
    if given.size != array.size:
        yield Verdict(VALUES, shapes)
    same_bits = _bits(given) == _bits(array)
    if not same_bits:
        again = (
            array.astype(given.dtype) if {given.dtype.kind, array.dtype.kind} == {"f"} else array
        )
        for one, two in zip(_elements(given), _elements(again), strict=True):
            if not _equal(one, two):
                yield Verdict(VALUES, f"{_short(one)} came back as {_short(two)}")
    if given.shape != array.shape:
        yield Verdict(SHAPE, shapes)
    if given.dtype.newbyteorder("=") != array.dtype.newbyteorder("="):
        yield Verdict(DTYPE, f"{given.dtype} came back as {array.dtype}")
    if not same_bits:
        yield Verdict(NAN, "a NaN came back as another NaN")
    if given.dtype.str.startswith(">") and not array.dtype.str.startswith(">"):
        yield Verdict(ORDER, "big-endian came back as little-endian")
    if given.flags.fnc and not array.flags.f_contiguous:
        yield Verdict(ORDER, "Fortran order came back as C order")


def _bits(array: Any) -> bytes:
    """Return the memory in native byte order and C order; of objects, their repr."""
    if array.dtype.hasobject:
        return repr(_elements(array)).encode()
    bits: bytes = array.astype(array.dtype.newbyteorder("="), order="C").tobytes()
    return bits


def _elements(array: Any) -> list[Any]:
    """Return Python's values; text as UTF-8, as most formats have one type of string only."""
    return [each.encode() if isinstance(each, str) else each for each in array.ravel().tolist()]


def _equal(one: Any, two: Any) -> bool:
    """Compare values of whatever type; zeros by their sign too, and NaN with NaN."""
    if one == two:
        return bool(one) or bool(math.copysign(1, one) == math.copysign(1, two))
    return bool(one != one and two != two)  # noqa: PLR0124 - NaN, of whatever type


def _short(value: Any) -> str:
    return repr(value)[:40]


def _line(error: Exception) -> str:
    """Return the first line of an error."""
    first = (str(error).strip().splitlines() or [""])[0]
    return f"{type(error).__name__}: {' '.join(first.split())}"[:300]
