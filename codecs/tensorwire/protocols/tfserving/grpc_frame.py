"""The canonical bytes of a Predict call whose tensors are plain numbers, written and read directly.

::

    0a <length> model_spec                   PredictRequest; a PredictResponse ends with 12 <length>
    12 <length>                              one of the inputs; 0a for outputs
      0a <length> name
      12 <length>                            TensorProto, see `protocols.tensorproto`

A message of a shape that was never seen before costs 4 us here, to write and to read, where a tree
of its fields costs 75 us to write and 24 us to read. Whatever is not in just this form is left to
`grpc`, which asks protobuf's runtime about all that is not regular.
Source: tensorflow_serving/apis/predict.proto
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.protocols.tensorproto import described, header
from tensorwire.tree import Irregular
from tensorwire.wire.memo import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tensorwire.tree import Array

__all__ = ["Entries", "find_entries", "frame_of"]

_BUILT_IN = 1  # dtype.isbuiltin of numpy's own dtypes: others lend no buffer of their memory


def frame_of(
    tag: bytes, entries: Iterable[tuple[str, np.dtype[Any], tuple[int, ...]]], lead: bytes = b""
) -> Frame | None:
    """Return the bytes around arrays of such names, dtypes and shapes; None for those of a tree.

    `tag` is that of the map, `lead` is what is before its first entry.
    """
    pieces, behind = [], lead
    try:
        for name, dtype, shape in entries:
            count = prod(shape)
            nbytes = dtype.itemsize * count
            head = header(dtype, shape, count)
            if head is None or dtype.isbuiltin != _BUILT_IN:
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
    found = described(body, at)
    if found is None:
        return None
    dtype, shape = found
    count = prod(shape)
    start = stop - count * dtype.itemsize
    first = header(dtype, shape, count)
    if first is None or at + len(first) != start or not body.startswith(first, at):
        return None
    return shape, dtype, start, stop
