"""Write the plain fields of a message: strings, integers, floats, and messages and maps of those.

The bytes are those of protobuf's runtime, at a tenth of its cost from Python. A value of another
type than its field is left to the runtime, which converts or refuses it.
Source: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.containers.protobuf.schema import Form, schema

if TYPE_CHECKING:
    from tensorwire.containers.protobuf.schema import Field, Schema
    from tensorwire.tree import Tree

__all__ = ["map_order", "simple"]

_DECIMAL = re.compile("0|-?[1-9][0-9]{0,18}")
# Module-level names, because access to a member of an enum is slow.
_MESSAGE, _STRING, _INTEGER, _FLOAT = Form.MESSAGE, Form.STRING, Form.INTEGER, Form.FLOAT
_MAP, _VARINTS = Form.MAP, Form.VARINTS
_SIMPLE = (_MESSAGE, _STRING, _INTEGER, _FLOAT)
_FLOAT64 = struct.Struct("<d")


class _NotSimpleError(Exception):
    """The message must be written by protobuf's runtime."""


def simple(tree: Tree, message: Schema) -> bytes | None:
    """Write the members of a tree by number; return None where the runtime must write them."""
    try:
        return _message(tree, message)
    except (_NotSimpleError, UnicodeEncodeError, KeyError):
        return None


def map_order(key: Any) -> bytes:
    """Return the sort key of the runtime for map keys: a key follows all longer keys it begins.

    The byte 0xFF, which no UTF-8 text contains, gives this order.
    """
    return _utf8(key) + b"\xff"


def _message(tree: Tree, message: Schema) -> bytes:
    known = message.fields
    if len(tree) == 1:  # the most frequent case
        ((name, node),) = tree.items()
        return _field(node, known[name])
    fields = sorted((known[name].number, name) for name in tree)
    return b"".join([_field(tree[name], known[name]) for _, name in fields])


def _field(node: Any, field: Field) -> bytes:
    form = field.form
    if form is _MAP and type(node) is dict:
        names = sorted(node, key=map_order) if len(node) > 1 else node
        return b"".join([_entry(key, node[key], field) for key in names])
    if form is _VARINTS and type(node) is list:
        packed = b"".join([varint.write(_integer(item, field)) for item in node])
        return _delimited(field.tag, packed) if packed else b""
    if form not in _SIMPLE and (field.repeated or not _ours(field)):
        raise _NotSimpleError
    if field.repeated:
        if type(node) is not list:
            raise _NotSimpleError
        return b"".join([_one(item, field) for item in node])
    if field.oneof or form is _MESSAGE or form not in _SIMPLE:
        return _one(node, field)
    if form is _STRING:
        return _one(node, field) if node != "" else b""
    return _one(node, field) if _integer(node, field) else b""


def _one(node: Any, field: Field) -> bytes:
    form = field.form
    if form is _STRING:
        return _delimited(field.tag, _utf8(node))
    if form is _INTEGER:
        return field.tag + varint.write(_integer(node, field))
    if form is _FLOAT:
        if type(node) is not float or field.dtype != np.float64:
            raise _NotSimpleError
        return field.tag + _FLOAT64.pack(node)
    if type(node) is not dict or field.message is None:
        raise _NotSimpleError
    return _delimited(field.tag, _message(node, schema(field.message)))


def _ours(field: Field) -> bool:
    """Return whether a field is a message of this package, whose members may be simple."""
    return field.message is not None and not field.message.startswith("google.")


def _entry(key: Any, node: Any, field: Field) -> bytes:
    if type(node) is not dict:
        raise _NotSimpleError
    value = _message(node, schema(field.message))
    return _delimited(field.tag, _delimited(b"\x0a", _utf8(key)) + _delimited(b"\x12", value))


def _integer(node: Any, field: Field) -> int:
    kind, bits = field.dtype.kind, 8 * field.dtype.itemsize
    if field.enum is not None:
        for number, name in field.enum.items():
            if name == node:
                return number
        raise _NotSimpleError
    if kind == "b":
        if type(node) is not bool:
            raise _NotSimpleError
        return int(node)
    if type(node) is str and _DECIMAL.fullmatch(node):
        node = int(node)
    low, high = (-(1 << bits - 1), 1 << bits - 1) if kind == "i" else (0, 1 << bits)
    if type(node) is not int or not low <= node < high:
        raise _NotSimpleError
    return node


def _utf8(text: Any) -> bytes:
    if type(text) is not str:
        raise _NotSimpleError
    return text.encode()


def _delimited(tag: bytes, content: bytes) -> bytes:
    return tag + varint.write(len(content)) + content
