"""The protobuf messages of this package: their classes, fields, and trees.

The descriptors are in a private pool: TensorFlow, Seldon and others register messages of the same
names in protobuf's default pool, in the same process.
"""

from __future__ import annotations

from enum import Enum, auto
from functools import cache
from pkgutil import get_data
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np

from tensorwire.containers.protobuf import varint
from tensorwire.tree import ARRAY, ArrayPlaces, Role

if TYPE_CHECKING:
    from google.protobuf import descriptor_pool
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

    from tensorwire.tree import Places

    Left: TypeAlias = "list[tuple[Any, Any, Any, Any]]"

__all__ = [
    "Field",
    "Form",
    "Schema",
    "descriptor",
    "message_class",
    "pool",
    "schema",
    "to_tree",
]


class Form(Enum):
    """The encoding of a field."""

    MESSAGE = auto()
    STRING = auto()
    INTEGER = auto()
    FLOAT = auto()  # one number of constant size
    FIXED = auto()  # packed numbers of constant size
    VARINTS = auto()  # packed numbers of varying size
    BYTES = auto()
    LISTVALUE = auto()
    MAP = auto()  # of strings to messages
    OPAQUE = auto()  # read by protobuf's runtime


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


class Schema(ArrayPlaces):
    """The fields of one protobuf message, as the scan and the writer need them.

    Attributes
    ----------
    name
        the full name.
    fields
        the fields, by either of their JSON names.
    by_tag
        the fields, by the bytes of their tag.
    """

    __slots__ = ("by_tag", "fields", "name")

    def __init__(
        self, name: str, fields: dict[str, Field], by_tag: dict[int, Tagged], places: Places
    ) -> None:
        super().__init__(places)
        self.name, self.fields, self.by_tag = name, fields, by_tag


# Number, form, repeated, oneof and name of a field, which are read first, and the field.
Tagged: TypeAlias = tuple[int, Form, bool, bool, str, Field]


@cache
def schema(name: str) -> Schema:
    """Return the schema of a message, by full name."""
    fields = [_field(field) for field in descriptor(name).fields]
    by_name = {field.name: field for field, _ in fields}
    by_name.update({original: field for field, original in fields})
    by_tag = {
        int.from_bytes(field.tag, "little"): (
            (field.number, field.form, field.repeated, field.oneof, field.name, field)
        )
        for field, _ in fields
        if field.form is not Form.OPAQUE or field.message
    }
    return Schema(name, by_name, by_tag, _places(name, ()))


def _places(name: str, outer: tuple[str, ...]) -> Places:
    """Return the members that may be arrays; a message within itself is not followed."""
    places: Places = {}
    for member in descriptor(name).fields:
        field, original = _field(member)
        inner: Places = {}
        if field.role is not None:
            inner = {ARRAY: True}
        elif field.form is Form.MESSAGE and field.message and field.message not in (name, *outer):
            inner = _places(field.message, (name, *outer))
        if inner:
            places[field.name] = places[original] = inner
    return places


_NUMBERS = {  # by descriptor type
    1: "<f8", 2: "<f4", 3: "<i8", 4: "<u8", 5: "<i4", 8: "?", 13: "<u4", 14: "<i4",
}  # fmt: skip
_STRING, _MESSAGE, _BYTES = 9, 11, 12  # types of fields


def _field(field: FieldDescriptor) -> tuple[Field, str]:
    repeated = field.default_value == []  # `label` and `is_repeated` are not in every release
    dtype = np.dtype(_NUMBERS.get(field.type, "u1"))
    form, role, message, enum = Form.OPAQUE, None, None, None
    if field.type == _BYTES:
        # Repeated bytes are the elements of an array of strings, but raw_* are one array each.
        strings = repeated and not field.name.startswith("raw_")
        form, role = Form.BYTES, Role.STRINGS if strings else Role.BLOB
    elif field.type == _STRING:
        form = Form.STRING
    elif field.message_type is not None:
        form, message = _message_form(field.message_type)
        outer = field.containing_type
        if form is Form.MESSAGE and outer and _holds(field.message_type, outer.full_name):
            form = Form.OPAQUE  # a recursive message, of any depth
        role = Role.NESTED if form is Form.LISTVALUE else None
    elif field.type in _NUMBERS and repeated:
        form, role = Form.FIXED if dtype.kind == "f" else Form.VARINTS, Role.VALUES
    elif field.type in _NUMBERS:
        form = Form.FLOAT if dtype.kind == "f" else Form.INTEGER
    if field.enum_type is not None:
        enum = {value.number: value.name for value in field.enum_type.values}
    wire_type = 2
    if form in (Form.INTEGER, Form.FLOAT):
        wire_type = {"<f8": 1, "<f4": 5}.get(dtype.str, 0)
    tag = varint.write(field.number << 3 | wire_type)
    oneof = field.containing_oneof is not None
    name, number = field.json_name, field.number
    return Field(name, number, tag, form, role, repeated, dtype, message, enum, oneof), field.name


def _message_form(message: Descriptor) -> tuple[Form, str]:
    """Return the form and the name of a message; for a map, the name is that of its values."""
    name = message.full_name
    if name == "google.protobuf.ListValue":
        return Form.LISTVALUE, name
    if message.GetOptions().map_entry:
        value = message.fields_by_name["value"].message_type
        return (
            (Form.MAP, value.full_name) if value and _to_messages(message) else (Form.OPAQUE, name)
        )
    return Form.MESSAGE if _plain(message) else Form.OPAQUE, name


_WRAPPERS = frozenset({"google.protobuf.Int64Value"})


def _plain(message: Descriptor) -> bool:
    """Return whether the scan reads a message: no map in it is of scalars or well-known types."""
    if message.full_name.startswith("google.protobuf."):
        return message.full_name in _WRAPPERS
    inner = [field.message_type for field in message.fields if field.message_type is not None]
    return all(_to_messages(entry) for entry in inner if entry.GetOptions().map_entry)


def _holds(message: Descriptor, name: str) -> bool:
    """Return whether a message of that name may occur in a message, at any depth."""
    seen: set[str] = set()
    left = [message]
    while left:
        one = left.pop()
        if one.full_name == name:
            return True
        if one.full_name not in seen:
            seen.add(one.full_name)
            left += [field.message_type for field in one.fields if field.message_type is not None]
    return False


def _to_messages(entry: Descriptor) -> bool:
    """Return whether a map is of strings to messages that can be scanned."""
    key, value = entry.fields_by_name["key"], entry.fields_by_name["value"]
    return key.type == _STRING and value.message_type is not None and _plain(value.message_type)


@cache
def pool() -> descriptor_pool.DescriptorPool:
    """Return the private pool of the descriptors of this package."""
    from google.protobuf import descriptor_pb2, descriptor_pool  # imported on first use

    private = descriptor_pool.DescriptorPool()
    data = get_data("tensorwire.containers.protobuf", "descriptors.binpb")
    for file in descriptor_pb2.FileDescriptorSet.FromString(data or b"").file:
        private.AddSerializedFile(file.SerializeToString())
    return private


def descriptor(name: str) -> Descriptor:
    """Return the descriptor of a message, by full name."""
    return pool().FindMessageTypeByName(name)


@cache
def message_class(name: str) -> type[Message]:
    """Return the runtime's class of a message, by full name."""
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(descriptor(name))


_VALUE = "google.protobuf.Value"
_LISTVALUE, _STRUCT = "google.protobuf.ListValue", "google.protobuf.Struct"
_EMPTY = type("Value without a kind", (), {})()  # null in JSON; refused in an array


def to_tree(message: Any) -> Any:
    """Return a message in protobuf's JSON form, but with numbers, NaN and typed arrays as such.

    Messages are nested up to 100 levels, so that the walk is iterative: an inner message is put on
    a stack, with the container and the key of its tree.
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
                tree[field.json_name] = _member(field, value, known[field.json_name], tree, left)
    return whole[0]


def _value(value: Any, holder: Any, key: Any, empty: Any, left: Left) -> Any:
    """Return a scalar of JSON; put a list or an object on the stack."""
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


def _member(field: FieldDescriptor, value: Any, known: Field, tree: Any, left: Left) -> Any:
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
