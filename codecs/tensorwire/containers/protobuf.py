"""Trees as protobuf messages: arrays by numpy, every other field by protobuf's own runtime.

Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import lists
from tensorwire.dtypes import check_float64
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.tree import Irregular, Role, cut, walk
from tensorwire.wire import listvalue, varint
from tensorwire.wire.messages import to_tree
from tensorwire.wire.parts import GridFill, array_part
from tensorwire.wire.scan import scan
from tensorwire.wire.schema import Form, message_class, schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.tree import Array, Body, Leaf, Tree
    from tensorwire.wire.parts import Part
    from tensorwire.wire.schema import Schema

__all__ = ["Protobuf"]


_FEW = 1024  # elements whose surroundings are remembered
_NESTED, _STRINGS, _VALUES = Role.NESTED, Role.STRINGS, Role.VALUES


class Protobuf:
    """Byte for byte what protobuf writes; read by numpy where the bytes are in that form."""

    name = "protobuf"
    media_types: tuple[str, ...] = ("application/x-protobuf", "application/protobuf")
    text = False
    sized = True

    def write(self, leaf: Leaf) -> Part:
        """Give the array as the content of its field, without tag and length."""
        data = leaf.data
        if leaf.role is _NESTED:
            return _list_value(data, lossy=leaf.lossy)
        if leaf.role in (_STRINGS, Role.ABSENT):
            return b""  # each has a tag of its own, which is for `frame` to write
        if leaf.role is _VALUES and leaf.field is not None and leaf.field.kind != "f":
            return varint.pack(data)
        return array_part(data, leaf.field)

    def shortcut(self, leaf: Leaf) -> Callable[[Array], bytes | None] | None:
        """Write the memory of the array, or the nested list whose other bytes are remembered."""
        if leaf.role is _NESTED:
            return listvalue.writer_of_few(leaf.data.shape)
        same = leaf.field is None or leaf.field == leaf.data.dtype  # never `in`: None is float64
        return np.ndarray.tobytes if same else None

    def frame(self, tree: Tree, size: int, message: Schema) -> tuple[bytes, bytes]:
        """Let protobuf write the tree without its leaf, and put tags and lengths around that.

        The leaf is the last field of its message, and so is each message on the way to it.
        """
        rest, path, leaf = cut(tree)
        part = _message(rest, message.name)
        levels = []
        for name in path:
            field = message.fields[name]
            descriptor = part.DESCRIPTOR.fields_by_number[field.number]
            levels.append((part, descriptor.name, field))
            if field.form is Form.MESSAGE:
                part, message = getattr(part, descriptor.name), schema(field.message)
        if leaf is None:
            return part.SerializeToString(deterministic=True), b""
        prefix = b""
        for part, name, field in reversed(levels):
            head = part.__class__()
            head.CopyFrom(part)
            head.ClearField(name)
            inner = len(prefix) + size
            if leaf.role is Role.STRINGS and not prefix:
                tag = b"".join(field.tag + varint.write(len(item)) + item for item in leaf.data)
            elif field.repeated and not inner:
                tag = b""
            else:
                tag = field.tag + varint.write(inner)
            prefix = head.SerializeToString(deterministic=True) + tag + prefix
        return prefix, b""

    def read(self, body: Body, message: Schema) -> Tree:
        """Find the arrays by a scan of the tags, and let protobuf read the fields around them."""
        tree, rest = scan(body, message)
        if rest:
            envelope = _parse(message.name, rest)
            if envelope is None:
                raise Irregular
            tree |= to_tree(envelope)
        return tree

    def read_any(self, body: Body, message: Schema) -> Tree:
        """Let protobuf read the whole message."""
        whole = _parse(message.name, bytes(body))
        if whole is None:
            raise DecodeError(f"not a {message.name}, says protobuf")
        tree: Tree = to_tree(whole)
        return tree


def _message(tree: Tree, name: str) -> Any:
    """Let protobuf make a message of a tree that has no leaf, exactly."""
    from google.protobuf import json_format  # on first use, not on import

    for place, value in walk(tree, "$"):
        if type(value) is int and lists.rounds(value):
            raise EncodeError(f"{value} is not exact in float64", place)
    try:
        message = json_format.ParseDict(tree, message_class(name)())
    except (json_format.ParseError, ValueError, TypeError, RecursionError) as error:
        raise EncodeError(f"protobuf refuses the envelope: {error}") from None
    if _parse(name, message.SerializeToString()) is None:
        raise EncodeError("the envelope is nested deeper than protobuf reads")
    return message


def _parse(name: str, body: bytes) -> Any:
    """Let protobuf read a message; None where it refuses."""
    from google.protobuf.message import DecodeError as Refused

    try:
        return message_class(name).FromString(body)
    except (Refused, RecursionError):
        return None


def _list_value(data: Any, *, lossy: bool) -> Part:
    if (data.ndim if isinstance(data, np.ndarray) else lists.rank(data)) > listvalue.MAX_RANK:
        raise EncodeError(f"protobuf reads no more than {listvalue.MAX_RANK} nested lists")
    if isinstance(data, np.ndarray) and data.dtype.kind not in "UT":
        if not lossy:
            check_float64(data)
        if data.size <= _FEW:
            return listvalue.encode_few(data)
        return GridFill(listvalue.layout(data.shape, data.dtype), data)
    if not isinstance(data, list):
        data = data.tolist()
    for number in lists.scalars(data):
        if type(number) is int and lists.rounds(number) and not lossy:
            raise EncodeError(f"{number} is not exact in float64")
    message: Any = message_class("google.protobuf.ListValue")()
    try:
        message.extend(data)
        encoded: bytes = message.SerializeToString()
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise EncodeError(f"protobuf refuses the lists: {error}") from None
    return encoded
