"""The arrays behind the tftensor goldens, from numpy and ml_dtypes alone.

The writer of the goldens, which needs TensorFlow, and the test that reads them, which does not,
both build their arrays here; so the goldens hold bytes only.
"""

import math
from collections.abc import Iterator
from typing import Any

import ml_dtypes
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

# Exponent and mantissa bits of the formats laid out as in IEEE 754.
FLOATS = {"float16": (5, 10), "bfloat16": (8, 7), "float32": (8, 23), "float64": (11, 52)}
COMPLEXES = {"complex64": "float32", "complex128": "float64"}
FLOAT8S = (
    "float8_e5m2",
    "float8_e4m3fn",
    "float8_e4m3fnuz",
    "float8_e4m3b11fnuz",
    "float8_e5m2fnuz",
)
SMALL_INTS = {"int2": (-2, 1), "int4": (-8, 7), "uint2": (0, 3), "uint4": (0, 15)}
INTS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
STRINGS = {
    "bytes": [b"a\0b", b"", b"\0\0c", "héé".encode(), b"\x80\xff", b"e"],
    "str": ["a\0b", "", "é", "日本", "😀", "z"],
}
NUMERIC = ("bool", *INTS, *SMALL_INTS, *FLOATS, *COMPLEXES, *FLOAT8S, "float4_e2m1fn")
DTYPES = (*NUMERIC, *STRINGS)

ONE_ELEMENT: tuple[tuple[int, ...], ...] = ((), (1,), (1, 1))
# (300,) has a dimension and lengths of two varint bytes, and so has the shape message of rank 32.
SHAPES = ((2,), (2, 3), (3, 1, 2), (300,), (1,) * 31 + (2,), (0,), (0, 3), (300, 0))


def dtype_of(name: str) -> np.dtype[Any]:
    """Return the little-endian dtype, of numpy or ml_dtypes, that ``name`` names."""
    dtype: np.dtype[Any] = np.dtype(getattr(ml_dtypes, name, name))
    return dtype.newbyteorder("<")


def pool(name: str) -> Array:
    """Return the telling values of a dtype, 1-d: a few that differ, then extremes and oddities."""
    if name in STRINGS:
        return np.array(STRINGS[name])
    if name in COMPLEXES:
        parts = pool(COMPLEXES[name])
        pairs: Array = np.stack([parts, np.roll(parts, 3)], axis=-1)
        return pairs.view(dtype_of(name))[:, 0]
    dtype = dtype_of(name)
    if name in ("bool", *INTS, *SMALL_INTS):
        return np.array(_numbers(name), dtype)
    return np.array(_patterns(name), f"<u{dtype.itemsize}").view(dtype)


def _numbers(name: str) -> list[int]:
    """Return values of bool or of an integer dtype."""
    if name == "bool":
        return [1, 0, 0, 1, 1]
    if name in SMALL_INTS:
        low, high = SMALL_INTS[name]
        return [*range(low + 1, high + 1), low]
    info = np.iinfo(dtype_of(name))
    extremes = [info.min, info.max, info.max - 1, info.min + 1]
    return list(dict.fromkeys([1, 0, 2, 127, 100, 3, *extremes]))


def _patterns(name: str) -> list[int]:
    """Return bit patterns of a float dtype.

    Every NaN of 16 bits or more is quiet: TensorFlow passes some dtypes through Python floats,
    which quiets the signalling ones, and so does not write them as they are.
    """
    if name == "float4_e2m1fn":
        return list(range(16))
    if name in FLOAT8S:
        # Zeros, NaNs, infinities, extremes and subnormals of one format or another.
        return [0x38, 0x00, 0x80, 0x3C, 0x01, 0x81, 0x7B, 0x7C, 0x7E, 0x7F, 0xFB, 0xFC, 0xFF]
    exponent_bits, mantissa_bits = FLOATS[name]
    sign = 1 << (exponent_bits + mantissa_bits)
    infinity = ((1 << exponent_bits) - 1) << mantissa_bits
    quiet_nan = infinity | (1 << (mantissa_bits - 1))
    one = ((1 << (exponent_bits - 1)) - 1) << mantissa_bits
    numbers = [one, 0, sign, sign | (one + 1), one + 3, 1]  # 0.0, -0.0, and a subnormal among them
    extremes = [infinity - 1, sign | (infinity - 1), 1 << mantissa_bits]
    return [*numbers, *extremes, infinity, sign | infinity, quiet_nan, sign | quiet_nan | 1]


def values(name: str, shape: tuple[int, ...]) -> Array:
    """Return a C-ordered array of the shape, filled from the pool over and over."""
    some = pool(name)
    filled: Array = some[np.arange(math.prod(shape)) % len(some)]
    return filled.reshape(shape)


def tftensor_cases() -> Iterator[tuple[str, Array]]:
    """Yield the name and the array of every case whose bytes TensorFlow is asked for."""
    for name in DTYPES:
        some = pool(name)
        for i in range(len(some)):
            yield f"{name} () #{i:02}", some[i : i + 1].reshape(())
        for shape in ONE_ELEMENT[1:]:
            yield f"{name} {shape}", some[-1:].reshape(shape)
        for shape in SHAPES:
            label = "rank 32" if len(shape) == 32 else str(shape)
            yield f"{name} {label}", values(name, shape)
        plain = values(name, (2, 3))
        yield f"{name} (2, 3) Fortran order", np.asfortranarray(plain)
        doubled = plain[:, ::-1].repeat(2, axis=0).repeat(2, axis=1)
        yield f"{name} (2, 3) strided", doubled[::2, ::-2]
        yield f"{name} (2, 3) equal", np.broadcast_to(some[-1:], (2, 3))
    for name in ("bool", "int64", "float32", "str"):
        yield f"{name} (300,) equal", np.broadcast_to(pool(name)[:1], (300,))
    yield "bytes () long", np.array(b"long" * 50)
    yield "str () long", np.array("löng" * 50)


def bits(array: Array) -> bytes:
    """Return the elements, row-major and little-endian, one byte each where they are smaller.

    What ml_dtypes leaves in the spare bits of a byte is no part of the value.
    """
    name = array.dtype.name
    if name in SMALL_INTS:
        return array.astype(np.int8).tobytes()
    if name == "float4_e2m1fn":
        return bytes(byte & 0x0F for byte in array.tobytes())
    return array.astype(array.dtype.newbyteorder("<")).tobytes()
