"""Bytes to SeldonMessage, SeldonMessageList and Feedback, for codecs and protocols alike."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire import guess, lists
from tensorwire.containers.protobuf.schema import schema
from tensorwire.errors import CodecError, DecodeError, shown
from tensorwire.kinds import KINDS
from tensorwire.limits import DEFAULT_LIMITS, checked_limits
from tensorwire.protocols import bodies, fields
from tensorwire.protocols.seldon import customdata, plain
from tensorwire.protocols.seldon.envelope import (
    MESSAGE,
    NamesAsRead,
    has_columns,
    open_message,
    path_of,
    reading,
)
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList
from tensorwire.wire.buffers import as_body, locked
from tensorwire.wire.memo import ViewCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from tensorwire.containers import Container
    from tensorwire.limits import Limits
    from tensorwire.missing import Missing, Reading
    from tensorwire.tree import Array, Body, Tree

    Fields: TypeAlias = tuple[Any, str, Any, dict[str, Any], dict[str, Any]]

__all__ = ["SCHEMAS", "MessageReader", "class_of", "relocated"]

SCHEMAS = {
    Message: MESSAGE,
    MessageList: "seldon.protos.SeldonMessageList",
    Feedback: "seldon.protos.Feedback",
}
_FEEDBACK = ("request", "response", "truth")


def class_of(kind: Any) -> type:
    """Return the class of message that `kind` names; raise `DecodeError` for any other class."""
    for known in (Message, MessageList, Feedback):
        if kind is None or kind is known or (isinstance(kind, type) and issubclass(kind, known)):
            return known
    raise DecodeError(f"expected Message, MessageList or Feedback for type=, got {shown(kind, 60)}")


def relocated(error: CodecError, path: str) -> CodecError:
    """Return an error of an inner message with its path in the outer message."""
    return type(error)(error.reason, path + error.path[1:], error.remedy)


class MessageReader:
    """Reads the messages of one container.

    Parameters
    ----------
    container
        the container of the bytes.

    Attributes
    ----------
    default
        the options of a call without `missing`.
    views
        what messages with nothing but an array mean, by their length: the array for `array`, and
        array and kind for `read`.
    """

    def __init__(self, container: Container) -> None:
        self._container = container
        self._schemas = {kind: schema(name) for kind, name in SCHEMAS.items()}
        self._message = self._schemas[Message]
        self.default = reading(None, container)
        self.views = ViewCache()

    def options(self, missing: Missing | None) -> Reading:
        """Return the options of a call with `missing`."""
        return self.default if missing is None else reading(missing, self._container)

    def array(self, body: Body, kind: str, limits: Any, options: Reading, out: Array | None) -> Any:
        """Return the array of a message of that kind; raise `DecodeError` for another kind.

        It may be a read-only view of the body, of any kind.
        """
        if limits is None and self._container.sized:
            found = self._view(body, kind, _array)
            if found is not None:
                return found[0]
        bounds = DEFAULT_LIMITS if limits is None else checked_limits(limits)
        try:
            fields = bodies.read(
                self._container, body, self._message, self._fields, options, bounds, kind, out
            )
        except DecodeError as error:
            if self._container.name == "protobuf":
                error.suggest(guess.of_tensor(body))
            raise error.within("$") from None
        return fields[0]

    def _view(
        self, body: Body, wanted: str, make: Callable[..., Any] | None = None
    ) -> tuple[Array, str] | None:
        """Return the array of a message with nothing else, and its kind; None for any other.

        Where the message was met before, it is cached with `make`: by default array and kind.
        """
        found = plain.find(self._container.name, body, wanted)
        if found is None:
            return None
        kind, header, dtype, shape = found
        size, start = len(body), len(header)
        if not self.views.is_new((size, header)):
            make = make or (lambda arrays, _: (arrays[0], kind))
            self.views.add(size, header, ((shape, dtype, start),), make)
        return np.ndarray(shape, dtype, locked(body), start), kind

    def read(self, body: Any, kind: type, limits: Any, options: Reading) -> Any:
        """Return the message of a class: Message, MessageList or Feedback."""
        bounds = checked_limits(limits)
        if kind is not Message:
            return self.build(body, kind, self.message, options, bounds, kind)
        if limits is None and self._container.sized:
            body = as_body(body)
            found = self.views.view(body, len(body)) or self._view(body, "")
            if found is not None:
                value, name = found
                return Message(value if KINDS[name].views else value.copy(), name, None, {}, {})
        return self._message_of(self.build(body, kind, self._not_empty, options, bounds))

    def build(
        self, body: Any, kind: type, build: Callable[..., Any], options: Reading, *arguments: Any
    ) -> Any:
        """Call `build` with the tree of a message, the size of the body, and the options."""
        try:
            return bodies.read(
                self._container, body, self._schemas[kind], build, options, *arguments
            )
        except CodecError as error:
            raise error.within("$") from None

    def _fields(  # noqa: PLR0913, PLR0917 - the arguments of `decode`
        self,
        tree: Tree,
        size: int,
        options: Reading,
        limits: Limits,
        wanted: str = "",
        out: Array | None = None,
    ) -> Fields:
        """Return value, kind, names, meta and status: the fields of a `Message`, in its order."""
        kind = ""
        try:
            kind, node, names, meta, status = open_message(tree, foreign=self._container.foreign)
            if meta or status:
                lists.check_numbers({"meta": meta, "status": status}, options, path="$")
            if wanted and kind != wanted:
                raise self._not_wanted(kind, tree)
            if kind in KINDS:
                return (
                    KINDS[kind].value(node, size, limits, out, options),
                    kind,
                    names,
                    meta,
                    status,
                )
            value = other_value(kind, node, self._container, options, size)
        except CodecError as error:
            raise error.within(path_of(kind) if kind else "$") from None
        return value, kind, names, meta, status

    def _not_wanted(self, kind: str, tree: Tree) -> DecodeError:
        """Return the error for a message that does not hold an array of the kind of a codec."""
        remedy = "read it with loads()"
        if kind in KINDS:
            remedy = f"read it with {self._container.name}/{kind}, or with loads()"
            return DecodeError(f"expected another kind, got {kind}", "", remedy)
        if kind:
            return DecodeError(f"expected an array, got {kind}", "", remedy)
        if tree.get("status"):
            return DecodeError("expected an array, got a status alone", "$.status", remedy)
        return DecodeError("expected an array, got no payload", "", guess.of_members(tree))

    def message(
        self, tree: Tree, size: int, options: Reading, limits: Limits, kind: type = Message
    ) -> Any:
        """Return the message of a class that a tree represents; `size` is that of the body."""
        if kind is not Message:
            return self._parts(tree, size, options, limits, kind)
        return self._message_of(self._not_empty(tree, size, options, limits))

    def _not_empty(self, tree: Tree, size: int, options: Reading, limits: Limits) -> Fields:
        """Return the fields of a message; raise `DecodeError` for one without any content."""
        fields = self._fields(tree, size, options, limits)
        if not fields[1]:
            check_not_empty(tree)
        return fields

    @staticmethod
    def _message_of(fields: Fields) -> Message:
        """Return a message; the array of a kind without views is copied."""
        value, kind, names, meta, status = fields
        if kind in KINDS:
            if not KINDS[kind].views and isinstance(value, np.ndarray):
                value = value if value.flags.writeable else value.copy()
            if names is not None and not has_columns(value, names):
                names = NamesAsRead(names)
        return Message(value, kind, names, meta, status)

    def _parts(
        self, tree: Tree, size: int, options: Reading, limits: Limits, kind: type
    ) -> MessageList | Feedback:
        """Return a list of messages or a feedback; the limits apply to all its arrays together."""
        messages: dict[str, Message] = {}
        bounds, used = limits, 0
        for path, node in parts_in(tree, kind, self._container, size):
            try:
                messages[path[2:]] = message = self._message_of(
                    self._fields(node, size, options, bounds)
                )
            except CodecError as error:
                raise relocated(error, path) from None
            used += bodies.owned_nbytes(message.value)
            bounds = limits.after(used, size)
        if kind is MessageList:
            return MessageList(list(messages.values()))
        return Feedback(**messages, reward=reward(tree.get("reward"), self._container, options))


def _array(arrays: list[Array], _: str) -> Array:
    """Return the single array of a cached message."""
    return arrays[0]


def parts_in(tree: Tree, kind: type, container: Container, size: int) -> list[tuple[str, Tree]]:
    """Return the trees of the messages in a list or a feedback, with their paths.

    Raises `DecodeError` for a tree without any member of the class.
    """
    members = ("seldonMessages",) if kind is MessageList else (*_FEEDBACK, "reward")
    other = tree or (size and container.name == "protobuf")  # it drops unknown members
    if other and not any(name in tree for name in members):
        reason = f"expected a {kind.__name__}, with {' or '.join(members)}, got none of them"
        raise DecodeError(reason, "", guess.of_members(tree))
    if kind is MessageList:
        nodes = fields.objects(tree, members[0])
        return [(f"$.{members[0]}[{i}]", node) for i, node in enumerate(nodes)]
    found = [(f"$.{name}", tree[name]) for name in _FEEDBACK if tree.get(name) is not None]
    for path, node in found:
        if type(node) is not dict:
            raise DecodeError(f"expected an object, got {shown(node)}", path)
    return found


def check_not_empty(tree: Tree) -> None:
    """Raise `DecodeError` for a message without payload, meta and status."""
    if tree.get("meta") is None and tree.get("status") is None:
        reason = "expected a SeldonMessage, got one without payload, meta and status"
        raise DecodeError(reason, "", guess.of_members(tree))


def other_value(kind: str, node: Any, container: Container, options: Reading, size: int) -> Any:
    """Return the value of a payload other than an array: text, JSON, customData, or None."""
    if kind == "strData" and type(node) is not str:
        raise DecodeError(f"expected a string, got {shown(node)}")
    if type(node) is not str:
        lists.check_numbers(node, options, size)
    return _custom(node, container) if kind == "customData" else node


def _custom(node: Any, container: Container) -> Any:
    """Return customData: a dict in JSON, an `Any` in containers of bytes."""
    if type(node) is not dict:
        raise DecodeError(f"expected an object, got {shown(node)}")
    if type(node.get("@type")) is str:
        return node
    url, value = node.get("typeUrl", ""), node.get("value", b"")
    opaque = type(url) is str and isinstance(value, (bytes, np.ndarray))
    if not opaque or not node.keys() <= {"typeUrl", "value"} or (node and container.text):
        raise DecodeError("expected an object with '@type', got one without")
    return customdata.Any(url, bytes(value))


def reward(node: Any, container: Container, options: Reading) -> float:
    """Return the reward of a feedback, which may be in quotes."""
    if node is None:
        return 0.0
    try:
        array = lists.numbers([node], DecodeError, options)
    except CodecError as error:
        raise DecodeError(error.reason, "$.reward", error.remedy) from None
    if array.dtype.kind not in "iuf":
        raise DecodeError(f"expected a number, got {shown(node)}", "$.reward")
    number = float(array[0])
    if array.dtype.kind != "f" and lists.rounds(int(array[0])):
        reason = f"expected a number that float64 holds, got {array[0]}"
        raise DecodeError(reason, "$.reward", "write the reward as a float")
    if container.name != "protobuf":
        return number
    return float(str(np.float32(number)))  # by its shortest decimal text
