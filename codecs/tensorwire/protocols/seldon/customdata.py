"""google.protobuf.Any, the type of customData: the bytes of a message, and its type.

JSON has an object instead, the members of the message beside `@type`. To convert one into the
other, the type has to be known: protobuf's default pool has the well-known types, and those whose
generated modules the program has imported.
Source: https://protobuf.dev/reference/protobuf/google.protobuf/#any
"""

from __future__ import annotations

import typing
from dataclasses import dataclass
from importlib import import_module

from tensorwire import lists
from tensorwire.errors import EncodeError, shown
from tensorwire.tree import walk
from tensorwire.wire.stack import with_room

if typing.TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Any", "from_json", "to_json"]

_MAX_DEPTH = 100  # levels of nested messages that protobuf reads
_WELL_KNOWN = ("duration", "empty", "field_mask", "struct", "timestamp", "wrappers")
_JSON_OF_THEIR_OWN = frozenset(  # which is in the member `value`
    f"google.protobuf.{name}"
    for name in (
        *("Any", "Duration", "FieldMask", "ListValue", "Struct", "Timestamp", "Value"),
        *("BoolValue", "BytesValue", "DoubleValue", "FloatValue", "StringValue"),
        *("Int32Value", "Int64Value", "UInt32Value", "UInt64Value"),
    )
)


@dataclass(frozen=True, slots=True)
class Any:
    r"""A message of any type, in bytes: google.protobuf.Any.

    Parameters
    ----------
    type_url : str, default ""
        The type of the message, as in ``type.googleapis.com/google.protobuf.Duration``.
    value : bytes, default b""
        The bytes of the message.

    Examples
    --------
    >>> import tensorwire as tw
    >>> duration = tw.seldon.Any("type.googleapis.com/google.protobuf.Duration", b"\x08\x03")
    >>> tw.dumps(tw.Message(duration, "customData")).decode()
    '{"customData":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"3s"}}'
    """

    type_url: str = ""
    value: bytes = b""


def from_json(tree: Mapping[str, typing.Any], *, lossy: bool) -> Any:
    """Pack a JSON object; raise `EncodeError` where its type cannot represent it."""
    for place, value in walk(tree, "", _MAX_DEPTH):
        if type(value) is int and lists.rounds(value) and not lossy:
            reason = f"expected integers that float64 represents, got {value}"
            raise EncodeError(reason, place, "pass str(value) for an int64")
    runtime = import_module("google.protobuf.json_format")
    known = _class_of(tree["@type"])
    if known.DESCRIPTOR.full_name in _JSON_OF_THEIR_OWN and len(tree) > 2:
        got = ", ".join(map(shown, tree))
        raise EncodeError(f"expected only the members '@type' and 'value', got {got}")
    try:
        packed = with_room(lambda: runtime.ParseDict(tree, _packed()))
    except (*_REFUSALS, runtime.Error) as error:
        reason = f"expected an object of the type, got another: {str(error) or repr(error)}"
        raise EncodeError(reason) from None
    return Any(packed.type_url, packed.value)


def to_json(message: Any, *, lossy: bool) -> dict[str, typing.Any]:
    """Return the JSON object of a message; raise `EncodeError` where JSON would lose a value."""
    if message == Any():
        return {}
    runtime, known = import_module("google.protobuf.json_format"), _class_of(message.type_url)
    from google.protobuf.message import DecodeError as Refused

    try:
        content = known.FromString(message.value)
        tree: dict[str, typing.Any] = with_room(lambda: runtime.MessageToDict(_packed(message)))
        again = with_room(lambda: runtime.ParseDict(tree, _packed()))
    except (*_REFUSALS, runtime.Error, Refused) as error:
        reason = f"expected the bytes of {message.type_url}, got others: {error}"
        raise EncodeError(reason, ".value") from None
    if again.value != content.SerializeToString(deterministic=True) and not lossy:
        reason = "expected a message that JSON represents, got unknown fields or other values"
        raise EncodeError(reason, ".value", "pass lossy=True to drop them")
    return tree


_REFUSALS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)


def _packed(message: Any | None = None) -> typing.Any:
    """Return the `Any` of protobuf's runtime."""
    packed = import_module("google.protobuf.any_pb2").Any()
    if message is not None:
        packed.type_url, packed.value = message.type_url, message.value
    return packed


def _class_of(type_url: str) -> typing.Any:
    """Find the runtime's class of a message in protobuf's default pool."""
    from google.protobuf import descriptor_pool, message_factory

    for name in _WELL_KNOWN:
        import_module(f"google.protobuf.{name}_pb2")
    name = type_url.rpartition("/")[2]
    try:
        return message_factory.GetMessageClass(
            descriptor_pool.Default().FindMessageTypeByName(name)
        )
    except (LookupError, ValueError, TypeError):
        reason = f"expected a type that protobuf's default pool has, got {shown(name, 80)}"
        raise EncodeError(reason, "", "import its module, or use seldon/protobuf") from None
