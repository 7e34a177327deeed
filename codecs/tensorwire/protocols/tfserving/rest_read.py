"""Read the arrays in TensorFlow Serving's JSON.

Source: https://www.tensorflow.org/tfx/serving/api_rest, tensorflow_serving/util/json_tensor.cc
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tensorwire import lists
from tensorwire.containers.json.numbers import NumbersText
from tensorwire.errors import CodecError, DecodeError
from tensorwire.limits import DEFAULT_LIMITS
from tensorwire.nodes import text_to_bytes
from tensorwire.protocols.tfserving.find import holds_strings, is_bytes
from tensorwire.protocols.tfserving.signature import dtype_named, named, typed
from tensorwire.strings import from_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensorwire.limits import Limits
    from tensorwire.missing import Reading
    from tensorwire.protocols.tfserving.find import Found
    from tensorwire.tree import Array

__all__ = ["How", "arrays"]

_MAX_RANK = 64


class How(NamedTuple):
    """How to read the arrays of a message.

    Attributes
    ----------
    limits
        what they may claim.
    size
        the size of the message in bytes.
    reading
        how missing numbers are spelled in it.
    text
        whether base64 has to be UTF-8 text.
    """

    limits: Limits
    size: int
    reading: Reading
    text: bool = False


def arrays(found: Found, how: How, signature: Mapping[str, Any] | None) -> dict[str, Any]:
    """Read the arrays of a message, and make them what the signature says."""
    name, read = "", {}
    nodes = found.nodes if signature is None else named(found.nodes, signature, f"$.{found.key}")
    outputs = found.named and found.key in ("predictions", "outputs")
    try:
        for name, node in nodes.items():
            if outputs:
                how = how._replace(text=not name.endswith("_bytes"))
            read[name] = (
                _array(node, how) if signature is None else _typed(node, how, signature[name])
            )
    except CodecError as error:
        raise found.place(name, error) from None
    return read


def _typed(node: Any, how: How, wanted: Any) -> Any:
    """Read an array as the dtype of the signature."""
    dtype = dtype_named(wanted)
    if dtype.kind == "f":  # TensorFlow Serving takes any number, and the nearest float for it
        reading = how.reading._replace(verified=True, exact=False, also=frozenset({int}))
    else:
        reading = how.reading._replace(exact=True)
    return typed(_array(node, how._replace(reading=reading)), dtype)


def _array(node: Any, how: How) -> Any:
    """Read an array of numbers or bools; strings, which are dearer, elsewhere."""
    limits, _, reading, text = how
    if isinstance(node, NumbersText):
        node.how = reading
        return node.read(limits)
    if holds_strings(node):
        array = _strings(node, text=text)
    elif type(node) is list:
        array = lists.to_array(node, DecodeError, reading)
        if type(array) is list:
            array = _of_many_types(array, reading)
    else:
        array = _single(node, reading)
    if limits is not DEFAULT_LIMITS:
        shape = array.shape if type(array) is np.ndarray else lists.shape(array)
        limits.check(shape, getattr(array, "itemsize", 8), how.size)
    return array


def _single(node: Any, reading: Reading) -> Array:
    try:
        array: Array = lists.to_array([node], DecodeError, reading)
    except CodecError as error:
        raise type(error)(error.reason) from None  # its place is that of a list
    return array.reshape(())


def _of_many_types(nested: list[Any], reading: Reading) -> Array:
    """Make floats of integers that no one dtype holds, where they are to be floats."""
    flat = lists.scalars(nested)
    if set(map(type, flat)) != {int}:
        raise DecodeError("values of several types in place of an array of one dtype")
    if reading.exact:
        raise DecodeError("integers that no one dtype holds: some below 0, some beyond int64")
    return np.array(flat, np.float64).reshape(lists.shape(nested))


def _strings(node: Any, *, text: bool) -> Any:
    """Read text and base64, in nested lists or alone, as byte strings."""
    read = _text_of if text else _bytes_of
    if type(node) is not list:
        return from_bytes([read(node)], ())
    flat, shape = _flat(node)
    if set(map(type, flat)) == {str}:
        strings = list(map(str.encode, flat))
    else:
        strings = []
        try:
            strings.extend(map(read, flat))
        except CodecError as error:
            raise error.within(_place(len(strings), shape)) from None
    array = lists.to_array(strings, DecodeError)
    return array.reshape(shape) if type(array) is np.ndarray else _nested(array, shape)


def _bytes_of(node: Any) -> bytes:
    if type(node) is str:
        return node.encode()
    if type(node) is dict and is_bytes(node):
        found = node["b64"]  # a long one is decoded already
        return text_to_bytes(found) if type(found) is str else found.tobytes()
    raise DecodeError(f"a {type(node).__name__} in place of a string or of base64")


def _text_of(node: Any) -> bytes:
    """Read a string of a named output, which has other bytes than text under some names only."""
    found = _bytes_of(node)
    if type(node) is dict:
        try:
            found.decode()
        except UnicodeDecodeError:
            reason = "expected base64 of text, got other bytes"
            reason += "; TensorFlow Serving has these in outputs whose names end in _bytes"
            raise DecodeError(reason) from None
    return found


def _flat(node: list[Any]) -> tuple[list[Any], tuple[int, ...]]:
    """Return what nested lists of one depth hold, level by level, and their shape."""
    shape = [len(node)]
    while True:
        kinds = set(map(type, node))
        if list not in kinds:
            return node, tuple(shape)
        if kinds != {list}:
            row = type(node[0]) is list
            at = next(i for i, item in enumerate(node) if (type(item) is list) is not row)
            reason = (
                f"a single value in place of a row of {len(node[0])}"
                if row
                else f"a row of {len(node[at])} in place of a single value"
            )
            raise DecodeError(reason, _place(at, shape))
        size = len(node[0])
        if set(map(len, node)) != {size}:
            at = next(i for i, item in enumerate(node) if len(item) != size)
            reason = f"ragged: a row of {len(node[at])} where the first has {size}"
            raise DecodeError(reason, _place(at, shape))
        if len(shape) == _MAX_RANK:
            raise DecodeError(f"more than {_MAX_RANK} nested lists")
        shape.append(size)
        node = list(chain.from_iterable(node))


def _place(at: int, shape: Sequence[int]) -> str:
    """Return where the element of that number stands in nested lists, as in ``[0][3]``."""
    return "".join(f"[{i}]" for i in np.unravel_index(at, shape))


def _nested(flat: list[Any], shape: Sequence[int]) -> list[Any]:
    for size in reversed(shape[1:]):
        flat = [flat[at : at + size] for at in range(0, len(flat), size)]
    return flat
