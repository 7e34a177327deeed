"""The canonical bytes of a Predict call whose tensors are plain numbers, written and read directly.

::

    0a <length> model_spec                   PredictRequest; a PredictResponse ends with 12 <length>
    12 <length>                              one of the inputs; 0a for outputs
      0a <length> name
      12 <length>                            TensorProto
        08 <dtype>
        12 <length> { 12 <length> 08 <size> }     tensor_shape: a dim for each dimension
        22 <length> elements                 tensor_content; one float is in 2a float_val or 32
                                             double_val

A message of a shape that was never seen before costs 4 us here, to write and to read, where a tree
of its fields costs 75 us to write and 24 us to read. Whatever is not in just this form is left to
`grpc`, which asks protobuf's runtime about all that is not regular.
Source: tensorflow_serving/apis/predict.proto, tensorflow/core/framework/tensor.proto
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tensorwire.arrays import NUMBERS
from tensorwire.containers.protobuf import varint
from tensorwire.kinds.tensorproto import BY_NUMBER, dtype_of
from tensorwire.tree import Irregular
from tensorwire.wire.memo import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tensorwire.tree import Array

__all__ = ["Entries", "find_entries", "frame_of"]

_CONTENT = 0x22
_VALUES = {1: 0x2A, 2: 0x32}  # of TensorFlow's float and double: packed, as their memory
_DTYPES = {
    number: dtype_of(row)
    for number, row in BY_NUMBER.items()
    if row.content and hasattr(np, row.dtype)
}
_NUMBERS = {dtype.num: number for number, dtype in _DTYPES.items() if dtype.num in NUMBERS}
_MOST_DIMS = 32  # numpy 1 has no more


def frame_of(
    tag: bytes, entries: Iterable[tuple[str, np.dtype[Any], tuple[int, ...]]], lead: bytes = b""
) -> Frame | None:
    """Return the bytes around arrays of such names, dtypes and shapes; None for other than numbers.

    `tag` is that of the map, `lead` is what is before its first entry.
    """
    pieces, behind = [], lead
    try:
        for name, dtype, shape in entries:
            nbytes = dtype.itemsize * prod(shape)
            head = _tensor_head(dtype, shape, nbytes)
            if head is None:
                return None
            text, size = name.encode(), len(head) + nbytes
            length = varint.write(len(text))
            entry = b"".join((b"\x0a", length, text, b"\x12", varint.write(size), head))
            length = varint.write(len(entry) + nbytes)
            pieces.append(b"".join((behind, tag, length, entry)))
            behind = b""
    except (AttributeError, UnicodeEncodeError):  # a name that is not text
        return None
    if len(pieces) == 1:
        return Frame(pieces[0], None, b"")
    return Frame.of([*pieces, b""], [None] * len(pieces))


def _tensor_head(dtype: np.dtype[Any], shape: tuple[int, ...], nbytes: int) -> bytes | None:
    """Return the bytes of a TensorProto before its elements."""
    number = _NUMBERS.get(dtype.num)
    if number is None or not dtype.isnative or not nbytes:
        return None
    tag = _CONTENT if nbytes != dtype.itemsize else _VALUES.get(number)
    if tag is None:
        return None
    dims = b""
    for size in shape:
        if size < 0x80:
            dims += b"\x12\x02\x08%c" % size
        else:
            length = varint.write(size)
            dims += b"\x12%c\x08%b" % (len(length) + 1, length)
    return b"\x08%c\x12%b%b%c%b" % (
        number,
        varint.write(len(dims)),
        dims,
        tag,
        varint.write(nbytes),
    )


class Entries(NamedTuple):
    """The names of arrays in a body, and of each the shape, dtype, start and stop."""

    names: list[str]
    spans: list[tuple[tuple[int, ...], np.dtype[Any], int, int]]

    def view(self, body: bytes) -> dict[str, Array]:
        """View the arrays."""
        arrays = [np.ndarray(shape, dtype, body, start) for shape, dtype, start, _ in self.spans]
        return dict(zip(self.names, arrays, strict=True))


def find_entries(body: bytes, at: int, tag: int) -> tuple[Entries, int] | None:
    """Find the arrays of a map that begins at a place, and where it ends; None for other bytes."""
    names, spans = [], []
    size = len(body)
    try:
        while at < size and body[at] == tag:
            length, at = varint.read(body, at + 1)
            stop = at + length
            name_end = at + 2 + body[at + 1]
            if body[at] != 0x0A or body[at + 1] >= 0x80 or body[name_end] != 0x12:
                return None
            name = body[at + 2 : name_end].decode()
            length, at = varint.read(body, name_end + 1)
            if at + length != stop or stop > size or name in names:
                return None
            span = _tensor_span(body, at, stop)
            if span is None:
                return None
            names.append(name)
            spans.append(span)
            at = stop
    except (IndexError, Irregular, UnicodeDecodeError):
        return None
    return (Entries(names, spans), at) if names else None


def _tensor_span(
    body: bytes, at: int, stop: int
) -> tuple[tuple[int, ...], np.dtype[Any], int, int] | None:
    """Return shape, dtype, start and stop of the elements of a TensorProto from `at` to `stop`."""
    number, dims_end = body[at + 1], at + 4 + body[at + 3]
    dtype = _DTYPES.get(number)
    if dtype is None or body[at] != 0x08 or body[at + 2] != 0x12 or body[at + 3] >= 0x80:
        return None
    shape: tuple[int, ...] = ()
    count, at = 1, at + 4
    while at < dims_end:
        if body[at] != 0x12 or body[at + 2] != 0x08:
            return None
        size, end = varint.read(body, at + 3)
        if end != at + 2 + body[at + 1]:
            return None
        shape += (size,)
        count *= size
        at = end
    tag = body[dims_end]
    nbytes, start = varint.read(body, dims_end + 1)
    if at != dims_end or (tag != _CONTENT and tag != _VALUES.get(number)):
        return None
    if start + nbytes != stop or not 0 < nbytes == count * dtype.itemsize:
        return None
    return (shape, dtype, start, stop) if len(shape) <= _MOST_DIMS else None
