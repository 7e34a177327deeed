"""SeldonMessage, SeldonMessageList and Feedback of trees; see `seldon_messages`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import guess, lists
from tensorwire.errors import CodecError, DecodeError, shown
from tensorwire.kinds import KINDS
from tensorwire.missing import VERIFIED
from tensorwire.protocols import bodies, fields
from tensorwire.protocols.seldon import customdata as seldon_any
from tensorwire.protocols.seldon import envelope as seldon
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList

if TYPE_CHECKING:
    from tensorwire.containers import Container
    from tensorwire.limits import Limits
    from tensorwire.missing import Reading
    from tensorwire.tree import Tree

__all__ = ["check_said", "class_of", "from_tree", "other_value", "parts_in", "placed", "reward"]

_FEEDBACK = ("request", "response", "truth")


def class_of(kind: Any) -> type:
    """Give the class of a message that is to be read; raise `DecodeError` for any other class."""
    for known in (Message, MessageList, Feedback):
        if kind is None or kind is known or (isinstance(kind, type) and issubclass(kind, known)):
            return known
    raise DecodeError(f"expected Message, MessageList or Feedback for type=, got {shown(kind, 60)}")


def placed(error: CodecError, place: str) -> CodecError:
    """Move an error of a message to the place of that message in another one."""
    return type(error)(error.reason, place + error.path[1:], error.remedy)


def parts_in(tree: Tree, kind: type, container: Container, payload: int) -> list[tuple[str, Tree]]:
    """Give the trees of the SeldonMessages in a list or a feedback, with their places.

    Raises `DecodeError` where nothing that the class has is there.
    """
    members = ("seldonMessages",) if kind is MessageList else (*_FEEDBACK, "reward")
    unknown = tree or (payload and container.name == "protobuf")  # which leaves them out
    if unknown and not any(name in tree for name in members):
        reason = f"none of {', '.join(members)} is there: this is no {kind.__name__}"
        raise DecodeError(reason, "", guess.of_members(tree))
    if kind is MessageList:
        nodes = fields.objects(tree, members[0])
        return [(f"$.{members[0]}[{i}]", node) for i, node in enumerate(nodes)]
    found = [(f"$.{name}", tree[name]) for name in _FEEDBACK if tree.get(name) is not None]
    for place, node in found:
        if type(node) is not dict:
            raise DecodeError(f"expected an object, got a {type(node).__name__}", place)
    return found


def check_said(tree: Tree, kind: str) -> None:
    """Raise `DecodeError` where a message has no payload, and no meta or status either."""
    if not kind and tree.get("meta") is None and tree.get("status") is None:
        reason = "no payload, no meta and no status: this is no SeldonMessage"
        raise DecodeError(reason, "", guess.of_members(tree))


def from_tree(  # noqa: PLR0913, PLR0917
    tree: Tree,
    kind: type,
    container: Container,
    limits: Limits,
    payload: int,
    how: Reading = VERIFIED,
) -> Message | MessageList | Feedback:
    """Make the message of a class that a tree says; `payload` is the size of the body."""
    if kind is Message:
        message = _message(tree, container, limits, payload, how)
        check_said(tree, message.kind)
        return message
    messages: dict[str, Message] = {}
    bounds, used = limits, 0
    for place, node in parts_in(tree, kind, container, payload):
        try:
            messages[place[2:]] = message = _message(node, container, bounds, payload, how)
        except CodecError as error:
            raise placed(error, place) from None
        used += bodies.taken(message.value)
        bounds = limits.after(used, payload)
    if kind is MessageList:
        return MessageList(list(messages.values()))
    return Feedback(**messages, reward=reward(tree.get("reward"), container, how))


def _message(
    tree: Tree, container: Container, limits: Limits, payload: int, how: Reading
) -> Message:
    kind, node, around = seldon.opened(tree, foreign=container.foreign)
    if around.meta or around.status:
        lists.check_numbers([around.meta, around.status], how)
    try:
        if kind in KINDS:
            value = KINDS[kind].value(node, payload, limits, None, how)
            viewed = isinstance(value, np.ndarray) and not value.flags.writeable
            value = value.copy() if viewed and not KINDS[kind].views else value
            if not seldon.has_columns(value, around.names):
                around = around._replace(names=seldon.NamesAsRead(around.names or ()))
        else:
            value = other_value(kind, node, container, how, payload)
    except CodecError as error:
        raise error.within(seldon.path_of(kind)) from None
    return Message(value, kind, *around)


def other_value(kind: str, node: Any, container: Container, how: Reading, payload: int) -> Any:
    """Return the value of a payload that is no array: text, a JSON value, a customData, or None."""
    if kind == "strData" and type(node) is not str:
        raise DecodeError(f"expected a string, got a {type(node).__name__}")
    if type(node) is not str:
        lists.check_numbers(node, how, payload)
    return _custom(node, container) if kind == "customData" else node


def _custom(node: Any, container: Container) -> Any:
    """Give the object that JSON has, as it came; or an Any, from containers that have bytes."""
    if type(node) is not dict:
        raise DecodeError(f"expected an object, got a {type(node).__name__}")
    if type(node.get("@type")) is str:
        return node
    url, value = node.get("typeUrl", ""), node.get("value", b"")
    opaque = type(url) is str and isinstance(value, (bytes, np.ndarray))
    if not opaque or not node.keys() <= {"typeUrl", "value"} or (node and container.text):
        raise DecodeError("an object without '@type' says of no message what it is")
    return seldon_any.Any(url, bytes(value))


def reward(node: Any, container: Container, how: Reading = VERIFIED) -> float:
    """Return the reward of a feedback, which text may have quoted."""
    if node is None:
        return 0.0
    try:
        array = lists.numbers([node], DecodeError, how)
    except CodecError as error:
        raise DecodeError(error.reason, "$.reward", error.remedy) from None
    if array.dtype.kind not in "iuf":
        raise DecodeError(f"a {type(node).__name__} in place of a number", "$.reward")
    number = float(array[0])
    if array.dtype.kind != "f" and lists.rounds(int(array[0])):
        reason = f"expected a number that float64 holds, got {array[0]}"
        raise DecodeError(f"{reason}; a reward is a float: write it as one", "$.reward")
    if container.name != "protobuf":
        return number
    return float(str(np.float32(number)))  # the shortest decimal that means it
