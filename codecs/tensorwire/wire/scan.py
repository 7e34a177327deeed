"""Read the one form in which protobuf writes a message; leave its arrays where they are.

Whatever is not in that form (an unknown field, a field twice, a wrong wire type, unpacked numbers, a
length that is longer than it has to be) is `Irregular`: the official runtime is to read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.tree import Irregular
from tensorwire.wire import varint
from tensorwire.wire.listvalue import ListValueSource
from tensorwire.wire.schema import Form, schema

if TYPE_CHECKING:
    from tensorwire.tree import Body, Tree
    from tensorwire.wire.schema import Field, Schema

__all__ = ["scan"]

_MESSAGE, _FIXED, _VARINTS, _BYTES = Form.MESSAGE, Form.FIXED, Form.VARINTS, Form.BYTES
_LISTVALUE, _INTEGER, _STRING = Form.LISTVALUE, Form.INTEGER, Form.STRING
_MAY_BE_EMPTY = frozenset({Form.MESSAGE, Form.LISTVALUE, Form.OPAQUE})
_U1 = np.dtype(np.uint8)
_FEW = 64  # bytes of varints that are not worth numpy


def scan(body: Body, message: Schema) -> tuple[Tree, bytes]:
    """Give the tree of a message, and the bytes of those fields that only the runtime reads."""
    rest: list[bytes] = []
    try:
        tree = _scan(body, 0, len(body), message, rest)
    except (IndexError, UnicodeDecodeError):
        raise Irregular from None
    return tree, b"".join(rest)


def _scan(body: Body, pos: int, stop: int, message: Schema, rest: list[bytes] | None) -> Tree:
    tree: Tree = {}
    by_tag = message.by_tag
    last = 0
    chosen = False
    while pos < stop:
        start = pos
        key = body[pos]
        if key > 0x7F:
            pos += 1
            key |= body[pos] << 8
        length = body[pos + 1]
        pos += 2
        if length > 0x7F:
            length, pos = varint.read(body, pos - 1)
        known = by_tag.get(key)
        if known is None:
            raise Irregular
        form, number, repeated, oneof, name, field = known
        if number <= last and not (repeated and number == last):
            raise Irregular
        if oneof:
            if chosen:
                raise Irregular
            chosen = True
        elif not length and form not in _MAY_BE_EMPTY and not repeated:
            raise Irregular  # a zero that nobody writes
        if form is _INTEGER:
            tree[name] = _integer(length, field)
            last = number
            continue
        end = pos + length
        if end > stop:
            raise Irregular
        if form is _MESSAGE:
            value: Any = _scan(body, pos, end, schema(field.message), None)
        elif form is _FIXED:
            count, extra = divmod(length, field.dtype.itemsize)
            if extra or number == last:  # in pieces
                raise Irregular
            value, repeated = np.frombuffer(body, field.dtype, count, pos), False
        elif form is _VARINTS:
            if number == last:
                raise Irregular
            value, repeated = _varints(body, pos, length, field), False
        elif form is _BYTES:
            value = bytes(body[pos:end]) if repeated else np.frombuffer(body, _U1, length, pos)
        elif form is _LISTVALUE:
            value = ListValueSource(body, pos, end)
        elif form is _STRING:
            value = str(body[pos:end], "utf-8")
        else:
            if rest is None:
                raise Irregular
            rest.append(bytes(body[start:end]))
            value, repeated = None, True
        if not repeated:
            tree[name] = value
        elif value is not None:
            tree.setdefault(name, []).append(value)
        pos, last = end, number
    return tree


def _varints(body: Body, pos: int, length: int, field: Field) -> Any:
    if length > _FEW or field.dtype.kind == "b":
        return varint.unpack(np.frombuffer(body, _U1, length, pos), field.dtype)
    few = body[pos : pos + length]
    if not length or max(few) < 0x80:
        return list(few)
    numbers, end = [], pos + length
    while pos < end:
        number, pos = varint.read(body, pos)
        numbers.append(_integer(number, field))
    if pos > end:
        raise Irregular
    return numbers


def _integer(number: int, field: Field) -> Any:
    kind, bits = field.dtype.kind, field.dtype.itemsize * 8
    if kind == "b":
        return number != 0
    number &= (1 << bits) - 1
    if kind == "i" and number >> (bits - 1):
        number -= 1 << bits
    return field.enum.get(number, number) if field.enum else number
