"""Read the one form in which protobuf writes a message; leave its arrays where they are.

Whatever is not in that form (an unknown field, a field twice, a wrong wire type, unpacked numbers,
a length that is longer than it has to be) is `Irregular`: the official runtime is to read it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.containers.protobuf.listvalue import ListValueSource
from tensorwire.containers.protobuf.packed import few_varints, one_float, one_integer
from tensorwire.containers.protobuf.schema import Form, schema
from tensorwire.tree import Irregular, Role

if TYPE_CHECKING:
    from typing import TypeAlias

    from tensorwire.containers.protobuf.schema import Field, Schema, Tagged
    from tensorwire.tree import Body, Tree

    Rest: TypeAlias = "list[tuple[Tree, bytes, int]]"
    Outer: TypeAlias = Any  # a field and what it lies in, and so on, or at last the Rest

__all__ = ["scan"]

_MESSAGE, _FIXED, _VARINTS, _BYTES = Form.MESSAGE, Form.FIXED, Form.VARINTS, Form.BYTES
_LISTVALUE, _INTEGER, _STRING = Form.LISTVALUE, Form.INTEGER, Form.STRING
_FLOAT, _MAP, _STRINGS = Form.FLOAT, Form.MAP, Role.STRINGS
_U1 = np.dtype(np.uint8)


def scan(body: Body, message: Schema) -> tuple[Tree, Rest]:
    """Give the tree of a message, and the fields in it that only the runtime reads.

    Of each: the tree of the message it belongs to; the bytes of the whole message with all else
    left out; and how many messages deep in that it lies.
    """
    rest: Rest = []
    try:
        return _scan(body, 0, len(body), message.by_tag, rest), rest
    except (IndexError, UnicodeDecodeError):
        raise Irregular from None


def _scan(  # noqa: C901, PLR0912, PLR0915 - a call a field would cost more than the field
    body: Body, pos: int, stop: int, by_tag: dict[int, Tagged], outer: Outer
) -> Tree:
    tree: Tree = {}
    last = 0
    chosen = False
    while pos < stop:
        start = pos
        key, length = body[pos], body[pos + 1]
        pos += 2
        if key > 0x7F:  # a tag of two bytes
            key |= length << 8
            length = body[pos]
            pos += 1
        known = by_tag.get(key)
        if known is None:
            raise Irregular
        number, form, repeated, oneof, name, field = known
        if length > 0x7F and form is not _FLOAT:
            length, pos = varint.read(body, pos - 1)
        if number <= last and (number < last or not repeated):
            raise Irregular
        if oneof:
            if chosen:
                raise Irregular
            chosen = True
        if form is _INTEGER:
            if not length and not oneof:
                raise Irregular  # a zero that nobody writes
            tree[name] = one_integer(length, field)
            last = number
            continue
        if form is _FLOAT:
            tree[name] = one_float(body, pos - 1, field)
            pos, last = pos - 1 + field.dtype.itemsize, number
            continue
        end = pos + length
        if end > stop:
            raise Irregular
        if form is _MESSAGE:
            value: Any = _scan(body, pos, end, schema(field.message).by_tag, (field, outer))
        elif form is _FIXED:
            dtype = field.dtype
            count = length // dtype.itemsize
            if number == last or not count or count * dtype.itemsize != length:
                raise Irregular  # in pieces, or cut
            tree[name] = np.frombuffer(body, dtype, count, pos)
            pos, last = end, number
            continue
        elif form is _LISTVALUE:
            value = ListValueSource(body, pos, end)
        elif form is _VARINTS:
            if number == last or not length:
                raise Irregular
            tree[name] = few_varints(body, pos, length, field)
            pos, last = end, number
            continue
        elif form is _BYTES:
            if not length and not oneof and not repeated:
                raise Irregular
            strings = field.role is _STRINGS
            value = bytes(body[pos:end]) if strings else np.frombuffer(body, _U1, length, pos)
        elif form is _STRING:
            if not length and not repeated:
                raise Irregular
            value = str(body[pos:end], "utf-8")
        elif form is _MAP:
            known_key, value = _entry(body, pos, end, field)
            if known_key in tree.setdefault(name, {}):
                raise Irregular
            tree[name][known_key] = value
            pos, last = end, number
            continue
        elif repeated:
            raise Irregular
        else:
            value = _alone(body, pos, end, field)
            if value is None:
                _leave(tree, bytes(body[start:end]), outer)
                pos, last = end, number
                continue
        if repeated:
            tree.setdefault(name, []).append(value)
        else:
            tree[name] = value
        pos, last = end, number
    if pos != stop:  # a varint ran on past the end
        raise Irregular
    return tree


def _leave(tree: Tree, cut: bytes, outer: Outer) -> None:
    """Leave a field of a message to the runtime, in the messages that this lies in."""
    depth = 0
    while type(outer) is tuple:
        field, outer = outer
        cut, depth = field.tag + varint.write(len(cut)) + cut, depth + 1
    outer.append((tree, cut, depth))


def _entry(body: Body, pos: int, stop: int, field: Field) -> tuple[str, Tree]:
    """Read one entry of a map, which is a message of its own: key = 1, value = 2."""
    if body[pos] != 0x0A:
        raise Irregular
    length, pos = varint.read(body, pos + 1)
    key, pos = str(body[pos : pos + length], "utf-8"), pos + length
    if body[pos] != 0x12:
        raise Irregular
    length, pos = varint.read(body, pos + 1)
    if pos + length != stop:
        raise Irregular
    tree = _alone(body, pos, stop, field)
    if tree is None:
        raise Irregular
    return key, tree


def _alone(body: Body, pos: int, stop: int, field: Field) -> Tree | None:
    """Read a message if all in it can be scanned; None if any of it is the runtime's."""
    if field.message is None or field.message.startswith("google."):
        return None
    rest: Rest = []
    try:
        tree = _scan(body, pos, stop, schema(field.message).by_tag, rest)
    except (Irregular, IndexError, UnicodeDecodeError):
        return None
    return None if rest else tree
