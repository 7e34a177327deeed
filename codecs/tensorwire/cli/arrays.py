"""The array to send: from a shape, a dtype and a distribution, the same on every machine."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.cli.files import UsageError, read
from tensorwire.errors import shown, unknown
from tensorwire.formats.npy import Npy
from tensorwire.kinds.tensorproto import BY_NAME, STRING, dtype_of

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["build", "load"]

_STRINGS: dict[str, np.dtype[Any]] = {"str": np.dtype("U"), "bytes": np.dtype("S")}


def build(shape: tuple[int, ...], dtype: str, values: str, seed: int) -> Array:
    """Build an array.

    Parameters
    ----------
    shape
        the dimensions.
    dtype
        a name of numpy or ml_dtypes, or ``str`` or ``bytes``.
    values
        ``normal`` (mean 0; standard deviation 1, 30 for integers), ``uniform`` (0 to 1, or all
        that the integer type holds), ``integers`` (1, 2, 3 ..., and again from 1 where the
        dtype would round the next), ``zeros``, or a value that every element has.
    seed
        of the random values.

    Raises
    ------
    UsageError
        the dtype is unknown or cannot represent the value, or the array is larger than memory.
    """
    wanted = _dtype(dtype)
    if len(shape) > 64 or prod(shape) > 2**40:
        got = ",".join(map(str, shape))[:200]
        raise UsageError(f"--shape: expected at most 64 sizes and 2**40 elements, got {got}")
    if values == "zeros":
        values = "0"
    if values not in _DRAWN:
        return np.full(shape, _constant(values, wanted))
    number = np.dtype(np.float64) if wanted.kind in "US" else wanted
    drawn = _DRAWN[values](np.random.default_rng(seed), shape, number)
    return np.asarray(drawn.astype(wanted))


def load(name: str) -> Array:
    """Read the array in a ``.npy`` file."""
    array: Array = Npy().decode(read(name))
    return array


def _dtype(name: str) -> np.dtype[Any]:
    if name in _STRINGS:
        return _STRINGS[name]
    rows = {row.dtype: row for row in BY_NAME.values() if row.number != STRING}
    if name not in rows:
        raise UsageError(f"--dtype: {unknown('a dtype', name, [*_STRINGS, *rows])}")
    dtype: np.dtype[Any] = dtype_of(rows[name])
    return dtype


def _limits(dtype: np.dtype[Any]) -> tuple[int, int] | None:
    """Return the least and the largest value of an integer type; None for other types."""
    if dtype.kind == "b":
        return 0, 1
    bits = dtype.name.removeprefix("u").removeprefix("int")  # dtype.kind is V for int4
    if not bits.isdecimal():
        return None
    signed = dtype.name.startswith("i")
    top: int = 2 ** (int(bits) - signed)
    return -top * signed, top - 1


def _normal(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    drawn = rng.standard_normal(shape)
    limits = _limits(dtype)
    if dtype.kind == "c":
        return drawn + 1j * rng.standard_normal(shape)
    if dtype.kind == "b":
        return drawn > 0
    if limits is not None:
        low, high = limits
        spread = np.abs(drawn) if low == 0 else drawn
        return np.clip((spread * 30).round(), max(low, -100), min(high, 100))
    return drawn


def _uniform(rng: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    limits = _limits(dtype)
    if limits is not None:
        kind = np.uint64 if limits[1] > 2**63 else np.int64
        return rng.integers(*limits, shape, kind, endpoint=True)
    drawn = rng.random(shape)
    return drawn + 1j * rng.random(shape) if dtype.kind == "c" else drawn


def _integers(_: np.random.Generator, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    limits = _limits(dtype)
    largest = _largest_of_floats(dtype) if limits is None else min(limits[1], 2**62)
    return (np.arange(prod(shape)) % largest + 1).reshape(shape)


def _largest_of_floats(dtype: np.dtype[Any]) -> int:
    """Return the largest integer up to which a float dtype is exact: 2**(n + 1) for n bits."""
    import ml_dtypes

    mantissa: int = ml_dtypes.finfo(dtype).nmant  # type: ignore[no-untyped-call]
    return 1 << (mantissa + 1)


_DRAWN = {"normal": _normal, "uniform": _uniform, "integers": _integers}


def _constant(text: str, dtype: np.dtype[Any]) -> Any:
    """Read one value; any text is one where the dtype is of strings."""
    if dtype.kind in "US":
        return np.array(text.encode() if dtype.kind == "S" else text)
    value = np.asarray(_number(text))
    kept = dtype.kind == "c" or value.dtype.kind not in "cO"
    if kept:
        with np.errstate(all="ignore"):
            cast = value.astype(dtype)
            same = cast == value if _limits(dtype) else np.isfinite(cast) == np.isfinite(value)
        kept = bool(same)
        value = cast
    if not kept:
        raise UsageError(f"--values: expected a value that {dtype} represents, got {text[:200]}")
    return value


def _number(text: str) -> complex:
    for read_as in (int, float, complex):
        try:
            number: complex = read_as(text)
        except ValueError:
            continue
        return number
    how = "normal, uniform, integers, zeros, or a value"
    raise UsageError(f"--values: expected {how}, got {shown(text)}")
