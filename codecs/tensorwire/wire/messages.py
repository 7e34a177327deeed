"""Messages of the official runtime as trees: the slow path, and all that is no array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.wire.schema import Form, schema

if TYPE_CHECKING:
    from google.protobuf.descriptor import FieldDescriptor

    from tensorwire.wire.schema import Field

__all__ = ["to_tree"]

_BYTES, _MESSAGE = 12, 11
_VALUE = "google.protobuf.Value"
_LISTVALUE, _STRUCT = "google.protobuf.ListValue", "google.protobuf.Struct"


def to_tree(message: Any) -> Any:
    """Give a message in protobuf's JSON form, but numbers as numbers, NaN kept and arrays typed."""
    name = message.DESCRIPTOR.full_name
    if name == _VALUE:
        chosen = message.WhichOneof("kind")
        value = None if chosen in (None, "null_value") else getattr(message, chosen)
        return to_tree(value) if chosen in ("struct_value", "list_value") else value
    if name == _LISTVALUE:
        return [to_tree(value) for value in message.values]
    if name == _STRUCT:
        return {key: to_tree(value) for key, value in message.fields.items()}
    known = schema(name).fields
    return {
        field.json_name: _field(field, value, known[field.json_name])
        for field, value in message.ListFields()
    }


def _field(field: FieldDescriptor, value: Any, known: Field) -> Any:
    if known.form in (Form.FIXED, Form.VARINTS):
        return np.asarray(value, known.dtype)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        item = field.message_type.fields_by_name["value"]
        return {key: _item(item, value[key]) for key in value}
    if known.repeated:
        return [_item(field, item) for item in value]
    if field.type == _BYTES:
        return np.frombuffer(value, np.uint8)
    return _item(field, value)


def _item(field: FieldDescriptor, value: Any) -> Any:
    if field.type == _MESSAGE:
        return to_tree(value)
    if field.enum_type is not None:
        named = field.enum_type.values_by_number.get(value)
        return value if named is None else named.name
    return value
