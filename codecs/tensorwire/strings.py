"""Arrays of strings <-> the byte strings that formats carry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire import lists
from tensorwire.errors import DecodeError, EncodeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.tree import Array

__all__ = ["from_bytes", "utf8"]


def utf8(array: Array) -> list[bytes]:
    """Give the elements in row-major order, text as UTF-8."""
    if array.dtype.kind == "S":
        strings: list[bytes] = array.reshape(-1).tolist()
        return strings
    try:
        return [text.encode() for text in array.reshape(-1).tolist()]
    except UnicodeEncodeError as error:
        raise EncodeError(f"a string that is not Unicode text: {error}") from None


def from_bytes(strings: list[bytes], shape: Sequence[int]) -> Any:
    """Make an array of byte strings, or nested lists where numpy would cut or pad too much."""
    array = lists.to_array(strings, DecodeError)
    if not isinstance(array, list):
        return (array if array.size else array.astype("S")).reshape(shape)
    if not shape:
        return array[0]
    for size in reversed(shape[1:]):
        array = [array[i : i + size] for i in range(0, len(array), size)]
    return array
