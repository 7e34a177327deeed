"""Read the arrays in TensorFlow Serving's JSON.

Source: https://www.tensorflow.org/tfx/serving/api_rest, tensorflow_serving/util/json_tensor.cc
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tensorwire import lists
from tensorwire.errors import CodecError, DecodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.nodes import blob
from tensorwire.protocols.tfserving_find import holds_strings, is_bytes
from tensorwire.protocols.tfserving_signature import named, typed
from tensorwire.protocols.tfserving_words import restore
from tensorwire.strings import from_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.protocols.tfserving_find import Found
    from tensorwire.tree import Array

__all__ = ["How", "arrays"]

_MAX_RANK = 64


class How(NamedTuple):
    """How to read an array.

    Attributes
    ----------
    limits
        what it may claim.
    size
        the size of the message in bytes.
    words
        whether numbers stand for NaN and infinities in it.
    """

    limits: Limits
    size: int
    words: bool

    def restored(self, array: Array) -> Array:
        """Give an array with its NaN and infinities."""
        return restore(array) if self.words else array


def arrays(found: Found, how: How, signature: Mapping[str, Any] | None) -> dict[str, Any]:
    """Read the arrays of a message, and make them what the signature says."""
    name, read = "", {}
    try:
        for name, node in found.nodes.items():
            read[name] = _array(node, how)
    except CodecError as error:
        raise found.place(name, error) from None
    if signature is None:
        return read
    read = named(read, signature, f"$.{found.key}")
    try:
        for name, array in read.items():
            read[name] = typed(array, signature[name])
    except CodecError as error:
        raise found.place(name, error) from None
    return read


def _array(node: Any, how: How) -> Any:
    """Read an array of numbers or bools; strings, which are dearer, elsewhere."""
    if hasattr(node, "read"):
        return how.restored(node.read(how.limits))
    if holds_strings(node):
        array = _strings(node)
    elif type(node) is list:
        array = lists.to_array(node, DecodeError)
        if type(array) is list:
            raise DecodeError("values of several types, or integers that no one dtype holds")
        array = how.restored(array)
    elif type(node) in (bool, int, float):
        array = how.restored(lists.to_array([node], DecodeError)).reshape(())
    else:
        raise DecodeError("null is not a value of an array")
    if how.limits is not DEFAULT_LIMITS:
        shape = array.shape if type(array) is np.ndarray else lists.shape(array)
        how.limits.check(shape, getattr(array, "itemsize", 8), how.size)
    return array


def _strings(node: Any) -> Any:
    strings = _byte_strings(node, 0)
    return (
        lists.to_array(strings, DecodeError) if type(strings) is list else from_bytes([strings], ())
    )


def _byte_strings(node: Any, rank: int) -> Any:
    """Give the bytes in place of text and of objects with the key b64, in nested lists."""
    if type(node) is str:
        return node.encode()
    if type(node) is dict and is_bytes(node):
        return blob(node["b64"]).tobytes()
    if type(node) is not list:
        raise DecodeError(f"a {type(node).__name__} in place of a string or of base64")
    if rank == _MAX_RANK:
        raise DecodeError(f"more than {_MAX_RANK} nested lists")
    strings: list[Any] = []
    try:
        strings.extend(_byte_strings(item, rank + 1) for item in node)
    except CodecError as error:
        raise error.within(f"[{len(strings)}]") from None
    return strings
