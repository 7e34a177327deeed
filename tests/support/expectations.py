"""What each codec promises for an array, said without looking at how the library does it."""

from typing import Any

import numpy as np

from tests.goldens.cases import SMALL_INTS
from tests.support.values import Array

INT64, UINT64 = range(-(2**63), 2**63), range(2**64)


def refused(codec: str, array: Array) -> bool:  # noqa: PLR0911 - a table of cases
    """Return whether the codec cannot represent the array without loss."""
    container, kind = codec.split("/")
    if kind in ("raw", "tftensor"):
        return False
    if array.dtype.kind == "U":
        surrogate = any("\ud800" <= letter <= "\udfff" for letter in "".join(array.ravel()))
        if kind == "tensor" or surrogate:
            return True
    elif not _is_number(array):
        return True
    if container == "json" and array.dtype.kind == "f" and not np.isfinite(array).all():
        return True
    if kind == "tensor":
        return _rounds(array)
    if not array.ndim or 0 in array.shape[:-1]:
        return True
    return container == "protobuf" and (array.ndim > 49 or _rounds(array))


def decoded(codec: str, array: Array) -> Array:  # noqa: PLR0911 - a table of cases
    """Return what comes back for an array that is represented: its values, dtype and shape."""
    container, kind = codec.split("/")
    if kind == "raw":
        return np.frombuffer(array.tobytes(), np.uint8)
    if kind == "tftensor":
        if array.dtype.kind == "U":
            flat = [text.encode() for text in array.ravel()]
            return np.array(flat, f"S{max(map(len, flat), default=0)}").reshape(array.shape)
        return array.astype(array.dtype.newbyteorder("<"))
    if kind == "ndarray" and array.dtype.kind in "bU":
        return array.astype(array.dtype.newbyteorder("=")) if array.size else np.empty(array.shape)
    if container == "protobuf" or not array.size or array.dtype.kind == "f":
        return shortest(array) if container == "json" else array.astype(np.float64)
    if container == "msgpack" and kind == "tensor":
        return array.astype(np.float64)
    numbers = [int(number) for number in array.ravel()]
    dtype = np.int64 if all(number in INT64 for number in numbers) else np.uint64
    return np.array(numbers, dtype).reshape(array.shape)


def shortest(array: Array) -> Array:
    """Return as float64 what the shortest decimal text of each number says."""
    texts = [float(str(number)) for number in array.astype(array.dtype.newbyteorder("=")).ravel()]
    return np.array(texts, np.float64).reshape(array.shape)


def calm(array: Array) -> Array:
    """Return a copy in which every NaN is the one that text can say."""
    copy = np.array(array, array.dtype.newbyteorder("="))
    if copy.dtype.name in SMALL_INTS or copy.dtype.kind not in "fcV":
        return copy
    if copy.dtype.kind == "c":
        parts = copy.reshape(-1).view(f"f{copy.itemsize // 2}")
        parts[np.isnan(parts)] = np.nan
    elif copy.dtype.name != "float4_e2m1fn":
        copy[copy != copy] = np.nan  # noqa: PLR0124 - NaN
    return copy


def describe(value: Any) -> Any:
    """Return dtype, shape and bits of an array; lists with the type of every element.

    Strings count by their values: how long numpy pads them is no promise.
    """
    if isinstance(value, np.ndarray) and value.dtype.kind not in "SUT":
        return value.dtype, value.shape, value.tobytes()
    if isinstance(value, np.ndarray):
        return value.dtype.kind.replace("T", "U"), value.shape, value.tolist()
    return repr(value)


def _is_number(array: Array) -> bool:
    return array.dtype.kind in "biu" or array.dtype.name in ("float16", "float32", "float64")


def _rounds(array: Array) -> bool:
    """Return whether float64 would round an integer of the array."""
    if array.dtype.kind not in "iu":
        return False
    return any(int(float(number)) != number for number in map(int, array.ravel()))
