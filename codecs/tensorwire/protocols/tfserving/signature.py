"""The names and dtypes of a model's inputs or outputs, which JSON does not say.

Source: SignatureDef in tensorflow/core/protobuf/meta_graph.proto
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.dtypes import EXACT, cast, in_range
from tensorwire.errors import DecodeError, nearest, shown
from tensorwire.kinds.tftypes import BY_NAME, STRING, dtype_of

if TYPE_CHECKING:
    from tensorwire.tree import Array

__all__ = ["dtype_named", "named", "typed"]


def named(nodes: Mapping[str, Any], signature: Mapping[str, Any], path: str) -> dict[str, Any]:
    """Return the arrays in the order of the signature, which also names the one without a name.

    They need not be read yet.
    """
    if not isinstance(signature, Mapping):
        raise DecodeError(f"expected dtypes by name for signature=, got {shown(signature)}")
    wanted = ", ".join(map(repr, signature)) or "none"
    if "" in nodes and "" not in signature:
        if path.endswith("predictions") and nodes[""] == []:  # of every output
            return {name: [] for name in signature}
        if len(signature) != 1 or len(nodes) != 1:
            raise DecodeError(f"an array without a name; the signature has {wanted}", path)
        return dict(zip(signature, nodes.values(), strict=True))
    for name in nodes:
        if name not in signature:
            raise DecodeError(f"{shown(name)} is not in the signature, which has {wanted}", path)
    for name in signature:
        if name not in nodes:
            raise DecodeError(f"{name!r} is missing; the signature has {wanted}", path)
    return {name: nodes[name] for name in signature}


def typed(value: Any, dtype: np.dtype[Any]) -> Any:
    """Return an array as the dtype of the signature, or raise `DecodeError`.

    A number stands for the nearest float of that dtype, be it written as a whole number or not, as
    TensorFlow Serving reads it (by way of float64). What becomes an integer has to be exact.
    """
    if dtype.kind in "SUT":
        return _strings(value, dtype)
    if not isinstance(value, np.ndarray) or (value.dtype.kind == "S" and value.size):
        raise DecodeError(f"strings in place of {dtype}")
    if value.dtype == dtype:
        return value
    if not value.size:
        return value.astype(dtype)
    if (value.dtype.kind == "b") != (dtype.kind == "b"):
        raise DecodeError(f"{value.dtype} values in place of {dtype}")
    if dtype.kind == "f":
        return in_range(value.astype(np.float64, copy=False), dtype, dtype)
    if value.dtype.kind == "f" and dtype.kind in "iu" and (np.abs(value) >= EXACT).any():
        raise DecodeError(f"a float that is too large to tell which {dtype} was meant")
    remedy = "leave the array out of signature=, or name another dtype for it"
    return cast(value, dtype, shortest=True, remedy=remedy)


def dtype_named(wanted: Any) -> np.dtype[Any]:
    """Return the dtype that numpy, ml_dtypes or TensorFlow has by a name."""
    for row in BY_NAME.values() if isinstance(wanted, str) else ():
        if wanted in (row.name, row.dtype):
            return np.dtype("S") if row.number == STRING else dtype_of(row)
    try:
        dtype: np.dtype[Any] = np.dtype(wanted)
    except (TypeError, ValueError, SyntaxError, Warning):
        near = nearest(wanted, [name for row in BY_NAME.values() for name in (row.dtype, row.name)])
        reason = f"the signature says {shown(wanted)}, which is no dtype{near}"
        raise DecodeError(reason) from None
    return dtype


def _strings(value: Any, dtype: np.dtype[Any]) -> Any:
    """Give byte strings as they are, or as the text they are."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind != "S" and value.size:
            raise DecodeError(f"{value.dtype} values in place of strings")
        shape: tuple[int, ...] = value.shape
        items = value.reshape(-1).tolist() if value.size else []
    else:  # byte strings that numpy would cut
        shape = lists.shape(value)
        items = lists.scalars(value) if shape else [value]
    if dtype.kind == "S":
        array = value.astype("S") if isinstance(value, np.ndarray) else value
    else:
        array = _text(items).reshape(shape)
    return cast(array, dtype) if dtype.itemsize and isinstance(array, np.ndarray) else array


def _text(items: list[bytes]) -> Array:
    try:
        text = [item.decode() for item in items]
    except UnicodeDecodeError as error:
        raise DecodeError(f"bytes that are not UTF-8 are no text: {error}") from None
    array: Array = lists.to_array(text, DecodeError) if text else np.empty(0, "U1")
    return array
