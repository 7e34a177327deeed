"""msgpack-numpy's convention: an array is a msgpack map of five members, its memory the last.

The keys are byte strings: nd (true), type (as in ``<f8``), kind (empty), shape, data (in C order).
A numpy scalar has nd false and neither kind nor shape; a Python complex number has its text. Such
maps are alone, or anywhere in other maps and lists. Kind ``V``, records, is not read, and kind
``O``, a pickle, is never loaded.

Before version 0.4.5 the library wrote all strings, keys and memory too, in the one type that
msgpack had for text and bytes alike (unless an option asked otherwise), and before 0.4 no kind.
Source: https://github.com/lebedov/msgpack-numpy/blob/master/msgpack_numpy.py
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import msgpack
import numpy as np

from tensorwire import guess
from tensorwire.errors import CodecError, DecodeError, EncodeError, shown
from tensorwire.formats.format import Format, array_of, dtype_of, shape_of, typestr_of, view
from tensorwire.tree import shortened
from tensorwire.wire.buffers import array_part, buffer_of, join

if TYPE_CHECKING:
    from tensorwire.limits import Limits
    from tensorwire.tree import Body

__all__ = ["MsgpackNumpy"]

_HEAD = 4096  # bytes before the data: less than 1,000 at rank 64
_BIN = {0xC4: ">B", 0xC5: ">H", 0xC6: ">I"}  # the code of a byte string, and its length
_STR = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I"}  # the same of text
_SHORT = range(0xA0, 0xC0)  # the codes of text with the length in them
_ERRORS = (ValueError, TypeError, RecursionError, msgpack.UnpackException)
_MARKED = re.compile(rb"\xc4\x02nd|\xc4\x07complex")  # a key of an array, since 0.4.5
_PLAIN = frozenset({int, float, bool, str, bytes, type(None)})
_DEPTH = 100  # of maps and lists in one another


class MsgpackNumpy(Format):
    """An array or a numpy scalar, which is read as an array; or a dict or a list with arrays.

    Dicts and lists are nested as they are, with plain values beside the arrays in them. numpy
    scalars in them stay what they are; but float64 is written as a plain number, as the library
    does it.

    Examples
    --------
    >>> import numpy as np
    >>> import tensorwire as tw
    >>> codec = tw.get_codec("msgpack/numpy")
    >>> codec.decode(codec.encode({"x": np.arange(2, dtype=np.int8), "id": 7}))
    {'x': array([0, 1], dtype=int8), 'id': 7}
    """

    name = "msgpack/numpy"
    media_type = "application/x-msgpack-numpy"

    def write(self, value: Any, meta: Mapping[str, Any], *, none: bool) -> bytes:
        """Write what ``msgpack_numpy.packb`` writes for the value."""
        del meta
        if isinstance(value, Mapping) or _is_list_of_arrays(value):
            parts: list[Any] = []
            try:
                found = self._nested(value, "", parts, _DEPTH, none=none)
            except RecursionError:
                raise EncodeError(
                    f"expected at most {_DEPTH} levels of nesting, got more"
                ) from None
            if not found:
                raise EncodeError(
                    "expected arrays, got a value without any", "", "use plain msgpack"
                )
            return b"".join(parts)
        if isinstance(value, complex) and not isinstance(value, np.generic):
            return _complex_map(value)
        return join(*self._array(value, none=none))

    def _array(self, value: Any, *, none: bool) -> tuple[bytes, Any, bytes]:
        array = array_of(value, none=none)
        scalar = isinstance(value, (np.bool_, np.number))
        head: dict[bytes, Any] = {b"nd": not scalar, b"type": typestr_of(self.name, array)}
        if not scalar:
            head |= {b"kind": b"", b"shape": array.shape}
        head[b"data"] = b""
        before: bytes = msgpack.packb(head)[:-2] + _bin(array.nbytes)
        return before, array_part(array), b""

    def _nested(self, value: Any, path: str, parts: list[Any], depth: int, *, none: bool) -> bool:
        """Write a value into `parts`; return whether it contains an array."""
        if depth < 0:
            raise EncodeError(f"expected at most {_DEPTH} levels of nesting, got more", path)
        if isinstance(value, Mapping):
            return self._map(value, path, parts, depth, none=none)
        if isinstance(value, (list, tuple)) and not _PLAIN.issuperset(map(type, value)):
            parts.append(msgpack.Packer().pack_array_header(len(value)))
            inner = [
                self._nested(v, f"{path}[{i}]", parts, depth - 1, none=none)
                for i, v in enumerate(value)
            ]
            return any(inner)
        try:
            if isinstance(value, (int, float, str, bytes, bytearray, list, tuple, type(None))):
                parts.append(msgpack.packb(value))
                return False
            if isinstance(value, complex) and not isinstance(value, np.generic):
                parts.append(_complex_map(value))
            else:
                before, part, _ = self._array(value, none=none)
                parts += [before, buffer_of(part)]
        except CodecError as error:
            raise error.within(path) from None
        except (ValueError, OverflowError, TypeError) as error:
            raise EncodeError(
                f"expected values of msgpack, got another type: {error}", path
            ) from None
        return True

    def _map(
        self, value: Mapping[Any, Any], path: str, parts: list[Any], depth: int, *, none: bool
    ) -> bool:
        parts.append(msgpack.Packer().pack_map_header(len(value)))
        inner = []
        for key, item in value.items():
            if not isinstance(key, (str, bytes)):
                raise EncodeError(f"expected str or bytes for a key, got {shown(key)}", path)
            if key in (b"nd", b"complex"):
                raise EncodeError(
                    f"expected keys other than those of an array, got {shown(key)}", path
                )
            self._nested(key, path, parts, 0, none=none)
            place = shortened(f"{path}.{_text(key)}")
            inner.append(self._nested(item, place, parts, depth - 1, none=none))
        return any(inner)

    def read(self, body: Body, limits: Limits) -> Any:
        """View the data where it is the last member, as it is in what the library writes."""
        found = _data_last(body)
        reader = _Reader(limits, len(body), old=False)
        if found is None:
            reader.old = _MARKED.search(body) is None
            try:
                found = reader.unpack(body)
            except _ERRORS as error:
                reason = f"expected msgpack, got other bytes ({str(error) or type(error).__name__})"
                raise DecodeError(reason, "", guess.of_bytes(body, "msgpack/numpy")) from None
        try:
            value = reader.value(found, "", _DEPTH)
        except RecursionError:
            raise DecodeError(f"expected at most {_DEPTH} levels of nesting, got more") from None
        if not reader.arrays:
            raise DecodeError("expected an array (a map with the member nd), got none")
        return np.array(value) if isinstance(value, (np.generic, complex)) else value


class _Reader:
    """Turns what msgpack has read into arrays, and the rest into plain values.

    Attributes
    ----------
    old
        whether text and bytes have one type in msgpack: a value is text if it is UTF-8.
    arrays
        how many arrays, scalars and complex numbers were found.
    """

    def __init__(self, limits: Limits, payload: int, *, old: bool) -> None:
        self.limits, self.payload, self.old, self.arrays = limits, payload, old, 0

    def unpack(self, body: Body) -> Any:
        return msgpack.unpackb(body, ext_hook=_refuse, raw=self.old)

    def value(self, node: Any, path: str, depth: int) -> Any:
        """Return a value; raise `DecodeError` with its place."""
        if depth < 0:
            raise DecodeError(f"expected at most {_DEPTH} levels of nesting, got more", path)
        if isinstance(node, dict):
            if b"nd" in node or b"complex" in node:
                self.arrays += 1
                try:
                    return self._array(node)
                except CodecError as error:
                    raise error.within(path) from None
            keys = {key: _text(key) if self.old else key for key in node}
            return {
                keys[key]: self.value(item, shortened(f"{path}.{_text(key)}"), depth - 1)
                for key, item in node.items()
            }
        if isinstance(node, list):
            if not self.old and _PLAIN.issuperset(map(type, node)):
                return node
            return [self.value(item, f"{path}[{i}]", depth - 1) for i, item in enumerate(node)]
        if type(node) not in _PLAIN:
            raise DecodeError(f"expected plain values, got {shown(node)}", path)
        return _text_or_bytes(node) if self.old else node

    def _array(self, found: dict[bytes, Any]) -> Any:
        data = found.get(b"data")
        if b"nd" not in found:
            return _complex(_text_or_bytes(data) if self.old else data)
        if found.get(b"kind", b"") != b"":
            reason = (
                f"expected an empty kind, got {shown(found[b'kind'])} of records or of a pickle"
            )
            raise DecodeError(f"{reason}, which is never loaded", ".kind")
        if type(found[b"nd"]) is not bool:
            raise DecodeError(f"expected a bool, got {shown(found[b'nd'])}", ".nd")
        shape = shape_of(found.get(b"shape")) if found[b"nd"] else []
        if not isinstance(data, (bytes, memoryview)):
            raise DecodeError(f"expected bytes, got {shown(data)}", ".data")
        name = found.get(b"type")
        name = name.decode("latin-1") if self.old and isinstance(name, bytes) else name
        dtype = dtype_of(name, ".type")
        array = view(np.frombuffer(data, np.uint8), dtype, shape, self.limits, self.payload)
        return array if found[b"nd"] else array[()]


def _is_list_of_arrays(value: Any) -> bool:
    """Return whether a list contains arrays, and is not itself an array of numbers."""
    if not isinstance(value, (list, tuple)):
        return False
    return any(isinstance(item, (np.ndarray, Mapping)) for item in value)


def _data_last(body: Body) -> dict[bytes, Any] | None:
    """Let msgpack read the members before the data, and view the data if it ends the body."""
    unpacker = msgpack.Unpacker(max_buffer_size=_HEAD, ext_hook=_refuse)
    unpacker.feed(body[:_HEAD])
    try:
        others = range(unpacker.read_map_header() - 1)
        members = {unpacker.unpack(): unpacker.unpack() for _ in others}
        last, start = unpacker.unpack(), unpacker.tell()
        code = body[start]
        if type(last) is bytes or code not in _SHORT:
            length = struct.Struct((_BIN if type(last) is bytes else _STR)[code])
            (size,) = length.unpack_from(body, start + 1)
            start += length.size
        else:
            size = code - _SHORT.start
    except (*_ERRORS, LookupError, struct.error):
        return None  # something else, or something long: for msgpack to read as a whole
    start += 1
    if type(last) is str:  # before 0.4.5
        last, members = last.encode(), {_bytes(key): part for key, part in members.items()}
        if b"kind" in members:
            members[b"kind"] = _bytes(members[b"kind"])
    if last != b"data" or start + size != len(body) or {bytes} != set(map(type, members)):
        return None
    if b"nd" not in members:
        return None
    return members | {b"data": memoryview(body)[start:]}


def _bytes(text: Any) -> Any:
    return text.encode() if type(text) is str else text


def _text(key: Any) -> Any:
    return _text_or_bytes(key) if isinstance(key, bytes) else key


def _text_or_bytes(value: Any) -> Any:
    """Return text where bytes are UTF-8."""
    if type(value) is not bytes:
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value


def _complex(text: Any) -> complex:
    try:
        return complex(text if type(text) is str else "")
    except ValueError:
        raise DecodeError(
            f"expected the text of a complex number, got {shown(text)}", ".data"
        ) from None


def _complex_map(value: complex) -> bytes:
    packed: bytes = msgpack.packb({b"complex": True, b"data": repr(value)})
    return packed


def _bin(size: int) -> bytes:
    if size >= 1 << 32:
        raise EncodeError(f"expected less than 4 GiB of bytes for msgpack, got {size} bytes")
    code = 0xC4 if size < 1 << 8 else 0xC5 if size < 1 << 16 else 0xC6
    return bytes([code]) + struct.pack(_BIN[code], size)


def _refuse(code: int, data: bytes) -> NoReturn:
    raise ValueError(f"an extension type, {code}, of {len(data)} bytes")
