"""Messages of the official runtime as trees: the slow path, and all that is no array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf.schema import Form, schema

if TYPE_CHECKING:
    from typing import TypeAlias

    from google.protobuf.descriptor import FieldDescriptor

    from tensorwire.containers.protobuf.schema import Field

    # Messages, where in what each goes, and what stands there for a Value that says nothing.
    Left: TypeAlias = "list[tuple[Any, Any, Any, Any]]"

__all__ = ["to_tree"]

_BYTES, _MESSAGE = 12, 11
_VALUE = "google.protobuf.Value"
_LISTVALUE, _STRUCT = "google.protobuf.ListValue", "google.protobuf.Struct"
_EMPTY = type("Value without a kind", (), {})()  # which is null in JSON, and nothing in an array


def to_tree(message: Any) -> Any:
    """Return a message in protobuf's JSON form, but numbers as numbers, NaN kept, arrays typed.

    Messages lie in one another up to a hundred deep, so that none of this calls itself: what is in
    a message waits, with the place where it goes.
    """
    whole: list[Any] = [None]
    left: Left = [(message, whole, 0, None)]
    while left:
        part, holder, key, empty = left.pop()
        name = part.DESCRIPTOR.full_name
        if name == _VALUE:
            holder[key] = _value(part, holder, key, empty, left)
        elif name == _LISTVALUE:
            holder[key] = items = [None] * len(part.values)
            for i, value in enumerate(part.values):
                items[i] = _value(value, items, i, empty, left)
        elif name == _STRUCT:
            holder[key] = members = dict.fromkeys(part.fields)
            for key_, value in part.fields.items():
                members[key_] = _value(value, members, key_, empty, left)
        else:
            tree: dict[str, Any] = {}
            holder[key] = tree
            known = schema(name).fields
            for field, value in part.ListFields():
                tree[field.json_name] = _field(field, value, known[field.json_name], tree, left)
    return whole[0]


def _value(value: Any, holder: Any, key: Any, empty: Any, left: Left) -> Any:
    """Return a scalar of JSON; let a list or an object wait."""
    chosen = value.WhichOneof("kind")
    if chosen == "number_value":
        return value.number_value
    if chosen == "null_value":
        return None
    if chosen is None:
        return empty
    found = getattr(value, chosen)
    if chosen in ("struct_value", "list_value"):
        left.append((found, holder, key, empty))
        return None
    return found


def _field(field: FieldDescriptor, value: Any, known: Field, tree: Any, left: Left) -> Any:
    if known.form in (Form.FIXED, Form.VARINTS):
        return np.asarray(value, known.dtype)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        item = field.message_type.fields_by_name["value"]
        entries = dict.fromkeys(value)
        for key in value:
            entries[key] = _item(item, value[key], entries, key, left)
        return entries
    if known.repeated:
        items = [None] * len(value)
        for i, one in enumerate(value):
            items[i] = _item(field, one, items, i, left)
        return items
    if field.type == _BYTES:
        return np.frombuffer(value, np.uint8)
    return _item(field, value, tree, field.json_name, left)


def _item(field: FieldDescriptor, value: Any, holder: Any, key: Any, left: Left) -> Any:
    if field.type == _MESSAGE:
        array = value.DESCRIPTOR.full_name == _LISTVALUE
        left.append((value, holder, key, _EMPTY if array else None))
        return None
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return value if named is None else named.name
    return value
