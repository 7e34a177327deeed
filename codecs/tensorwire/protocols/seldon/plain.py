"""The canonical bytes of a message with nothing but an array, written and read without a tree.

::

    protobuf/tensor     1a <length> { 12 <length> { 0a <length> shape  12 <length> values } }
    protobuf/tftensor   1a <length> { 22 <length> { TensorProto, see `protocols.tensorproto` } }
    protobuf/raw        22 <length> bytes
    protobuf/ndarray    1a <length> { 1a <length> { 0a <length> 32 <length> { 0a 09 11 value } } },
                          of one value; others are written only
    msgpack/ndarray     {"data": {"ndarray": [[1.5, 2.5]]}}; written only
    msgpack/tensor      {"data": {"tensor": {"shape": [2, 3], "values": bin}}}
    msgpack/tftensor    {"data": {"tftensor": {"dtype": "DT_FLOAT",
                          "tensorShape": {"dim": [{"size": "2"}]}, "tensorContent": bin}}}
    msgpack/raw         {"binData": bin}
    json/tensor         {"data":{"tensor":{"shape":[2,3],"values":[...]}}}
    json/tftensor       {"data":{"tftensor":{"dtype":"DT_FLOAT",
                          "tensorShape":{"dim":[{"size":"2"}]},"tensorContent":"..."}}}

Sizes of batches vary, so that many messages have a shape that was never seen before. Such a message
takes 2 us here, to write and to read, where a tree of it takes 15 to 30 us. Whatever is not in just
this form is left to the tree.

A message is read by comparison: its bytes tell a dtype and a shape, and where the header that would
be written for these is the one that it has, these are what it means. So there is one description
of each form, and no bytes that the readers understand differently.
Source: seldon.protos; tensorflow/core/framework/tensor.proto
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack
import numpy as np
import orjson

from tensorwire.containers.msgpack import bin_header
from tensorwire.containers.protobuf import listvalue, varint
from tensorwire.errors import EncodeError
from tensorwire.kinds.tensorproto import BY_NAME, dtype_of, type_of
from tensorwire.protocols import tensorproto
from tensorwire.tree import Irregular

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from tensorwire.tree import Body

    Shape: TypeAlias = tuple[int, ...]
    Described: TypeAlias = tuple[str, np.dtype[Any], Shape]

__all__ = ["PLAIN", "PlainMessage", "find"]

_FLOAT64, _BYTE = np.dtype(np.float64), np.dtype(np.uint8)
_HEADER_MAX = 256  # bytes before an array that is read here
_USUAL_RANK = 32  # the limits are asked about an array of a higher one
_INT32 = 2**31
_INT = frozenset({int})
_SEVERAL = 2  # elements: a single one has another member than tensorContent


class PlainMessage(NamedTuple):
    """The bytes around the array of a message.

    Attributes
    ----------
    header
        returns the bytes before the array, for its dtype, shape and number of elements; None for an
        array that has another form.
    last
        the bytes after the array.
    """

    header: Callable[[np.dtype[Any], Shape, int], bytes | None]
    last: bytes = b""


# Protobuf.


def _protobuf_tensor(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    del dtype
    if not count:
        return None
    sizes = b""
    if shape:
        largest = max(shape)
        if largest < 0x80:
            sizes = b"\x0a%c%b" % (len(shape), bytes(shape))
        elif largest < _INT32:
            sizes = b"".join(map(varint.write, shape))
            sizes = b"\x0a%b%b" % (varint.write(len(sizes)), sizes)
        else:
            return None
    nbytes = 8 * count
    inner = b"%b\x12%b" % (sizes, varint.write(nbytes))
    size = len(inner) + nbytes
    length = varint.write(size)
    return b"\x1a%b\x12%b%b" % (varint.write(1 + len(length) + size), length, inner)


def _protobuf_tftensor(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    inner = tensorproto.header(dtype, shape, count)
    if inner is None:
        return None
    size = len(inner) + count * dtype.itemsize
    length = varint.write(size)
    return b"\x1a%b\x22%b%b" % (varint.write(1 + len(length) + size), length, inner)


def _protobuf_raw(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    del shape
    return b"\x22" + varint.write(count * dtype.itemsize) if count else None


def _protobuf_ndarray(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    if not count or not 0 < len(shape) <= listvalue.MAX_RANK:
        return None
    size = listvalue.small_layout(shape, dtype.kind == "b").grid.nbytes
    length = varint.write(size)
    return b"\x1a%b\x1a%b" % (varint.write(1 + len(length) + size), length)


def _protobuf_single(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    """Return the bytes before the one number of an ndarray, in lists of one item."""
    del dtype, count
    inner = b"\x0a\x09\x11"
    for size in range(11, 7 + 4 * len(shape), 4):
        inner = b"\x0a%c\x32%c%b" % (size + 2, size, inner)
    size = len(inner) + 8
    return b"\x1a%c\x1a%c%b" % (size + 2, size, inner)


_SINGLES = {4 * rank + 11: ("ndarray", _FLOAT64, (1,) * rank) for rank in (1, 2, 3, 4)}
"""An ndarray of one number, by the size of its message."""


def _in_protobuf(first: bytes, size: int) -> Described | None:
    """Return kind, dtype and shape that the array of a message seems to have."""
    at = _after_varint(first, 1)
    if first[0] == 0x22:
        return "raw", _BYTE, (size - at,)
    tag, at = first[at], _after_varint(first, at + 1)
    if tag == 0x12:
        return "tensor", _FLOAT64, _sizes(first, at)
    if tag == 0x22:
        found = tensorproto.described(first, at)
        return found and ("tftensor", *found)
    return _SINGLES.get(size)


def _sizes(first: bytes, at: int) -> Shape:
    """Return the shape of a tensor, which comes first in it where there is one."""
    if first[at] == 0x12:
        return ()
    sizes = first[at + 2 : at + 2 + first[at + 1]]
    if sizes.isascii():
        return tuple(sizes)
    shape: Shape = ()
    at = 0
    while at < len(sizes):
        number, at = varint.read(sizes, at)
        shape += (number,)
    return shape


def _after_varint(first: bytes, at: int) -> int:
    while first[at] >= 0x80:
        at += 1
    return at + 1


# Msgpack: a map of n members is 80 + n, a list 90 + n, a text a0 + n and its bytes.

_TENSOR, _VALUES = b"\x81\xa4data\x81\xa6tensor\x82\xa5shape", b"\xa6values"
_TFTENSOR, _CONTENT = b"\x81\xa4data\x81\xa8tftensor\x83\xa5dtype", b"\xadtensorContent"
_SHAPE, _SIZE = b"\xabtensorShape\x81\xa3dim", b"\x81\xa4size"
_NDARRAY, _BIN_DATA = b"\x81\xa4data\x81\xa7ndarray", b"\x81\xa7binData"
_IN_MEMORY = {name.encode(): row for name, row in BY_NAME.items() if row.content}
_LIST, _TEXT, _RANK_MAX = 0x90, 0xA0, 15  # longer lists have another header
_BIN_HEADERS = {0xC4: 2, 0xC5: 3, 0xC6: 5}


def _msgpack_ndarray(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    del dtype
    return _NDARRAY if shape and count else None


def _msgpack_tensor(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    del dtype
    if not count or len(shape) > _RANK_MAX:
        return None
    short = not shape or max(shape) < 0x80
    sizes = b"%c%b" % (_LIST + len(shape), bytes(shape)) if short else msgpack.packb(shape)
    return b"".join((_TENSOR, sizes, _VALUES, bin_header(8 * count)))


def _msgpack_tftensor(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    start, rank = _before_dims(dtype), len(shape)
    if start is None or count < _SEVERAL or rank > _RANK_MAX:
        return None
    dims = b"".join(map(_dim, shape))
    return b"%b%c%b%b%b" % (start, _LIST + rank, dims, _CONTENT, bin_header(count * dtype.itemsize))


@lru_cache(maxsize=64)
def _before_dims(dtype: np.dtype[Any]) -> bytes | None:
    name = _name(dtype)
    return None if name is None else b"".join((_TFTENSOR, _text(name), _SHAPE))


@lru_cache(maxsize=1024)
def _dim(size: int) -> bytes:
    return _SIZE + _text(b"%d" % size)


def _text(text: bytes) -> bytes:
    return b"%c%b" % (_TEXT + len(text), text)


def _msgpack_raw(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    del shape
    return _BIN_DATA + bin_header(count * dtype.itemsize) if count else None


def _in_msgpack(first: bytes, size: int) -> Described | None:
    """Return kind, dtype and shape that the array of a message seems to have."""
    try:
        if first.startswith(_TENSOR):
            start = len(_TENSOR) + 1
            sizes = first[start : start + first[start - 1] - _LIST]
            if sizes.isascii():
                return "tensor", _FLOAT64, tuple(sizes)
            sizes = msgpack.unpackb(first[start - 1 : first.find(_VALUES)])
            if _INT.issuperset(map(type, sizes)) and min(sizes) > 0:
                return "tensor", _FLOAT64, tuple(sizes)
        if first.startswith(_TFTENSOR):
            head, *texts = first[: first.index(_CONTENT)].split(_SIZE)
            row = _IN_MEMORY[head[len(_TFTENSOR) + 1 : -len(_SHAPE) - 1]]
            shape = tuple(map(_number, texts))
            if min(shape) > 0:
                return "tftensor", dtype_of(row), shape
        if first.startswith(_BIN_DATA):
            start = len(_BIN_DATA) + _BIN_HEADERS[first[len(_BIN_DATA)]]
            return "raw", _BYTE, (size - start,)
    except (LookupError, ValueError, TypeError, msgpack.UnpackException):
        pass
    return None


@lru_cache(maxsize=1024)
def _number(text: bytes) -> int:
    """Read the digits behind the length of a text."""
    return int(text[1:])


# JSON, which is written only: text is never a view.


def _json_tensor(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    del dtype, count
    return b'{"data":{"tensor":{"shape":%b,"values":' % orjson.dumps(shape)


def _json_tftensor(dtype: np.dtype[Any], shape: Shape, count: int) -> bytes | None:
    name = _name(dtype)
    if name is None or count < _SEVERAL:
        return None
    dims = b",".join([b'{"size":"%d"}' % size for size in shape])
    first = b'{"data":{"tftensor":{"dtype":"%b","tensorShape":{"dim":[%b]},"tensorContent":"'
    return first % (name, dims)


@lru_cache(maxsize=64)
def _name(dtype: np.dtype[Any]) -> bytes | None:
    """Return the name of a dtype whose arrays of several elements are tensorContent."""
    try:
        row = type_of(dtype)
    except EncodeError:
        return None
    return row.name.encode() if row.content else None


# All of them by container and kind.

PLAIN = {
    "protobuf": {
        "ndarray": PlainMessage(_protobuf_ndarray),
        "tensor": PlainMessage(_protobuf_tensor),
        "tftensor": PlainMessage(_protobuf_tftensor),
        "raw": PlainMessage(_protobuf_raw),
    },
    "msgpack": {
        "ndarray": PlainMessage(_msgpack_ndarray),
        "tensor": PlainMessage(_msgpack_tensor),
        "tftensor": PlainMessage(_msgpack_tftensor),
        "raw": PlainMessage(_msgpack_raw),
    },
    "json": {
        "tensor": PlainMessage(_json_tensor, b"}}}"),
        "tftensor": PlainMessage(_json_tftensor, b'"}}}'),
    },
}
_DESCRIBED = {"protobuf": _in_protobuf, "msgpack": _in_msgpack}
_HEADERS = {name: {kind: one.header for kind, one in PLAIN[name].items()} for name in _DESCRIBED}
_HEADERS["protobuf"]["ndarray"] = _protobuf_single  # with the bytes between header and value


def find(
    container: str, body: Body, wanted: str = ""
) -> tuple[str, bytes, np.dtype[Any], Shape] | None:
    """Return kind, header, dtype and shape of the array of a message; None for another form.

    `wanted` is the only kind to be found, if any.
    """
    if wanted == "ndarray" and len(body) not in _SINGLES:
        return None
    first = bytes(body[:_HEADER_MAX])
    try:
        described = _DESCRIBED[container](first, len(body))
    except (IndexError, Irregular):
        return None
    if described is None or (wanted and described[0] != wanted):
        return None
    kind, dtype, shape = described
    count = prod(shape)
    start = len(body) - count * dtype.itemsize
    if count < 1 or not 0 < start <= _HEADER_MAX or len(shape) > _USUAL_RANK:
        return None
    header = _HEADERS[container][kind](dtype, shape, count)
    return (kind, header, dtype, shape) if header and header == first[:start] else None
