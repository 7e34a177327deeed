"""Trees as msgpack: the tree of JSON, bytes as `bin`, every number of an array in one size.

Source: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from __future__ import annotations

import re
import secrets
import struct
from functools import lru_cache
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn

import msgpack
import numpy as np

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.tree import Role, check_out, cut, mark, place
from tensorwire.wire.grid import Grid
from tensorwire.wire.parts import GridFill, array_part
from tensorwire.wire.schema import array_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body, Leaf, Tree
    from tensorwire.wire.parts import Part
    from tensorwire.wire.schema import Schema

__all__ = ["Msgpack"]

_MARK = secrets.token_hex(16)  # stands for an array in the bytes around it; nobody can guess it
_TRIES = 4  # how many keys may look like an array's before msgpack reads the whole
_MAX_RANK = 64  # numpy's
_FEW = 64  # numbers that are not worth numpy
_CODES = {  # the byte before a value, by dtype
    "<f8": 0xCB, "<f4": 0xCA, "|u1": 0xCC, "<u2": 0xCD, "<u4": 0xCE, "<u8": 0xCF,
    "|i1": 0xD0, "<i2": 0xD1, "<i4": 0xD2, "<i8": 0xD3,
}  # fmt: skip
_DTYPES = {code: np.dtype(name).newbyteorder(">") for name, code in _CODES.items()}


class Msgpack:
    """Bytes as they are; a number of an array is its code and its big-endian value."""

    name = "msgpack"
    media_types: tuple[str, ...] = (
        "application/msgpack",
        "application/x-msgpack",
        "application/vnd.msgpack",
    )
    text = False
    sized = True

    def write(self, leaf: Leaf) -> Part:
        """Write the array, without the header of a `bin`."""
        data, role = leaf.data, leaf.role
        if role in (Role.BLOB, Role.PACKED):
            return array_part(data, leaf.field)
        if role is Role.ABSENT:
            return b""
        if role is Role.STRINGS or isinstance(data, list):
            return _packb(data)
        if data.dtype.kind in "UT":
            return _packb(data.tolist())
        if role is Role.VALUES:
            data = data.reshape(-1)
        if data.dtype == np.float64 and data.size <= _FEW:
            return _packb(data.tolist())
        return _nested(data)

    def shortcut(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Write the memory of the array, or its float64 values."""
        if leaf.role in (Role.NESTED, Role.VALUES):
            if leaf.data.dtype != np.float64:
                return None
            if leaf.role is Role.NESTED:
                return lambda array: _packb(array.tolist())
            return lambda array: _packb(array.reshape(-1).tolist())
        same = leaf.field is None or leaf.field == leaf.data.dtype  # never `in`: None is float64
        return np.ndarray.tobytes if same else None

    def frame(self, tree: Tree, size: int, message: Schema) -> tuple[bytes, bytes]:
        """Write the tree around its leaf."""
        del message
        rest, path, leaf = cut(tree)
        if leaf is None:
            return _packb(rest), b""
        before, _, after = _packb(mark(tree, path, _MARK)).partition(_PACKED_MARK)
        return before + (_bin(size) if leaf.role in (Role.BLOB, Role.PACKED) else b""), after

    def read(self, body: Body, message: Schema) -> Tree:
        """Cut the long array out of the bytes, and let msgpack read what is around it."""
        for match in islice(_members(message.name).finditer(body), _TRIES):
            try:
                found = _array_at(body, match.end())
            except IndexError:
                found = None
            if found is None:
                continue
            leaf, stop = found
            try:
                rest = bytes(body[: match.end()]) + _PACKED_MARK + bytes(body[stop:])
                tree = self.read_any(rest, message)
            except DecodeError:
                continue  # what looked like a key was something else
            if place(tree, message, _MARK, leaf):
                return tree
        return self.read_any(body, message)

    def read_any(self, body: Body, message: Schema) -> Tree:
        """Let msgpack read the whole."""
        del message
        try:
            tree = msgpack.unpackb(body, ext_hook=_refuse)
        except (ValueError, TypeError, RecursionError, msgpack.UnpackException) as error:
            reason = str(error) or type(error).__name__
            raise DecodeError(f"not msgpack: {reason}") from None
        if type(tree) is not dict:
            raise DecodeError(f"a {type(tree).__name__} in place of a map")
        return tree


class _NestedSource:
    """Nested arrays of numbers of one size."""

    __slots__ = ("_body", "_grid", "_start")

    def __init__(self, body: Body, start: int, grid: Grid) -> None:
        self._body, self._start, self._grid = body, start, grid

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Copy the numbers out, as int64, uint64 or float64."""
        grid = self._grid
        limits.check(grid.shape, 8, len(self._body))
        wide = np.dtype(np.float64 if grid.dtype.kind == "f" else np.int64)
        if grid.dtype == _DTYPES[0xCF]:
            array = grid.read(self._body, self._start)
            array = array if array.size and int(array.max()) >= 2**63 else array.view(np.int64)
        elif out is not None:
            check_out(out, grid.shape, wide)
            return grid.read(self._body, self._start, out)
        else:
            return grid.read(self._body, self._start, None, wide)
        return array


def _refuse(code: int, data: bytes) -> NoReturn:
    raise ValueError(f"an extension type, {code}, of {len(data)} bytes")


def _nested(array: Array) -> Part:
    lead, *headers = (_array(count) for count in array.shape)
    if array.dtype.kind == "b":
        grid = Grid(array.shape, headers, b"", np.dtype("u1"))
        return GridFill(grid, array + _FALSE, lead)
    name = array.dtype.newbyteorder("<").str
    dtype = np.dtype("<f4" if name == "<f2" else name)
    grid = Grid(array.shape, headers, bytes([_CODES[dtype.str]]), dtype.newbyteorder(">"))
    return GridFill(grid, array, lead)


_FALSE = np.uint8(0xC2)


def _array_at(body: Body, start: int) -> tuple[Any, int] | None:
    """Find the array or the `bin` that starts there, and where it ends, if it is of one size."""
    code = body[start]
    if code in (0xC4, 0xC5, 0xC6):
        width = 1 << (code - 0xC4)
        size = int.from_bytes(body[start + 1 : start + 1 + width], "big")
        stop = start + 1 + width + size
        if stop > len(body):
            return None
        return np.frombuffer(body, np.uint8, size, stop - size), stop
    shape: list[int] = []
    headers: list[bytes] = []
    at = start
    while True:
        code, begin = body[at], at
        if code >> 4 == 0x9:
            count, at = code & 0xF, at + 1
        elif code in (0xDC, 0xDD):
            width = 2 << (code - 0xDC)
            count, at = int.from_bytes(body[at + 1 : at + 1 + width], "big"), at + 1 + width
        else:
            break
        if not count or at >= len(body) or len(shape) > _MAX_RANK:
            return None
        shape.append(count)
        headers.append(bytes(body[begin:at]))
    dtype = _DTYPES.get(code)
    if dtype is None or not headers or not _FEW < prod(shape) < len(body):
        return None
    grid = Grid(shape, headers[1:], bytes([code]), dtype)
    start += len(headers[0])
    stop = start + grid.nbytes
    return (_NestedSource(body, start, grid), stop) if stop <= len(body) else None


def _array(count: int) -> bytes:
    if count < 16:
        return bytes([0x90 | count])
    return struct.pack(">BH", 0xDC, count) if count < 1 << 16 else struct.pack(">BI", 0xDD, count)


def _bin(size: int) -> bytes:
    if size >= 1 << 32:
        raise EncodeError(f"msgpack carries no more than 4 GiB of bytes, not {size}")
    if size < 1 << 8:
        return struct.pack(">BB", 0xC4, size)
    return struct.pack(">BH", 0xC5, size) if size < 1 << 16 else struct.pack(">BI", 0xC6, size)


def _packb(tree: Any) -> bytes:
    try:
        packed: bytes = msgpack.packb(tree)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise EncodeError(f"msgpack cannot say this: {error}") from None
    return packed


_PACKED_MARK = b"\xd9\x20" + _MARK.encode()


@lru_cache(maxsize=16)
def _members(name: str) -> re.Pattern[bytes]:
    """Find, in the bytes, the key of a member that may hold an array."""
    keys = (msgpack.packb(name) for name in sorted(array_names(name)))
    return re.compile(b"|".join(map(re.escape, keys)))
