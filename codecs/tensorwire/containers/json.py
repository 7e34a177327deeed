"""Trees as JSON text: orjson writes and reads it, simdjson the long arrays of numbers.

Source: RFC 8259, and protobuf's JSON mapping, https://protobuf.dev/programming-guides/json/
"""

from __future__ import annotations

import re
import secrets
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
import orjson
import pybase64

from tensorwire.dtypes import NUMBERS
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.tree import Irregular, Role, cut, mark, place
from tensorwire.wire.decimal import BLOCK, NumbersText, dumps, texts
from tensorwire.wire.parts import Base64, Texts, array_part
from tensorwire.wire.schema import array_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tensorwire.tree import Array, Body, Leaf, Tree
    from tensorwire.wire.parts import Part
    from tensorwire.wire.schema import Schema

__all__ = ["JSON"]

_MARK = secrets.token_hex(16)  # stands for an array in the text around it; nobody can guess it
_SMALL = 1024  # bytes of a body that orjson reads at once
_NESTED = Role.NESTED
_WORDS = {"nan": b'"NaN"', "inf": b'"Infinity"', "-inf": b'"-Infinity"'}


class JSON:
    """Numbers as decimal text, bytes as base64."""

    name = "json"
    media_types = ("application/json",)
    text = True
    sized = False

    def write(self, leaf: Leaf) -> Part:
        """Write the array; NaN is quoted as protobuf's JSON does, where the kind is protobuf's."""
        data, role = leaf.data, leaf.role
        if role is _NESTED and type(data) is np.ndarray and data.dtype.char in NUMBERS:
            return _numbers(data, finite=not leaf.lossy and data.dtype.kind == "f")
        if role is Role.BLOB:
            return Base64(array_part(data, leaf.field))
        if role is Role.STRINGS:
            return orjson.dumps([pybase64.b64encode_as_string(item) for item in data])
        if role is Role.NESTED:
            return _dumps(data if isinstance(data, list) else data.tolist())
        flat = data.reshape(-1)
        if role is Role.VALUES and data.dtype.kind in "iu" and data.dtype.itemsize == 8:
            return orjson.dumps(list(map(str, flat.tolist())))
        if flat.size <= BLOCK:
            return b"".join(_quote_null(flat))
        return Texts(_quote_null(flat))

    def shortcut(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Write finite numbers in one piece."""
        if leaf.role is Role.NESTED:
            return _finite
        return (lambda array: _finite(array.reshape(-1))) if leaf.role is Role.PACKED else None

    def frame(self, tree: Tree, size: int, message: Schema) -> tuple[bytes, bytes]:
        """Write the tree around its leaf."""
        del size, message
        rest, path, leaf = cut(tree)
        if leaf is None:
            return _dumps(rest), b""
        before, _, after = _dumps(mark(tree, path, _MARK)).partition(b'"%b"' % _MARK.encode())
        quote = b'"' if leaf.role is Role.BLOB else b""
        return before + quote, quote + after

    def read(self, body: Body, message: Schema) -> Tree:
        """Cut the long array out of the text, and let orjson read what is around it."""
        if len(body) < _SMALL:
            return self.read_any(body, message)
        body = bytes(body)
        span = _longest(body, message)
        if span is None:
            return self.read_any(body, message)
        start, stop = span
        rest = b'%b"%b"%b' % (body[:start], _MARK.encode(), body[stop:])
        try:
            tree = self.read_any(rest, message)
        except DecodeError:  # the cut may be wrong, and not the text
            raise Irregular from None
        if body[start] == 0x22:
            try:
                leaf: Any = pybase64.b64decode(memoryview(body)[start + 1 : stop - 1], validate=True)
            except ValueError:
                raise Irregular from None
            leaf = np.frombuffer(leaf, np.uint8)
        else:
            leaf = NumbersText(body, start, stop)
        if not place(tree, message, _MARK, leaf):
            raise Irregular
        return tree

    def read_any(self, body: Body, message: Schema) -> Tree:
        """Let orjson read the whole text."""
        del message
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


def _numbers(array: Array, *, finite: bool) -> Part:
    if array.size > BLOCK:
        return Texts(_refuse_null(array) if finite else (text for _, text in texts(array)))
    text = dumps(array)
    if finite and b"n" in text:
        _no_number(array)
    return text


def _finite(array: Array) -> bytes | None:
    text = dumps(array)
    return None if b"n" in text else text


def _no_number(array: Array) -> NoReturn:
    at = np.argwhere(~np.isfinite(array))[0]
    raise EncodeError(f"JSON has no {array[tuple(at)]}", "".join(f"[{i}]" for i in at))


def _refuse_null(array: Array) -> Iterator[bytes]:
    for block, text in texts(array):
        if block.size and b"n" in text:
            _no_number(array)
        yield text


def _quote_null(flat: Array) -> Iterator[bytes]:
    for block, text in texts(flat):
        if block.dtype.kind != "f" or b"n" not in text:
            yield text
            continue
        words = [_WORDS[str(number)] for number in block[~np.isfinite(block)].tolist()]
        pieces = text.split(b"null")
        yield pieces[0] + b"".join(map(b"".join, zip(words, pieces[1:], strict=True)))


@lru_cache(maxsize=16)
def _members(name: str) -> re.Pattern[bytes]:
    """Find, in text, a member that may hold an array."""
    names = sorted(array_names(name))
    return re.compile(rb'"(?:%b)"[ \t\r\n]*:[ \t\r\n]*(?=["\[])' % "|".join(names).encode())


def _longest(body: bytes, message: Schema) -> tuple[int, int] | None:
    """Find the array that takes more than half of the text."""
    for match in _members(message.name).finditer(body):
        start = match.end()
        if body[start] == 0x22:
            stop = body.find(b'"', start + 1) + 1
        else:
            stop = body.find(b"}", start)
            quote = body.find(b'"', start, stop)
            stop = body.rfind(b"]", start, quote if quote > 0 else stop) + 1
        if 2 * (stop - start) > len(body):
            return start, stop
    return None
