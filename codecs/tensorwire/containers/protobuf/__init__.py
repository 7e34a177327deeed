"""Trees as protobuf messages: arrays by numpy, every other field by protobuf's own runtime.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from tensorwire import guess, lists
from tensorwire.arrays import check_float64
from tensorwire.containers.protobuf import listvalue, varint
from tensorwire.containers.protobuf.scan import scan
from tensorwire.containers.protobuf.schema import Form, message_class, schema, to_tree
from tensorwire.containers.protobuf.write import simple
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.missing import FINITE, VERIFIED
from tensorwire.tree import Irregular, Leaf, Role, has_leaf, walk
from tensorwire.wire.buffers import array_part
from tensorwire.wire.grid import GridFill, small_array_writer
from tensorwire.wire.stack import with_room

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tensorwire.containers.protobuf.schema import Field, Schema
    from tensorwire.missing import Reading, Words
    from tensorwire.tree import Array, Body, Tree
    from tensorwire.wire.buffers import Part

__all__ = ["Protobuf"]

_MAX_DEPTH = 100  # levels of nested messages that protobuf reads
_SMALL_MAX = 1024  # elements of an array whose constant bytes are cached
_NESTED, _STRINGS, _VALUES = Role.NESTED, Role.STRINGS, Role.VALUES


class Protobuf:
    """Byte for byte what protobuf's runtime writes; numpy reads that form, the runtime others."""

    name = "protobuf"
    media_types: tuple[str, ...] = ("application/x-protobuf", "application/protobuf")
    text = False
    foreign = False
    sized = True

    def write(self, leaf: Leaf) -> Part:
        """Return the array as the content of its field, without tag and length."""
        data = leaf.data
        if leaf.role is _NESTED:
            return _list_value(data, lossy=leaf.lossy)
        if leaf.role in (_STRINGS, Role.ABSENT):
            return b""  # `frame` writes them: each string has its own tag
        if leaf.role is _VALUES and leaf.field is not None and leaf.field.kind != "f":
            return varint.pack(data)
        return array_part(data, leaf.field)

    def small_array_writer(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Return a writer of the memory of the array, or of a list with cached constant bytes."""
        if leaf.role is _NESTED:
            return listvalue.small_array_writer(leaf)
        return small_array_writer(leaf)

    def frame(
        self, tree: Tree, sizes: Iterable[int], message: Schema, words: Words = FINITE
    ) -> list[bytes]:
        """Write tags and lengths around the leaves; the fields are in the order of the tree."""
        del words
        return _frame(tree, message, iter(sizes))[0]

    def before(self, tree: Tree, first: bytes, message: Schema, words: Words = FINITE) -> bytes:
        """Insert fields before those of a message; the field numbers of `tree` are lower."""
        del words
        return _rest(tree, message) + first

    def read(self, body: Body, message: Schema, options: Reading = VERIFIED) -> Tree:
        """Find the arrays by a scan of the tags; protobuf's runtime reads fields of other forms."""
        del options
        tree, rest = scan(body, message)
        for part, field, depth in rest:
            whole = _parse(message.name, field)
            if whole is None:
                raise Irregular
            part.update(_inner(to_tree(whole), depth))
        return tree

    def read_exactly(self, body: Body, options: Reading, tree: Tree | None = None) -> NoReturn:
        """Do nothing: numbers in bytes are never rounded."""
        raise NotImplementedError

    def read_any(self, body: Body, message: Schema) -> Tree:
        """Read the whole message by protobuf's runtime."""
        whole = _parse(message.name, bytes(body))
        if whole is None:
            found = guess.of_bytes(body, "protobuf")
            raise DecodeError(
                f"expected {message.name}, got other bytes, which protobuf refuses", "", found
            )
        tree: Tree = to_tree(whole)
        return tree


def _inner(tree: Any, depth: int) -> Any:
    """Return the only message that is `depth` levels deep in another."""
    for _ in range(depth):
        (tree,) = tree.values()
        tree = tree[0] if type(tree) is list else tree
    return tree


def _frame(tree: Tree, message: Schema, sizes: Iterator[int]) -> tuple[list[bytes], int]:
    """Return the bytes around the leaves of a message, and its length with the leaves in it."""
    pieces, filled = [b""], 0
    plain: Tree = {}
    for name, node in tree.items():
        if not has_leaf(node):
            plain[name] = node
            continue
        pieces[-1] += _rest(plain, message)
        plain = {}
        for inner, size in _occurrences(node, message.fields[name], sizes):
            pieces[-1] += inner[0]
            pieces += inner[1:]
            filled += size
    pieces[-1] += _rest(plain, message)
    return pieces, filled + sum(map(len, pieces))


def _occurrences(
    node: Any, field: Field, sizes: Iterator[int]
) -> Iterator[tuple[list[bytes], int]]:
    """Return the bytes around the leaves of each occurrence of a field, and their size."""
    if isinstance(node, Leaf):
        size = next(sizes)
        if node.role is _STRINGS:
            items = (field.tag + varint.write(len(item)) + item for item in node.data)
            yield [b"".join(items), b""], size
        elif size or field.form not in (Form.FIXED, Form.VARINTS):
            yield [field.tag + varint.write(size), b""], size
        else:
            yield [b"", b""], size
    elif isinstance(node, list):
        for item in node:
            yield from _occurrences(item, field, sizes)
    elif field.form is Form.MAP:
        for key, value in node.items():
            (first, *others), length = _frame(value, schema(field.message), sizes)
            text = key.encode()
            head = b"\x0a" + varint.write(len(text)) + text + b"\x12" + varint.write(length)
            start = field.tag + varint.write(len(head) + length)
            yield [start + head + first, *others], length - sum(map(len, (first, *others)))
    else:
        (first, *others), length = _frame(node, schema(field.message), sizes)
        start = field.tag + varint.write(length)
        yield [start + first, *others], length - sum(map(len, (first, *others)))


def _rest(tree: Tree, message: Schema) -> bytes:
    """Write fields that hold no array: the simple ones here, the others by the runtime."""
    if not tree:
        return b""
    if (written := simple(tree, message)) is None:
        written = _message(tree, message.name).SerializeToString(deterministic=True)
    return written


def _message(tree: Tree, name: str) -> Any:
    """Return a message of protobuf's runtime for a tree without leaves, exactly."""
    from google.protobuf import json_format  # imported on first use
    from google.protobuf.message import EncodeError as Refused

    finite = True
    for place, value in walk(tree, "$", _MAX_DEPTH):
        if type(value) is int and lists.rounds(value):
            raise EncodeError(f"expected integers that float64 represents, got {value}", place)
        finite = finite and (type(value) is not float or isfinite(value))
    json_tree = tree if finite else _quoted(tree, message_class(name).DESCRIPTOR)
    try:
        message = with_room(lambda: json_format.ParseDict(json_tree, message_class(name)()))
        body = message.SerializeToString()
    except Refused:
        body = None
    except (json_format.ParseError, ValueError, TypeError) as error:
        if "recursion depth" not in str(error):
            raise EncodeError(
                f"expected fields that protobuf accepts, got others: {error}"
            ) from None
        body = None
    if body is None or _parse(name, body) is None:
        raise EncodeError(f"expected at most {_MAX_DEPTH} nested messages for protobuf, got more")
    return message


_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
_FLOATS = (1, 2)  # the types of fields, double and float


def _quoted(node: Any, message: Any) -> Any:
    """Return a tree with NaN and infinities in quotes, the form of protobuf's JSON for fields.

    In a google.protobuf.Value they stay numbers.
    """
    if not isinstance(node, dict) or message.full_name.startswith("google.protobuf."):
        return node
    known = {name: field for field in message.fields for name in (field.json_name, field.name)}
    return {
        name: _quoted_field(part, known[name]) if name in known else part
        for name, part in node.items()
    }


def _quoted_field(node: Any, field: Any) -> Any:
    if isinstance(node, list):
        return [_quoted_field(item, field) for item in node]
    if field.type in _FLOATS and isinstance(node, float) and not isfinite(node):
        return _WORDS[str(node)]
    inner = field.message_type
    if inner is None:
        return node
    if inner.GetOptions().map_entry and isinstance(node, dict):
        return {
            key: _quoted_field(item, inner.fields_by_name["value"]) for key, item in node.items()
        }
    return _quoted(node, inner)


def _parse(name: str, body: bytes) -> Any:
    """Read a message by protobuf's runtime; return None where it refuses."""
    from google.protobuf.message import DecodeError as Refused

    try:
        return message_class(name).FromString(body)
    except Refused:
        return None


def _list_value(data: Any, *, lossy: bool) -> Part:
    if (data.ndim if isinstance(data, np.ndarray) else lists.rank(data)) > listvalue.MAX_RANK:
        raise EncodeError(
            f"expected at most {listvalue.MAX_RANK} nested lists for protobuf, got more"
        )
    if isinstance(data, np.ndarray) and data.dtype.kind not in "UT":
        if not lossy:
            check_float64(data)
        if data.size <= _SMALL_MAX:
            return listvalue.encode_small(data)
        return GridFill(listvalue.layout(data.shape, data.dtype.kind == "b"), data)
    if not isinstance(data, list):
        data = data.tolist()
    for number in lists.scalars(data):
        if type(number) is int and lists.rounds(number) and not lossy:
            raise EncodeError(f"expected integers that float64 represents, got {number}")
    message: Any = message_class("google.protobuf.ListValue")()
    try:
        _fill(message, data)
        encoded: bytes = message.SerializeToString()
    except (ValueError, TypeError, OverflowError) as error:
        raise EncodeError(f"expected lists that protobuf accepts, got others: {error}") from None
    return encoded


def _fill(message: Any, nested: list[Any]) -> None:
    """Put nested lists of scalars into a ListValue."""
    left: list[tuple[Any, Any]] = [(message, nested)]
    while left:
        part, items = left.pop()
        for item in items:
            value = part.values.add()
            if isinstance(item, (list, tuple)):
                value.list_value.SetInParent()
                left.append((value.list_value, item))
            elif item is None:
                value.null_value = 0
            elif isinstance(item, bool):
                value.bool_value = item
            elif isinstance(item, str):
                value.string_value = item
            else:
                value.number_value = item
