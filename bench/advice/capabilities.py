"""What each codec makes of arrays that are hard to represent: the library itself is asked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

import tensorwire as tw

from ..measure.check import same
from ..payloads.case import dtype_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt


@dataclass(frozen=True)
class Capabilities:
    """How hard arrays come out of one codec, by what they are."""

    keeps: tuple[str, ...]
    """The same values, in the same dtype and shape."""
    casts: Mapping[str, str]
    """The same values, in this other dtype."""
    refuses: Mapping[str, str]
    """Nothing: why."""
    forgets: tuple[str, ...]
    """The bytes alone, without dtype and shape."""


def hard() -> dict[str, npt.NDArray[Any]]:
    """Return arrays that some format cannot represent, by what is hard about them."""
    return {
        "float32": np.array([1.5, -0.0], np.float32),
        "float16": np.array([1.5, -0.0], np.float16),
        "bfloat16": np.array([1.5, -0.0]).astype(dtype_of("bfloat16")),
        "complex": np.array([1.5 + 2j, 0]),
        "uint8": np.array([[1, 255]], np.uint8),
        "bool": np.array([[True, False]]),
        "integers > 2**53": np.array([2**60 + 1, 3]),
        "NaN/inf": np.array([np.nan, np.inf]),
        "text": np.array(["a", "é"]),
        "bytes": np.array([b"a", b"\xff"]),
        "empty arrays": np.zeros((0, 3)),
        "0-d arrays": np.array(1.5),
    }


@cache
def capabilities_of(name: str) -> Capabilities | None:
    """Ask a codec; None if there is none of that name here, as for a file of another machine."""
    try:
        codec = tw.get_codec(name)
    except (tw.UnknownCodecError, ImportError):
        return None
    keeps: list[str] = []
    casts: dict[str, str] = {}
    refuses: dict[str, str] = {}
    forgets: list[str] = []
    for what, array in hard().items():
        found = _asked(codec, array)
        if isinstance(found, str):
            refuses[what] = found
        elif not isinstance(found, np.ndarray) or not same(found, array):
            forgets.append(what)
        elif name_of(found.dtype) != name_of(array.dtype):
            casts[what] = name_of(found.dtype)
        else:
            keeps.append(what)
    return Capabilities(tuple(keeps), casts, refuses, tuple(forgets))


@cache
def comes_back_as(name: str, dtype: str) -> str | None:
    """Return the other dtype in which a payload of this one comes back; None if it keeps its.

    Of some integers the values decide: ``int64 or uint64``.
    """
    try:
        codec = tw.get_codec(name)
        arrays = [np.ones(2, dtype_of(dtype))]
    except (tw.UnknownCodecError, ImportError, TypeError, AttributeError):
        return None
    own = arrays[0].dtype
    if own.kind in "iu":
        arrays.append(np.full(2, np.iinfo(own).max, own))
    asked = [_asked(codec, array) for array in arrays]
    found = {name_of(back.dtype) for back in asked if isinstance(back, np.ndarray)}
    return " or ".join(sorted(found)) if found - {name_of(own)} else None


def _asked(codec: Any, array: npt.NDArray[Any]) -> Any:
    """Return what comes back, or why nothing does."""
    try:
        return codec.decode(codec.encode(array))
    except Exception as error:  # noqa: BLE001 - a plug-in may fail as it likes
        return " ".join(str(error).split())


def name_of(dtype: np.dtype[Any]) -> str:
    """Return the name of a dtype; strings of every length are the same."""
    return {"S": "bytes", "U": "text"}.get(dtype.kind, dtype.name)
