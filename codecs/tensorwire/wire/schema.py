"""Our message descriptors, in a pool of their own, and what of them the fast paths know.

The pool is private: TensorFlow, Seldon and others register the same message names in protobuf's
default pool, and must be able to do so in the same process, before or after us.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import cache
from pkgutil import get_data
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from tensorwire.tree import Role
from tensorwire.wire import varint

if TYPE_CHECKING:
    from google.protobuf import descriptor_pool
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

__all__ = ["Field", "Form", "Schema", "array_names", "message_class", "schema"]


class Form(Enum):
    """How a field lies in the bytes."""

    MESSAGE = auto()
    STRING = auto()
    INTEGER = auto()
    FIXED = auto()  # packed numbers of constant size
    VARINTS = auto()  # packed numbers of varying size
    BYTES = auto()
    LISTVALUE = auto()
    OPAQUE = auto()  # for the official runtime


class Field(NamedTuple):
    """One field of a message."""

    name: str
    number: int
    tag: bytes
    form: Form
    role: Role | None
    repeated: bool
    dtype: np.dtype[Any]
    message: str | None
    enum: dict[int, str] | None
    oneof: bool

    @property
    def schema(self) -> Schema | None:
        """What the fast paths know of the message in this field, None if that is nothing."""
        return schema(self.message) if self.message and self.form is Form.MESSAGE else None


class Schema(NamedTuple):
    """One message: its fields by either of their JSON names, and by the bytes of their tag."""

    name: str
    fields: dict[str, Field]
    by_tag: dict[int, Tagged]


Tagged: TypeAlias = tuple[int, Form, bool, bool, str, Field]  # what a scan asks first


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    from google.protobuf import descriptor_pb2, descriptor_pool  # on first use, not on import

    pool = descriptor_pool.DescriptorPool()
    data = get_data("tensorwire.wire", "descriptors.binpb")
    for file in descriptor_pb2.FileDescriptorSet.FromString(data or b"").file:
        pool.AddSerializedFile(file.SerializeToString())
    return pool


@cache
def message_class(name: str) -> type[Message]:
    """Give the runtime's class of a message, by full name."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(name))


@cache
def array_names(name: str) -> frozenset[str]:
    """Give the names of all members that hold an array, in a message and those within it."""
    names: set[str] = set()
    seen: set[str] = set()
    todo = [schema(name)]
    while todo:
        message = todo.pop()
        if message.name in seen:
            continue
        seen.add(message.name)
        for key, field in message.fields.items():
            if field.role is not None:
                names.add(key)
            elif field.schema is not None:
                todo.append(field.schema)
    return frozenset(names)


@cache
def schema(name: str) -> Schema:
    """Give what the fast paths know of a message, by full name."""
    fields = [_field(field) for field in _pool().FindMessageTypeByName(name).fields]
    by_name = {field.name: field for field, _ in fields}
    by_name.update({original: field for field, original in fields})
    by_tag = {
        int.from_bytes(field.tag, "little"): (
            (field.number, field.form, field.repeated, field.oneof, field.name, field)
        )
        for field, _ in fields
        if field.form is not Form.OPAQUE or field.message
    }
    return Schema(name, by_name, by_tag)


_NUMBERS = {  # by descriptor type
    1: "<f8", 2: "<f4", 3: "<i8", 4: "<u8", 5: "<i4", 8: "?", 13: "<u4", 14: "<i4",
}  # fmt: skip
_STRING, _BYTES = 9, 12


def _field(field: FieldDescriptor) -> tuple[Field, str]:
    repeated = field.default_value == []  # `label` and `is_repeated` are not in every release
    dtype = np.dtype(_NUMBERS.get(field.type, "u1"))
    form, role, message, enum = Form.OPAQUE, None, None, None
    if field.type == _BYTES:
        form, role = Form.BYTES, Role.STRINGS if repeated else Role.BLOB
    elif field.type == _STRING:
        form = Form.STRING
    elif field.message_type is not None:
        message = field.message_type.full_name
        if message == "google.protobuf.ListValue":
            form, role = Form.LISTVALUE, Role.NESTED
        elif _plain(field.message_type):
            form = Form.MESSAGE
    elif field.type in _NUMBERS and repeated:
        form, role = Form.FIXED if dtype.kind == "f" else Form.VARINTS, Role.VALUES
    elif field.type in _NUMBERS and dtype.kind != "f":
        form = Form.INTEGER
    if field.enum_type is not None:
        enum = {value.number: value.name for value in field.enum_type.values}
    tag = varint.write(field.number << 3 | (0 if form is Form.INTEGER else 2))
    oneof = field.containing_oneof is not None
    name, number = field.json_name, field.number
    return Field(name, number, tag, form, role, repeated, dtype, message, enum, oneof), field.name


def _plain(message: Descriptor) -> bool:
    """Tell whether a message is neither one of protobuf's own nor holds a map."""
    return not message.full_name.startswith("google.protobuf.") and not any(
        field.message_type is not None and field.message_type.GetOptions().map_entry
        for field in message.fields
    )
