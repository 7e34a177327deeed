"""Read messages in the form that protobuf's runtime writes; arrays become views of the payload.

Other forms (an unknown field, a field twice, a wrong wire type, unpacked numbers, a varint that is
longer than necessary) raise `Irregular`: protobuf's runtime reads them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.containers.protobuf.listvalue import ListValueSource
from tensorwire.containers.protobuf.schema import Form, schema
from tensorwire.tree import Irregular, Role, check_out

if TYPE_CHECKING:
    from typing import TypeAlias

    from tensorwire.containers.protobuf.schema import Field, Schema, Tagged
    from tensorwire.limits import Limits
    from tensorwire.tree import Array, Body, Tree

    Rest: TypeAlias = "list[tuple[Tree, bytes, int]]"
    Outer: TypeAlias = Any

__all__ = [
    "VarintsSource",
    "few_varints",
    "one_float",
    "one_integer",
    "scan",
]

_MESSAGE, _FIXED, _VARINTS, _BYTES = Form.MESSAGE, Form.FIXED, Form.VARINTS, Form.BYTES
_LISTVALUE, _INTEGER, _STRING = Form.LISTVALUE, Form.INTEGER, Form.STRING
_FLOAT, _MAP, _STRINGS = Form.FLOAT, Form.MAP, Role.STRINGS
_U1 = np.dtype(np.uint8)


def scan(body: Body, message: Schema) -> tuple[Tree, Rest]:
    """Return the tree of a message, and the fields in it that only the runtime reads.

    For each of these fields: the tree of its message; the bytes of the whole message with this
    field only; and its depth in that message.
    """
    rest: Rest = []
    try:
        return _scan(body, 0, len(body), message.by_tag, rest), rest
    except (IndexError, UnicodeDecodeError):
        raise Irregular from None


def _scan(  # noqa: C901, PLR0912, PLR0915 - a function call for each field would cost more
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
                raise Irregular  # a zero: protobuf does not write default values
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
                raise Irregular  # in several pieces, or cut off
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
                _defer(tree, bytes(body[start:end]), outer)
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


def _defer(tree: Tree, cut: bytes, outer: Outer) -> None:
    """Leave a field to the runtime, wrapped in the messages around it."""
    depth = 0
    while type(outer) is tuple:
        field, outer = outer
        cut, depth = field.tag + varint.write(len(cut)) + cut, depth + 1
    outer.append((tree, cut, depth))


def _entry(body: Body, pos: int, stop: int, field: Field) -> tuple[str, Tree]:
    """Read one entry of a map, which is a message: key = 1, value = 2."""
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
    """Read a message if all its fields can be scanned; None if the runtime must read one."""
    if field.message is None or field.message.startswith("google."):
        return None
    rest: Rest = []
    try:
        tree = _scan(body, pos, stop, schema(field.message).by_tag, rest)
    except (Irregular, IndexError, UnicodeDecodeError):
        return None
    return None if rest else tree


_MOST = 2**31 - 1
_LOOP_MAX = 64  # bytes of varints that Python decodes faster than numpy


class VarintsSource:
    """Packed varints in `body`, from `start` on."""

    __slots__ = ("_body", "_dtype", "_length", "_start")

    def __init__(self, body: Body, start: int, length: int, dtype: np.dtype[Any]) -> None:
        self._body, self._start, self._length, self._dtype = body, start, length, dtype

    def read(self, limits: Limits, out: Array | None = None) -> Array:
        """Decode them to the dtype of their field."""
        packed = np.frombuffer(self._body, np.uint8, self._length, self._start)
        array = varint.unpack(packed, self._dtype)
        del limits  # at most eight times the payload; the kind checks the limits
        if out is None:
            return array
        check_out(out, array.shape, array.dtype)
        out[...] = array
        return out


def one_float(body: Body, pos: int, field: Field) -> float:
    """Read one float of constant size."""
    if pos + field.dtype.itemsize > len(body):
        raise Irregular
    number = float(np.frombuffer(body, field.dtype, 1, pos)[0])
    if not number and not field.oneof:
        raise Irregular  # a zero: protobuf does not write default values; or -0.0
    return number


def few_varints(body: Body, pos: int, length: int, field: Field) -> Any:
    """Read packed varints if they are few, else return a `Source`."""
    if length > _LOOP_MAX:
        return VarintsSource(body, pos, length, field.dtype)
    few = body[pos : pos + length]
    if max(few) < 0x80:
        bools = field.dtype.kind == "b"
        return np.frombuffer(few, np.uint8).astype(np.bool_) if bools else list(few)
    numbers, end = [], pos + length
    while pos < end:
        number, pos = varint.read(body, pos)
        numbers.append(one_integer(number, field))
    if pos > end:
        raise Irregular
    return numbers


def one_integer(number: int, field: Field) -> Any:
    """Convert a varint to the bool, integer or enum name of its field."""
    if number <= _MOST and field.enum is None and field.dtype.kind != "b":
        return number
    kind, bits = field.dtype.kind, field.dtype.itemsize * 8
    if kind == "b":
        return number != 0
    number &= (1 << bits) - 1
    if kind == "i" and number >> (bits - 1):
        number -= 1 << bits
    return field.enum.get(number, number) if field.enum else number
