"""The canonical bytes of a ModelInfer call whose tensors are plain arrays, written and read here.

::

    0a <length> model_name    12 <length> model_version    1a <length> id
    2a <length>                              one of the inputs; of the outputs in a response
      0a <length> name
      12 <length> datatype
      1a <length> size size ...              shape, packed
      2a <length> { 32 <length> elements }   contents of FP32; 3a for FP64
    32 ...                                   requested outputs: only written here
    3a <length> elements                     raw contents of one of the inputs; 32 in a response

A tensor has either contents or raw contents. A first request of one tensor is read in 3.5 us here;
the container and the tree take 8 us. Any other bytes are left to `grpc`, and so are empty arrays
and BOOL, whose elements have to be checked.
Source: https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.protocols.oip.messages import InferRequest, InferResponse
from tensorwire.protocols.oip.tensor import NAMES, InferTensor
from tensorwire.tree import Irregular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeAlias

    _Head: TypeAlias = tuple[str, tuple[int, ...], np.dtype[Any], int, int]

__all__ = ["plain_pieces", "read_plain", "write_field"]

_NAME, _DATATYPE, _SHAPE, _CONTENTS = 0x0A, 0x12, 0x1A, 0x2A  # tags of a tensor
_MODEL, _VERSION, _ID, _TENSOR = 0x0A, 0x12, 0x1A, 0x2A  # tags of a message
_RAW = {InferRequest: 0x3A, InferResponse: 0x32}
_FLOATS = {"FP32": 0x32, "FP64": 0x3A}  # tags of contents that are memory
_SHORT = 100  # bytes of name and shape of a tensor that takes fewer than 128 bytes
_MOST_DIMS = 32  # numpy 1 has no more


def write_field(tag: int, content: bytes) -> bytes:
    """Write a field of text, bytes or a message."""
    return b"%c%b%b" % (tag, varint.write(len(content)), content)


_WRITTEN = {
    dtype: (write_field(_DATATYPE, name.encode()), _FLOATS.get(name))
    for dtype, name in NAMES.items()
}
"""By dtype: the field of the datatype, and the tag of contents that are the memory of an array."""
_READ = {text: (dtype, floats) for dtype, (text, floats) in _WRITTEN.items() if dtype.kind != "b"}


def plain_pieces(message: Any, wanted: bytes, *, typed: bool) -> tuple[list[bytes], int]:
    """Return the bytes around plain arrays, and the number of bytes before the id.

    An array is plain if it is written as its memory: numbers and bools in native byte order, and
    only floats in typed contents. Raises `LookupError` for others. It takes 2 us for one array; the
    tree and the container take 30 us. `wanted` are the bytes of the requested outputs.
    """
    model, version = message.model_name, message.model_version
    if model.__class__ is not str or version.__class__ is not str:
        raise LookupError
    head = write_field(_MODEL, model.encode()) if model else b""
    if version:
        head += write_field(_VERSION, version.encode())
    tag = _RAW[message.__class__]
    pieces, raw = [head], []
    for tensor in message.inputs if tag == _RAW[InferRequest] else message.outputs:
        array, name = tensor.value, tensor.name.encode()
        (datatype, floats), size = _WRITTEN[array.dtype], array.nbytes
        shape = b"".join(map(varint.write, array.shape))
        if name and shape and len(name) + len(shape) < _SHORT:  # all lengths take one byte
            content = b"\x0a%c%b%b\x1a%c%b" % (len(name), name, datatype, len(shape), shape)
        else:
            content = (write_field(_NAME, name) if name else b"") + datatype
            content += write_field(_SHAPE, shape) if shape else b""
        if not typed:
            pieces[-1] += write_field(_TENSOR, content)
            raw.append(b"%c%b" % (tag, varint.write(size)))
            continue
        if floats is None:
            raise LookupError
        inner = b"%c%b" % (floats, varint.write(size)) if size else b""
        content += b"%c%b%b" % (_CONTENTS, varint.write(len(inner) + size), inner)
        pieces[-1] += b"%c%b%b" % (_TENSOR, varint.write(len(content) + size), content)
        pieces.append(b"")
    pieces[-1] += wanted
    if not typed:
        pieces[-1] += raw[0]
        raw.append(b"")
        pieces += raw[1:]
    return pieces, len(head)


def read_plain(body: bytes, kind: Any) -> InferRequest | InferResponse | None:
    """View the plain arrays of a message; None for any other bytes, which may be invalid."""
    texts, heads = ["", "", ""], []
    at, size = 0, len(body)
    try:
        for i, tag in enumerate((_MODEL, _VERSION, _ID)):
            if body[at] == tag:
                length, start = body[at + 1], at + 2
                if not 0 < length < 0x80:
                    return None
                at = start + length
                texts[i] = body[start:at].decode()
        while at < size and body[at] == _TENSOR:
            length, start = varint.read(body, at + 1)
            at = start + length
            heads.append(_tensor_head(body, start, at))
        starts = [start for *_, start in heads]
        if 0 in starts:
            starts, at = _raw_starts(body, at, heads, _RAW[kind])
    except (IndexError, ValueError, Irregular):
        return None
    if at != size or not heads:
        return None
    tensors = [
        InferTensor(name, np.ndarray(shape, dtype, body, start))
        for (name, shape, dtype, _, _), start in zip(heads, starts, strict=True)
    ]
    model, version, id_ = texts
    message: InferRequest | InferResponse = kind(tensors, model, version, id_)
    return message


def _raw_starts(body: bytes, at: int, heads: list[_Head], tag: int) -> tuple[list[int], int]:
    """Return where the raw contents of each tensor begin, and where the last of them ends."""
    starts = []
    for _, _, _, nbytes, start in heads:
        length, raw_start = varint.read(body, at + 1)
        if start or body[at] != tag or length != nbytes:  # `start` is of contents
            raise Irregular
        starts.append(raw_start)
        at = raw_start + length
    return starts, at


def _tensor_head(body: bytes, at: int, stop: int) -> _Head:
    """Read the tensor from `at` to `stop`; raise `Irregular` for one that is not plain.

    Returns
    -------
    Name, shape and dtype, the number of bytes of the elements, and where they begin: at 0 for raw
    contents, which are further behind.
    """
    name_end = at + 2 + body[at + 1]
    shape_at = name_end + 2 + body[name_end + 1]
    dims_end = shape_at + 2 + body[shape_at + 1]
    known = _READ.get(body[name_end:shape_at])
    if known is None or body[at] != _NAME or body[shape_at] != _SHAPE:
        raise Irregular
    if not 0 < body[at + 1] < 0x80 or body[shape_at + 1] >= 0x80:
        raise Irregular
    dtype, floats = known
    shape = tuple(body[shape_at + 2 : dims_end])
    if max(shape) >= 0x80:
        shape = tuple(_varints(body, shape_at + 2, dims_end))
    nbytes = prod(shape) * dtype.itemsize
    if not nbytes or len(shape) > _MOST_DIMS:
        raise Irregular
    name = body[at + 2 : name_end].decode()
    if dims_end == stop:
        return name, shape, dtype, nbytes, 0
    length, at = varint.read(body, dims_end + 1)
    if body[dims_end] != _CONTENTS or at + length != stop or body[at] != floats:
        raise Irregular
    length, at = varint.read(body, at + 1)
    if length != nbytes or at + length != stop:
        raise Irregular
    return name, shape, dtype, nbytes, at


def _varints(body: bytes, at: int, stop: int) -> Iterator[int]:
    """Read sizes up to `stop`; raise `Irregular` for one that does not end there."""
    while at < stop:
        size, at = varint.read(body, at)
        yield size
    if at != stop:
        raise Irregular
