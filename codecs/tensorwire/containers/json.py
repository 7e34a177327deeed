"""Trees as JSON text: orjson writes and reads it, simdjson the long arrays of numbers.

Source: RFC 8259, and protobuf's JSON mapping, https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

from functools import partial
from math import isfinite
from os import urandom
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pybase64

from tensorwire.dtypes import FLOAT16, NUMBERS
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.tree import Irregular, Role, leaves, mark, place, walk
from tensorwire.wire.decimal import BLOCK, NumbersText, block_count, dumps, texts
from tensorwire.wire.few import exact
from tensorwire.wire.jsontext import long_members, words_for_null
from tensorwire.wire.parts import Base64, Texts, array_part, buffer_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from tensorwire.tree import Array, Body, Leaf, Tree
    from tensorwire.wire.decimal import Fix
    from tensorwire.wire.parts import Part
    from tensorwire.wire.schema import Schema

__all__ = ["JSON"]

_MARK = urandom(16).hex()  # stands for an array in the text around it; nobody can guess it
_SMALL = 6 << 10  # bytes of a body that orjson reads at once
_WORDS = {"nan": b'"NaN"', "inf": b'"Infinity"', "-inf": b'"-Infinity"'}


class JSON:
    """Numbers as decimal text, bytes as base64."""

    name = "json"
    media_types: tuple[str, ...] = ("application/json",)
    text = True
    sized = False

    def write(self, leaf: Leaf) -> Part:
        """Write the array; NaN is quoted as protobuf's JSON does, where the kind is protobuf's."""
        data, role = leaf.data, leaf.role
        if role is Role.ABSENT:
            return b""
        if role is Role.NESTED:
            return _nested(data, _keep_null if leaf.lossy else partial(_refuse_null, data))
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
            # Read as float64, its shortest text is beyond it, and some readers refuse that.
            flat = flat.astype(np.float64)
        return _numbers(flat, _quote_null)

    def shortcut(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Write finite numbers, or the memory of the array, in one piece."""
        dtype = leaf.data.dtype
        if dtype.num == FLOAT16 or not dtype.isnative:
            return None
        if leaf.role is Role.NESTED:
            return _finite
        if leaf.role is Role.BLOB:
            return lambda array: pybase64.b64encode(array.tobytes())
        if leaf.role is Role.VALUES and dtype != np.float64:
            return None  # the largest float32 needs a second look, an int64 is a string
        return exact(lambda array: _finite(array.reshape(-1)), dtype)

    def frame(self, tree: Tree, sizes: Iterable[int], message: Schema) -> list[bytes]:
        """Write the text around the leaves."""
        del sizes, message
        rest = mark(tree, _MARK)
        _refuse_infinite(rest, "$")
        pieces = _dumps(rest).split(b'"%b"' % _MARK.encode())
        for i, (_, leaf) in enumerate(leaves(tree)):
            if leaf.role is Role.BLOB:
                pieces[i], pieces[i + 1] = pieces[i] + b'"', b'"' + pieces[i + 1]
        return pieces

    def before(self, tree: Tree, first: bytes, message: Schema) -> bytes:
        """Write members before those of a text that begins so."""
        del message
        _refuse_infinite(tree, "$")
        return b"%b,%b" % (_dumps(tree)[:-1], first[1:])

    def read(self, body: Body, message: Schema) -> Tree:
        """Cut the long arrays out of the text, and let orjson read what is around them."""
        if len(body) < _SMALL:
            return _loads(body)
        body = bytes(body)
        spans = long_members(body, message)
        if not spans:
            return _loads(body)
        pieces, at = [], 0
        for i, (start, stop) in enumerate(spans):
            pieces += [body[at:start], b'"%b.%d"' % (_MARK.encode(), i)]
            at = stop
        try:
            tree = _loads(b"".join([*pieces, body[at:]]))
        except DecodeError:  # the cuts may be wrong, and not the text
            raise Irregular from None
        for i, (start, stop) in enumerate(spans):
            if not place(tree, message.places, f"{_MARK}.{i}", _member(body, start, stop)):
                raise Irregular
        return tree

    def read_any(self, body: Body, message: Schema) -> Tree:
        """Let orjson read the whole text."""
        del message
        return _loads(body)


def _member(body: bytes, start: int, stop: int) -> Any:
    """Give a long array of numbers, still to be read, or the bytes that a long string says."""
    if body[start] != 0x22:
        return NumbersText(body, start, stop)
    try:
        text = memoryview(body)[start + 1 : stop - 1]
        return np.frombuffer(pybase64.b64decode(text, validate=True), np.uint8)
    except ValueError:
        raise Irregular from None


def _loads(body: Body) -> Tree:
    try:
        tree = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise DecodeError(f"not JSON: {error}") from None
    if type(tree) is not dict:
        raise DecodeError(f"a {type(tree).__name__} in place of a JSON object")
    return tree


def _dumps(tree: Any) -> bytes:
    try:
        return orjson.dumps(tree)
    except (TypeError, RecursionError) as error:
        raise EncodeError(f"JSON cannot say this: {error}") from None


def _nested(data: Any, fix: Fix) -> Part:
    if isinstance(data, list):
        if fix is not _keep_null:
            _refuse_infinite(data, "")
        return _dumps(data)
    return _numbers(data, fix) if data.dtype.num in NUMBERS else _dumps(data.tolist())


def _numbers(array: Array, fix: Fix) -> Part:
    if array.size <= BLOCK:
        return fix(array, dumps(array))
    return Texts(texts(array, fix), block_count(array))


def _refuse_infinite(tree: Any, path: str) -> None:
    for where, value in walk(tree, path):
        if isinstance(value, float) and not isfinite(value):
            raise EncodeError(f"JSON has no {value}", where)


def _keep_null(block: Array, text: bytes) -> bytes:
    del block
    return text


def _refuse_null(array: Array, block: Array, text: bytes) -> bytes:
    del block
    if b"n" in text:
        at = tuple(np.argwhere(~np.isfinite(array))[0])
        raise EncodeError(f"JSON lists have no {array[at]}", "".join(f"[{i}]" for i in at))
    return text


def _quote_null(block: Array, text: bytes) -> bytes:
    return words_for_null(block, text, _WORDS) if b"n" in text else text


def _finite(array: Array) -> bytes | None:
    try:
        text = orjson.dumps(array, None, orjson.OPT_SERIALIZE_NUMPY)
    except TypeError:  # of rank 0, or strided
        return None
    return None if b"n" in text else text
