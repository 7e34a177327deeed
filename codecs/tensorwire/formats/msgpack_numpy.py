"""msgpack-numpy's convention: an array is a msgpack map of five members, its memory the last.

The keys are byte strings: nd (true), type (as in ``<f8``), kind (empty), shape, data (in C order).
A numpy scalar has nd false and neither kind nor shape; a Python complex number has its text. Kind
``V``, records, is not carried, and kind ``O``, a pickle, is never loaded.
Source: https://github.com/lebedov/msgpack-numpy/blob/master/msgpack_numpy.py
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, NoReturn

import msgpack
import numpy as np

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.formats.format import Format, array_of, shape_of, view
from tensorwire.formats.typestr import dtype_of, typestr_of
from tensorwire.wire.parts import array_part, join

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body

__all__ = ["MsgpackNumpy"]

_HEAD = 4096  # what comes before the data takes less than 1,000 bytes, at rank 64
_BIN = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I"}  # the code of a byte string, and its length
_ERRORS = (ValueError, TypeError, RecursionError, msgpack.UnpackException)


class MsgpackNumpy(Format):
    """One array, or one numpy scalar, which comes back as an array of rank 0."""

    name = "msgpack/numpy"
    media_type = "application/x-msgpack-numpy"

    def write(self, value: Any, meta: Mapping[str, Any]) -> bytes:
        """Write what ``msgpack_numpy.packb`` writes for an array."""
        del meta
        array = array_of(value)
        scalar = isinstance(value, (np.bool_, np.number))
        head: dict[bytes, Any] = {b"nd": not scalar, b"type": typestr_of(self.name, array)}
        if not scalar:
            head |= {b"kind": b"", b"shape": array.shape}
        head[b"data"] = b""
        before = msgpack.packb(head)[:-2] + _bin(array.nbytes)
        return join(before, array_part(array), b"")

    def read(self, body: Body, limits: Limits) -> Array:
        """View the data where it is the last member, as it is in what the library writes."""
        try:
            found = _data_last(body) or msgpack.unpackb(body, ext_hook=_refuse)
        except _ERRORS as error:
            raise DecodeError(f"not msgpack: {str(error) or type(error).__name__}") from None
        if type(found) is not dict or not {b"nd", b"complex"} & found.keys():
            raise DecodeError("not a map with a member nd, as an array has")
        data = found.get(b"data")
        if b"nd" not in found:
            return np.array(_complex(data))
        if found.get(b"kind", b"") != b"":
            kind = str(found[b"kind"])[:40]
            raise DecodeError(f"kind {kind}: records, or a pickle, which is never loaded", ".kind")
        if type(found[b"nd"]) is not bool:
            raise DecodeError("true, or false for a scalar, belongs here", ".nd")
        shape = shape_of(found.get(b"shape")) if found[b"nd"] else []
        if not isinstance(data, (bytes, memoryview)):
            raise DecodeError(f"a {type(data).__name__} in place of bytes", ".data")
        dtype = dtype_of(found.get(b"type"), ".type")
        return view(np.frombuffer(data, np.uint8), dtype, shape, limits, len(body))


def _data_last(body: Body) -> dict[bytes, Any] | None:
    """Let msgpack read the members before the data, and view the data if it ends the body."""
    unpacker = msgpack.Unpacker(max_buffer_size=_HEAD, ext_hook=_refuse)
    unpacker.feed(body[:_HEAD])
    try:
        others = range(unpacker.read_map_header() - 1)
        members = {unpacker.unpack(): unpacker.unpack() for _ in others}
        last, start = unpacker.unpack(), unpacker.tell()
        length = struct.Struct(_BIN[body[start]])
        (size,) = length.unpack_from(body, start + 1)
    except (*_ERRORS, LookupError, struct.error):
        return None  # something else, or something long: for msgpack to read as a whole
    start += 1 + length.size
    if last != b"data" or start + size != len(body) or {bytes} != set(map(type, members)):
        return None
    return members | {b"data": memoryview(body)[start:]}


def _complex(text: Any) -> complex:
    try:
        return complex(text if type(text) is str else "")
    except ValueError:
        raise DecodeError("the text of a complex number belongs here", ".data") from None


def _bin(size: int) -> bytes:
    if size >= 1 << 32:
        raise EncodeError(f"msgpack carries no more than 4 GiB of bytes, not {size}")
    code = 0xC4 if size < 1 << 8 else 0xC5 if size < 1 << 16 else 0xC6
    return bytes([code]) + struct.pack(_BIN[code], size)


def _refuse(code: int, data: bytes) -> NoReturn:
    raise ValueError(f"an extension type, {code}, of {len(data)} bytes")
