"""Trees as msgpack: the tree of JSON, bytes as `bin`, every number of an array in one size.

Source: https://github.com/msgpack/msgpack/blob/master/spec.md
"""

from __future__ import annotations

import re
import struct
from functools import lru_cache
from itertools import islice
from os import urandom
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgpack
import numpy as np

from tensorwire import guess
from tensorwire.containers.msgpack import nested
from tensorwire.errors import DecodeError, EncodeError, LimitError, shown
from tensorwire.limits import MAX_OBJECTS, too_many_objects
from tensorwire.missing import FINITE, VERIFIED
from tensorwire.tree import MAX_DEPTH, Role, levels, replace_arrays
from tensorwire.wire.buffers import array_part
from tensorwire.wire.grid import small_array_writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tensorwire.missing import Reading, Words
    from tensorwire.tree import Array, ArrayPlaces, Body, Leaf, Tree
    from tensorwire.wire.buffers import Part

__all__ = ["Msgpack", "bin_header"]

_PLACEHOLDER = urandom(16).hex()  # for an array in the bytes around it; unpredictable
_PACKER_DEPTH = 511  # levels that msgpack writes
_T = TypeVar("_T")
_TRIES = 4  # keys that are tried as the key of an array before msgpack reads the whole body


class Msgpack:
    """Bytes as `bin`; each number of an array is a type code and its big-endian value."""

    name = "msgpack"
    media_types: tuple[str, ...] = (
        "application/msgpack",
        "application/x-msgpack",
        "application/vnd.msgpack",
    )
    text = False
    foreign = True
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
        if data.dtype == np.float64 and data.size <= nested.LIST_MAX:
            return _packb(data.tolist())
        return nested.write(data)

    def small_array_writer(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Return a writer of the memory of the array, or of a list with cached constant bytes."""
        data = leaf.data
        if leaf.role is Role.NESTED:
            if data.dtype == np.float64 and data.size <= nested.LIST_MAX:
                return lambda array: _packb(array.tolist())
            return nested.small_array_writer(data.shape, data.dtype)
        if leaf.role is Role.VALUES:
            write = nested.small_array_writer((data.size,), data.dtype)
            return write and (lambda array: write(array.reshape(-1)))
        return small_array_writer(leaf)

    def frame(
        self, tree: Tree, sizes: Iterable[int], message: ArrayPlaces, words: Words = FINITE
    ) -> list[bytes]:
        """Write the bytes around the leaves."""
        del message, words
        outside, arrays = replace_arrays(tree, _PLACEHOLDER)
        pieces = _packb(outside).split(_PACKED_PLACEHOLDER)
        for i, (leaf, size) in enumerate(zip(arrays, sizes, strict=False)):
            if leaf.role in (Role.BLOB, Role.PACKED):
                pieces[i] += bin_header(size)
        return pieces

    def before(
        self, tree: Tree, first: bytes, message: ArrayPlaces, words: Words = FINITE
    ) -> bytes:
        """Insert members before those of a map of at most 15 members in all."""
        del message, words
        return bytes([first[0] + len(tree)]) + _packb(tree)[1:] + first[1:]

    def read(self, body: Body, message: ArrayPlaces, options: Reading = VERIFIED) -> Tree:
        """Cut the long array out of the bytes, and read the rest by msgpack."""
        del options
        for match in islice(_members(message.names).finditer(body), _TRIES):
            try:
                found = nested.find(body, match.end())
            except IndexError:
                found = None
            if found is None:
                continue
            leaf, stop = found
            try:
                rest = bytes(body[: match.end()]) + _PACKED_PLACEHOLDER + bytes(body[stop:])
                tree = self.read_any(rest, message)
            except DecodeError:
                continue  # the bytes were not the key of a member
            if message.restore_array(tree, _PLACEHOLDER, leaf):
                return tree
        return self.read_any(body, message)

    def read_exactly(self, body: Body, options: Reading, tree: Tree | None = None) -> NoReturn:
        """Do nothing: numbers in bytes are never rounded."""
        raise NotImplementedError

    def read_any(self, body: Body, message: ArrayPlaces) -> Tree:
        """Read the whole body by msgpack."""
        del message
        try:
            if len(body) <= MAX_OBJECTS:
                tree = msgpack.unpackb(body, ext_hook=_refuse)
            else:
                count = _Count()
                tree = msgpack.unpackb(body, ext_hook=_refuse, list_hook=count, object_hook=count)
        except LimitError:
            raise
        except msgpack.StackError:
            reason = f"expected at most {MAX_DEPTH} levels of nesting, got more"
            raise DecodeError(reason) from None
        except (ValueError, TypeError, msgpack.UnpackException) as error:
            detail = str(error).rstrip(".") or type(error).__name__
            reason = f"expected msgpack, got other bytes: {detail}"
            raise DecodeError(reason, "", guess.of_bytes(body, "msgpack")) from None
        if type(tree) is not dict:
            raise DecodeError(f"expected a map, got {shown(tree)}")
        return tree


class _Count:
    """Counts the lists and maps that msgpack makes."""

    def __init__(self) -> None:
        self._left = MAX_OBJECTS

    def __call__(self, made: _T) -> _T:
        """Return what was made; raise LimitError for one too many."""
        self._left -= 1
        if self._left < 0:
            raise too_many_objects()
        return made


def _refuse(code: int, data: bytes) -> NoReturn:
    raise ValueError(f"an extension type, {code}, of {len(data)} bytes")


def bin_header(size: int) -> bytes:
    """Return the bytes before bytes of a size."""
    if size >= 1 << 32:
        raise EncodeError(f"expected at most 4 GiB of bytes for msgpack, got {size}")
    if size < 1 << 8:
        return struct.pack(">BB", 0xC4, size)
    return struct.pack(">BH", 0xC5, size) if size < 1 << 16 else struct.pack(">BI", 0xC6, size)


def _packb(tree: Any) -> bytes:
    try:
        packed: bytes = msgpack.packb(tree)
    except (TypeError, ValueError, OverflowError) as error:
        if (depth := levels(tree)) <= _PACKER_DEPTH:
            reason = f"expected values of msgpack, got another type: {error}"
            raise EncodeError(reason) from None
        if depth > MAX_DEPTH:
            reason = f"expected at most {MAX_DEPTH} levels of nesting, got more"
            raise EncodeError(reason) from None
        return _deep(tree)
    return packed


def _deep(tree: Any) -> bytes:
    """Write a tree of more levels than msgpack writes, but not more than it reads."""
    packer = msgpack.Packer()
    pieces: list[bytes] = []
    left = [tree]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            pieces.append(packer.pack_map_header(len(part)))
            left += [one for pair in reversed(part.items()) for one in reversed(pair)]
        elif isinstance(part, (list, tuple)):
            pieces.append(packer.pack_array_header(len(part)))
            left += reversed(part)
        else:
            pieces.append(_packb(part))
    return b"".join(pieces)


_PACKED_PLACEHOLDER = b"\xd9\x20" + _PLACEHOLDER.encode()


@lru_cache(maxsize=16)
def _members(names: frozenset[str]) -> re.Pattern[bytes]:
    """Return a pattern of the keys of members that may be arrays."""
    keys = (msgpack.packb(name) for name in sorted(names))
    return re.compile(b"|".join(map(re.escape, keys)))
