"""SeldonMessage, SeldonMessageList and Feedback to bytes.

A message with an array is what a `Codec` writes. All others are written here: text, JSON values,
customData, lists of messages, and feedback.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import isfinite, isnan
from types import NoneType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tensorwire import inputs, lists
from tensorwire.arrays import as_array
from tensorwire.containers.protobuf.schema import message_class, schema
from tensorwire.errors import CodecError, EncodeError, UnknownCodecError, is_known, shown, unknown
from tensorwire.frames import is_frame, rows_of
from tensorwire.kinds import KINDS
from tensorwire.protocols import bodies, fields
from tensorwire.protocols.seldon import customdata, envelope
from tensorwire.protocols.seldon.codec import built_in
from tensorwire.protocols.seldon.messages import Feedback, Message, MessageList
from tensorwire.protocols.seldon.reader import SCHEMAS, class_of, relocated
from tensorwire.tree import Leaf, Role, leaves, levels

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.containers import Container
    from tensorwire.missing import Missing, Writing
    from tensorwire.protocols.seldon.codec import Codec
from tensorwire.tree import Tree

__all__ = ["MessageWriter"]

_T = TypeVar("_T")
_KINDS = (*KINDS, *envelope.OTHER_KINDS)
_KIND_OF = (  # the kind of message to suggest for a value
    (str, "strData"),
    ((bytes, bytearray, memoryview), "raw"),
    (dict, "jsonData"),
    ((list, tuple), "ndarray"),
    ((np.ndarray, np.generic, int, float), "tftensor"),
)
_WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}  # as protobuf's JSON has them
_JSON_VALUES = (str, int, float, NoneType)
_DEEP = 24  # levels of JSON whose messages protobuf reads: it nests 100 at most


class MessageWriter:
    """Writes the messages of one container.

    Parameters
    ----------
    container
        the container of the bytes.
    """

    def __init__(self, container: Container) -> None:
        self._container = container
        self._schemas = {kind: schema(name) for kind, name in SCHEMAS.items()}
        self.codecs = {kind: built_in(f"{container.name}/{kind}") for kind in KINDS}

    def write(self, message: Any, *, lossy: bool = False, missing: Missing | None = None) -> bytes:
        """Return the bytes of a message."""
        codec = self._codec_of(message)
        if codec is None:
            return self._write_tree(message, missing, bodies.write, lossy=lossy)
        return codec.encode(message.value, **_beside(message), lossy=lossy, missing=missing)

    def write_parts(
        self, message: Any, *, lossy: bool = False, missing: Missing | None = None
    ) -> list[bytes | memoryview]:
        """Return the bytes of a message as buffers."""
        codec = self._codec_of(message)
        if codec is None:
            return self._write_tree(message, missing, bodies.write_parts, lossy=lossy)
        return codec.encode_parts(message.value, **_beside(message), lossy=lossy, missing=missing)

    def _codec_of(self, message: Any) -> Codec | None:
        """Return the codec that writes a message with an array, None for any other."""
        if isinstance(message, Message) and isinstance(message.kind, str):
            return self.codecs.get(message.kind)
        return None

    def _write_tree(
        self, message: Any, missing: Missing | None, put: Callable[..., _T], *, lossy: bool
    ) -> _T:
        """Return the body or the buffers of a message; `put` is a function of `bodies`."""
        options = envelope.writing(missing)
        try:
            tree = self._tree(message, options, lossy=lossy)
            kind = class_of(type(message))
            body = put(self._container, tree, self._schemas[kind], options.words)
        except CodecError as error:
            raise self._locate_error(error, message, missing, lossy=lossy) from None
        deep = kind is not Message and self._container.name == "protobuf"
        if deep and levels(tree) > _DEEP:
            _check_depth(body, SCHEMAS[kind], message)
        return body

    def status(self, status: dict[str, Any]) -> bytes:
        """Return a message that has only a status."""
        return bodies.write(self._container, {"status": status}, self._schemas[Message])

    def _tree(self, message: Any, options: Writing, *, lossy: bool) -> Tree:
        """Return the tree of a message, its members in the order of their field numbers."""
        if isinstance(message, Message):
            return self._message(message, options, lossy=lossy)
        parts = {
            path[2:]: self._message(one, options, lossy=lossy) for path, one in _parts_of(message)
        }
        if isinstance(message, MessageList):
            return {"seldonMessages": list(parts.values())}
        truth = {"truth": parts.pop("truth")} if "truth" in parts else {}
        return {**parts, "reward": self._reward(message.reward, lossy=lossy), **truth}

    def _message(self, message: Message, options: Writing, *, lossy: bool) -> Tree:
        kind: Any = message.kind
        if not is_known(kind, (*_KINDS, "")):
            raise UnknownCodecError(unknown("the kind of a message", kind, _KINDS), "$")
        value, names = message.value, message.names
        if kind in KINDS and kind != "raw" and is_frame(value):
            value, names = rows_of(value, names)
        try:
            node = self._node(kind, value, options, lossy=lossy)
        except CodecError as error:
            raise error.within(envelope.path_of(kind)) from None
        tree = envelope.members_of(message.meta, message.status)
        if names is not None and kind in KINDS:
            names = envelope.columns_of(names, _array_in(node, value))
        tree |= envelope.wrap(kind, node, names)
        return tree or {"meta": {}}  # an empty body would not be a message

    def _node(self, kind: str, value: Any, options: Writing, *, lossy: bool) -> Any:
        """Return the payload of a message as a tree."""
        if kind in KINDS:
            return KINDS[kind].tree(KINDS[kind].leaf(value, lossy=lossy, options=options))
        if kind == "strData":
            return fields.text(value, "$.strData")
        if kind == "jsonData":
            value = inputs.plain_json(value, "$.jsonData")
            envelope.check_representable(value, "$.jsonData", _JSON_VALUES)
            return _as_floats(value) if lossy and self._container.name == "protobuf" else value
        if kind == "customData":
            return self._custom(value, lossy=lossy)
        if value is not None:
            raise EncodeError(f"expected None for kind '', got {shown(value)}", "$")
        return None

    def _custom(self, value: Any, *, lossy: bool) -> Any:
        """Return an `Any` in the form of the container: an object in JSON, two fields in others."""
        protobuf = self._container.name == "protobuf"
        if isinstance(value, customdata.Any):
            url = fields.text(value.type_url, "$.customData.type_url")
            if not isinstance(value.value, bytes):
                raise EncodeError(f"expected bytes, got {shown(value.value)}", ".value")
        elif isinstance(value, Mapping) and isinstance(value.get("@type"), str):
            value = inputs.plain_json(value, "$.customData")
            envelope.check_representable(value, "$.customData", _JSON_VALUES)
            if not protobuf:
                return dict(value)
            value = customdata.from_json(value, lossy=lossy)
            url = value.type_url
        else:
            raise EncodeError(f"expected an Any, or a dict with '@type', got {shown(value)}")
        if self._container.text:
            return customdata.to_json(value, lossy=lossy)
        if not protobuf:
            return {"typeUrl": url, "value": value.value}
        memory = Leaf(Role.BLOB, np.frombuffer(value.value, np.uint8))
        return {"typeUrl": url, "value": memory if value.value else Leaf(Role.STRINGS, [])}

    def _reward(self, value: Any, *, lossy: bool) -> float | str:
        """Return the reward of a feedback, which protobuf represents as float32."""
        if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and not value.ndim):
            value = value.item()
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise EncodeError(f"expected a number, got {shown(value)}", "$.reward")
        try:
            number = float(value)
        except OverflowError:
            raise EncodeError(f"expected float64, got {shown(value)}", "$.reward") from None
        exact, dtype = not isinstance(value, int) or not lists.rounds(value), "float64"
        if self._container.name == "protobuf":
            dtype = "float32"
            with np.errstate(over="ignore"):
                narrow = np.float32(number)
            if isfinite(number) and not np.isfinite(narrow):
                raise EncodeError(f"expected float32, got {shown(value)}", "$.reward")
            # Exact are the float32 itself, and the float64 of its shortest decimal text.
            exact = exact and (isnan(number) or number in (float(narrow), float(str(narrow))))
            number = float(narrow)
        if not exact and not lossy:
            reason = f"expected a number that {dtype} holds, got {shown(value)}"
            raise EncodeError(reason, "$.reward", "pass lossy=True to round")
        return number if isfinite(number) else _WORDS[str(number)]

    def _locate_error(
        self, error: CodecError, message: Any, missing: Missing | None, *, lossy: bool
    ) -> CodecError:
        """Return an error with the path of the member that is refused alone, too."""
        if not isinstance(message, Message):
            for path, one in _parts_of(message):
                found = _refusal(partial(self.write, one, lossy=lossy, missing=missing))
                if found is not None:
                    return relocated(found, path)
            if error.path == "$":  # the inner messages are too deep in the outer one
                return type(error)(error.reason, _deepest(message), error.remedy)
        elif error.path == "$":  # an error of the container has no path
            member, options = partial(self._write_member, lossy=lossy), envelope.writing(missing)
            for name in ("status", "meta", message.kind):
                found = _refusal(partial(member, message, name, options))
                if found is not None:
                    return found.within(f"$.{name}")
        return error

    def _write_member(self, message: Message, name: str, options: Writing, *, lossy: bool) -> None:
        """Write one member of a message alone."""
        tree = self._message(message, options, lossy=lossy)
        if name in tree:
            bodies.write(self._container, {name: tree[name]}, self._schemas[Message], options.words)


def _refusal(write: Callable[[], Any]) -> CodecError | None:
    """Return the error that a call raises, None where it raises none."""
    try:
        write()
    except CodecError as error:
        return error
    return None


def _beside(message: Message) -> dict[str, Any]:
    """Return names, meta and status of a message where they are set."""
    found: dict[str, Any] = {}
    if message.names is not None:
        found["names"] = message.names
    if type(message.meta) is not dict or message.meta:
        found["meta"] = message.meta
    if type(message.status) is not dict or message.status:
        found["status"] = message.status
    return found


def _parts_of(message: Any) -> list[tuple[str, Message]]:
    """Return the messages in a list or in a feedback, with their paths; raise `EncodeError`."""
    if isinstance(message, MessageList):
        found = fields.listed(message.messages, Message, "$.seldonMessages")
        return [(f"$.seldonMessages[{i}]", one) for i, one in enumerate(found)]
    if not isinstance(message, Feedback):
        kind = next((kind for types, kind in _KIND_OF if isinstance(message, types)), "")
        remedy = f"pass tensorwire.Message(value, {kind!r})" if kind else ""
        reason = f"expected a Message, a MessageList or a Feedback, got {shown(message)}"
        raise EncodeError(reason, "", remedy)
    named = [(name, getattr(message, name)) for name in ("request", "response", "truth")]
    for name, one in named:
        if one is not None and not isinstance(one, Message):
            raise EncodeError(f"expected a Message, got {shown(one)}", f"$.{name}")
    return [(f"$.{name}", one) for name, one in named if one is not None]


def _array_in(node: Any, value: Any) -> Any:
    """Return the array in the tree of a kind, or what has its shape."""
    found = leaves(node)
    if not found:  # a tftensor without elements is a shape alone
        return as_array(value)
    (leaf,) = found
    return leaf[1].data if leaf[1].role is Role.NESTED else leaf[1]


def _as_floats(node: Any) -> Any:
    """Return a JSON value with its integers rounded: numbers of protobuf's JSON are float64."""
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


def _check_depth(body: Any, name: str, message: Any) -> None:
    """Raise `EncodeError` where a message is nested deeper than protobuf reads."""
    from google.protobuf.message import DecodeError as Refused

    try:
        message_class(name).FromString(body if type(body) is bytes else b"".join(body))
    except Refused:
        reason = "expected at most 100 nested messages of protobuf, got more"
        raise EncodeError(reason, _deepest(message)) from None


def _deepest(message: Any) -> str:
    """Return the path of the deepest member in a list of messages or in a feedback."""
    depths = {"$": 0}
    for path, one in _parts_of(message):
        depths[f"{path}.{one.kind}"] = levels(one.value)
        depths[f"{path}.meta"] = levels(one.meta)
    return max(depths, key=lambda path: depths[path])
