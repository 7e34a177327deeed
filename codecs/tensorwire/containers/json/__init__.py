"""Trees as JSON text: orjson writes and reads it, simdjson the long arrays of numbers.

Source: RFC 8259, and protobuf's JSON mapping, https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

from math import isfinite
from os import urandom
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import orjson
import pybase64

from tensorwire import guess
from tensorwire.arrays import FLOAT16, NUMBERS
from tensorwire.containers.json.numbers import NumbersText, write_numbers
from tensorwire.containers.json.scan import (
    check_objects,
    has_words,
    loads_exactly,
    long_members,
    too_large,
)
from tensorwire.errors import DecodeError, EncodeError, shown
from tensorwire.missing import FINITE, NULLS, VERIFIED, Unverified
from tensorwire.tree import MAX_DEPTH, Irregular, Role, levels, replace_arrays, walk
from tensorwire.wire.buffers import Base64, array_part, buffer_of
from tensorwire.wire.grid import declining_inexact

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tensorwire.missing import Reading, Words
    from tensorwire.tree import Array, ArrayPlaces, Body, Leaf, Tree
    from tensorwire.wire.buffers import Part

__all__ = ["JSON", "dumps_values"]

_PLACEHOLDER = urandom(16).hex()  # for an array in the text around it; unpredictable
_ORJSON_DEPTH = 254  # levels that orjson writes
_WHOLE_MAX = 6 << 10  # bytes of a body that orjson reads at once
_NUMPY = orjson.OPT_SERIALIZE_NUMPY
_N = ord("n")  # of null; `b"n" in text` would take 0.1 us longer
_QUOTED = {"nan": b'"NaN"', "inf": b'"Infinity"', "-inf": b'"-Infinity"'}


class JSON:
    """Numbers as decimal text, bytes as base64."""

    name = "json"
    media_types: tuple[str, ...] = ("application/json",)
    text = True
    foreign = False
    sized = False

    def write(self, leaf: Leaf) -> Part:
        """Write the array; NaN by the words of the leaf, or in quotes in fields of protobuf."""
        data, role = leaf.data, leaf.role
        if role is Role.ABSENT:
            return b""
        if role is Role.NESTED:
            return _nested(leaf)
        if role is Role.BLOB:
            part = array_part(data, leaf.field)
            few = isinstance(part, memoryview) and len(part) <= Base64.BLOCK
            return pybase64.b64encode(buffer_of(part)) if few else Base64(part)
        if role is Role.STRINGS:
            return orjson.dumps([pybase64.b64encode_as_string(item) for item in data])
        flat = data.reshape(-1)
        if role is Role.VALUES and data.dtype.kind in "iu" and data.dtype.itemsize == 8:
            return orjson.dumps(list(map(str, flat.tolist())))
        if leaf.field == np.float32 and (np.abs(flat) == np.finfo(np.float32).max).any():
            # As float64, its shortest text is larger than it is, and some readers refuse that.
            flat = flat.astype(np.float64)
        words = _QUOTED if role is Role.VALUES else _words(leaf)
        return write_numbers(flat, words, source=data)

    def small_array_writer(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Return a writer of finite numbers, or of the memory of the array, in one piece."""
        dtype = leaf.data.dtype
        if dtype.num == FLOAT16 or not dtype.isnative:
            return None
        if leaf.role is Role.NESTED:
            return _finite
        if leaf.role is Role.BLOB:
            return lambda array: pybase64.b64encode(array.tobytes())
        if leaf.role is Role.VALUES and dtype != np.float64:
            return None  # see `write` for the largest float32 and for int64, which is in quotes
        return declining_inexact(_finite_flat, dtype)

    def frame(
        self, tree: Tree, sizes: Iterable[int], message: ArrayPlaces, words: Words = FINITE
    ) -> list[bytes]:
        """Write the text around the leaves."""
        del sizes, message
        outside, arrays = replace_arrays(tree, _PLACEHOLDER)
        pieces = dumps_values(outside, words, "$").split(b'"%b"' % _PLACEHOLDER.encode())
        for i, leaf in enumerate(arrays):
            if leaf.role is Role.BLOB:
                pieces[i], pieces[i + 1] = pieces[i] + b'"', b'"' + pieces[i + 1]
        return pieces

    def before(
        self, tree: Tree, first: bytes, message: ArrayPlaces, words: Words = FINITE
    ) -> bytes:
        """Insert members before those of the object that begins with `first`."""
        del message
        return b"%b,%b" % (dumps_values(tree, words, "$")[:-1], first[1:])

    def read(self, body: Body, message: ArrayPlaces, options: Reading = VERIFIED) -> Tree:
        """Cut the long arrays out of the text, and read the rest by orjson."""
        if len(body) < _WHOLE_MAX:
            try:
                tree = orjson.loads(body)
            except orjson.JSONDecodeError:
                return _loads(body)  # raises, with the reason
            return tree if type(tree) is dict else _object(tree)
        body = bytes(body)
        spans = long_members(body, message)
        if not spans:
            return _loads(body)
        pieces, at = [], 0
        for i, (start, stop) in enumerate(spans):
            pieces += [body[at:start], b'"%b.%d"' % (_PLACEHOLDER.encode(), i)]
            at = stop
        try:
            tree = _loads(b"".join([*pieces, body[at:]]))
        except DecodeError:  # the cuts may be wrong, and not the text
            raise Irregular from None
        for i, (start, stop) in enumerate(spans):
            part = _member(body, start, stop, options)
            if not message.restore_array(tree, f"{_PLACEHOLDER}.{i}", part):
                raise Irregular
        return tree

    def read_any(self, body: Body, message: ArrayPlaces) -> Tree:
        """Read the whole text by orjson."""
        del message
        return _loads(body)

    def read_exactly(self, body: Body, options: Reading, tree: Tree | None = None) -> Tree:
        """Read the whole text, with bare words and integers beyond 64 bits."""
        try:
            return _object(loads_exactly(bytes(body), options, tree))
        except orjson.JSONDecodeError:
            _loads(body, again=True)  # raises, with the position in the original text
            raise


def _member(body: bytes, start: int, stop: int, options: Reading) -> Any:
    """Return a long array of numbers as a `Source`, or the bytes of a long base64 string."""
    if body[start] != 0x22:
        return NumbersText(body, start, stop, options)
    try:
        text = memoryview(body)[start + 1 : stop - 1]
        return np.frombuffer(pybase64.b64decode(text, validate=True), np.uint8)
    except ValueError:
        raise Irregular from None


def _loads(body: Body, *, again: bool = False) -> Tree:
    check_objects(body)
    try:
        tree = orjson.loads(body)
        return tree if type(tree) is dict else _object(tree)
    except orjson.JSONDecodeError as error:
        beyond = "infinity" in str(error)  # of float64
        if not again and (beyond or has_words(bytes(body))):
            raise Unverified from None
        if beyond:
            raise DecodeError(too_large(error)) from None
        reason = f"expected JSON, got other text: {error}"
        raise DecodeError(reason, "", guess.of_bytes(body, "JSON")) from None


def _object(tree: Any) -> Tree:
    if type(tree) is not dict:
        raise DecodeError(f"expected a JSON object, got {shown(tree)}")
    return tree


def _dumps(tree: Any) -> bytes:
    try:
        return orjson.dumps(tree)
    except TypeError as error:
        if (depth := levels(tree)) <= _ORJSON_DEPTH:
            raise EncodeError(f"expected JSON values, got another type: {error}") from None
    if depth > MAX_DEPTH:
        raise EncodeError(f"expected at most {MAX_DEPTH} levels of nesting, got more")
    return _deep(tree)


class _Text(NamedTuple):
    """Text that is written already."""

    text: bytes


def _deep(tree: Any) -> bytes:
    """Write a tree of more levels than orjson writes, but not more than it reads."""
    pieces: list[bytes] = []
    left = [tree]
    while left:
        part = left.pop()
        if type(part) is _Text:
            pieces.append(part.text)
        elif isinstance(part, dict):
            pieces.append(b"{")
            members = [(_dumps(key) + b":", one) for key, one in part.items()]
            _push(left, members, b"}")
        elif isinstance(part, (list, tuple)):
            pieces.append(b"[")
            _push(left, [(b"", one) for one in part], b"]")
        else:
            pieces.append(_dumps(part))
    return b"".join(pieces)


def _push(left: list[Any], members: list[tuple[bytes, Any]], closing: bytes) -> None:
    """Push members on a stack, the last one first, each with its comma and its name."""
    left.append(_Text(closing))
    for i, (name, one) in reversed(list(enumerate(members))):
        left += [one, _Text(b"," * (i > 0) + name)]


def _nested(leaf: Leaf) -> Part:
    data = leaf.data
    if isinstance(data, list):
        return dumps_values(data, _words(leaf), "")
    if data.dtype.num in NUMBERS:
        return write_numbers(data, _words(leaf))
    return _dumps(data.tolist())


def dumps_values(tree: Any, words: Words, path: str) -> bytes:
    """Write JSON values; numbers that are not finite are written as `words`."""
    used = set()
    for where, value in walk(tree, path):
        if isinstance(value, float) and not isfinite(value):
            if str(value) not in words:
                remedy = "pass missing='nan' to write bare words" if path else ""
                raise EncodeError(f"expected numbers that JSON has, got {value}", where, remedy)
            used.add(words[str(value)])
    if used <= {b"null"}:  # orjson writes null itself
        return _dumps(tree)
    text = _dumps(_with_placeholders(tree, words))
    for word in used:
        text = text.replace(b'"%b%b"' % (_PLACEHOLDER.encode(), word), word)
    return text


def _with_placeholders(tree: Any, words: Words) -> Any:
    """Return a tree with a placeholder for each number that is not finite."""
    whole = [tree]
    left: list[Any] = [whole]
    while left:
        part = left.pop()
        for key, one in part.items() if isinstance(part, dict) else enumerate(part):
            if isinstance(one, (dict, list, tuple)):
                part[key] = dict(one) if isinstance(one, dict) else list(one)
                left.append(part[key])
            elif isinstance(one, float) and not isfinite(one):
                part[key] = _PLACEHOLDER + words[str(one)].decode()
    return whole[0]


def _words(leaf: Leaf) -> Words:
    return {**NULLS, **leaf.words} if leaf.lossy else leaf.words


def _finite(array: Array) -> bytes | None:
    try:
        text = orjson.dumps(array, None, _NUMPY)
    except TypeError:  # of rank 0, or strided
        return None
    return None if _N in text else text


def _finite_flat(array: Array) -> bytes | None:
    return _finite(array.ravel())
