"""SeldonMessage, SeldonMessageList and Feedback as trees; see `seldon_messages`."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite, isnan
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import inputs, lists
from tensorwire.errors import CodecError, EncodeError, UnknownCodecError, is_known, shown, unknown
from tensorwire.frames import is_frame, rows_of
from tensorwire.kinds import KINDS
from tensorwire.missing import STRICT
from tensorwire.protocols import fields
from tensorwire.protocols.seldon import customdata as seldon_any
from tensorwire.protocols.seldon import envelope as seldon
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList
from tensorwire.tree import Leaf, Role, leaves

if TYPE_CHECKING:
    from tensorwire.containers import Container
    from tensorwire.missing import Writing
    from tensorwire.tree import Tree

__all__ = ["around", "is_bare", "parts_of", "to_tree"]

_KINDS = (*KINDS, "strData", "jsonData", "customData")
_OF_VALUES = (
    (str, "strData"),
    ((bytes, bytearray, memoryview), "raw"),
    (dict, "jsonData"),
    ((list, tuple), "ndarray"),
    ((np.ndarray, np.generic, int, float), "tftensor"),
)
_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}  # as protobuf's JSON has them


def parts_of(message: Any) -> list[tuple[str, Message]]:
    """Give the messages in a list or in a feedback, with their places; raise `EncodeError`."""
    if isinstance(message, MessageList):
        found = fields.listed(message.messages, Message, "$.seldonMessages")
        return [(f"$.seldonMessages[{i}]", one) for i, one in enumerate(found)]
    if not isinstance(message, Feedback):
        reason = f"expected a Message, a MessageList or a Feedback, got {shown(message)}"
        raise EncodeError(f"{reason}{_as_message(message)}")
    named = [(name, getattr(message, name)) for name in ("request", "response", "truth")]
    for name, one in named:
        if one is not None and not isinstance(one, Message):
            raise EncodeError(f"a {type(one).__name__} in place of a Message", f"$.{name}")
    return [(f"$.{name}", one) for name, one in named if one is not None]


def _as_message(value: Any) -> str:
    """Return the message to pass instead of a value, empty where there is no telling."""
    for kinds, kind in _OF_VALUES:
        if isinstance(value, kinds):
            return f"; pass tensorwire.Message(value, {kind!r})"
    return ""


def to_tree(message: Any, container: Container, how: Writing = STRICT, *, lossy: bool) -> Tree:
    """Make the tree of a message, its members in the order of their numbers."""
    if isinstance(message, Message):
        return _message(message, container, how, lossy=lossy)
    parts = {
        place[2:]: _message(one, container, how, lossy=lossy) for place, one in parts_of(message)
    }
    if isinstance(message, MessageList):
        return {"seldonMessages": list(parts.values())}
    truth = {"truth": parts.pop("truth")} if "truth" in parts else {}
    return {**parts, "reward": _reward(message.reward, container, lossy=lossy), **truth}


def _message(message: Message, container: Container, how: Writing, *, lossy: bool) -> Tree:
    kind: Any = message.kind
    if not is_known(kind, (*_KINDS, "")):
        raise UnknownCodecError(unknown("the kind of a message", kind, _KINDS), "$")
    value, names = message.value, message.names
    if kind in KINDS and kind != "raw" and is_frame(value):
        value, names = rows_of(value, names)
    try:
        node = _node(kind, value, container, how, lossy=lossy)
    except CodecError as error:
        raise error.within(seldon.path_of(kind)) from None
    tree = seldon.around(message.meta, message.status)
    if names is not None and kind in KINDS:
        names = seldon.columns_of(names, _array_in(node))
    tree |= seldon.wrap(kind, node, names)
    return tree or {"meta": {}}  # which tells a message that says nothing from none


def _array_in(node: Any) -> Any:
    """Return what has the shape of the array in the tree of a kind."""
    (leaf,) = leaves(node)
    return leaf[1].data if leaf[1].role is Role.NESTED else leaf[1]


def _node(kind: str, value: Any, container: Container, how: Writing, *, lossy: bool) -> Any:
    if kind in KINDS:
        return KINDS[kind].tree(KINDS[kind].leaf(value, lossy=lossy, how=how))
    if kind == "strData":
        return fields.text(value, "$.strData")
    if kind == "jsonData":
        value = inputs.plain_json(value, "$.jsonData")
        seldon.check_sayable(value, "$.jsonData", (str, int, float, NoneType))
        return _as_floats(value) if lossy and container.name == "protobuf" else value
    if kind == "customData":
        return _custom(value, container, lossy=lossy)
    if value is not None:
        raise EncodeError(f"a {type(value).__name__} as the value of no kind", "$")
    return None


def _as_floats(node: Any) -> Any:
    """Return a JSON value with its integers rounded: all numbers of protobuf's are float64."""
    whole: list[Any] = [node]
    left: list[Any] = [whole]
    while left:
        part = left.pop()
        for key, one in part.items() if isinstance(part, dict) else enumerate(part):
            if isinstance(one, (Mapping, list, tuple)):
                part[key] = dict(one) if isinstance(one, Mapping) else list(one)
                left.append(part[key])
            elif type(one) is int:
                part[key] = float(one)
    return whole[0]


def _custom(value: Any, container: Container, *, lossy: bool) -> Any:
    """Give an Any, or the object that JSON has in its place, as the container has it."""
    protobuf = container.name == "protobuf"
    if isinstance(value, seldon_any.Any):
        url = fields.text(value.type_url, "$.customData.type_url")
        if not isinstance(value.value, bytes):
            raise EncodeError(f"a {type(value.value).__name__} in place of bytes", ".value")
    elif isinstance(value, Mapping) and isinstance(value.get("@type"), str):
        value = inputs.plain_json(value, "$.customData")
        seldon.check_sayable(value, "$.customData", (str, int, float, NoneType))
        if not protobuf:
            return dict(value)
        value = seldon_any.from_json(value, lossy=lossy)
        url = value.type_url
    else:
        raise EncodeError("customData is an Any, or the object with '@type' that JSON has")
    if container.text:
        return seldon_any.to_json(value, lossy=lossy)
    if not protobuf:
        return {"typeUrl": url, "value": value.value}
    memory = Leaf(Role.BLOB, np.frombuffer(value.value, np.uint8))
    return {"typeUrl": url, "value": memory if value.value else Leaf(Role.STRINGS, [])}


def _reward(value: Any, container: Container, *, lossy: bool) -> float | str:
    """Give the reward of a feedback, which protobuf carries as float32."""
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
        value = value.item()
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise EncodeError(f"a {type(value).__name__} in place of a number", "$.reward")
    try:
        number = float(value)
    except OverflowError:
        raise EncodeError("an integer beyond float64", "$.reward") from None
    exact = not isinstance(value, int) or not lists.rounds(value)
    if container.name == "protobuf":
        with np.errstate(over="ignore"):
            narrow = np.float32(number)
        if isfinite(number) and not np.isfinite(narrow):
            raise EncodeError(f"{value} is beyond float32", "$.reward")
        # What is exact is the float32 itself, or the shortest decimal that means it.
        exact = exact and (isnan(number) or number in (float(narrow), float(str(narrow))))
        number = float(narrow)
    if not exact and not lossy:
        raise EncodeError(f"{value} is not exact; lossy=True accepts the loss", "$.reward")
    return number if isfinite(number) else _WORDS[str(number)]


def is_bare(message: Message) -> bool:
    """Tell whether nothing stands around an array."""
    meta, status = message.meta, message.status
    if meta.__class__ is not dict or status.__class__ is not dict:
        return False
    return message.names is None and not meta and not status


def around(message: Message) -> dict[str, Any]:
    """Give what stands around an array, where there is anything."""
    found: dict[str, Any] = {}
    if message.names is not None:
        found["names"] = message.names
    if type(message.meta) is not dict or message.meta:
        found["meta"] = message.meta
    if type(message.status) is not dict or message.status:
        found["status"] = message.status
    return found
