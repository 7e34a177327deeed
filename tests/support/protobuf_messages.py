"""Messages of protobuf as trees: drawn by hypothesis, and made by the official runtime."""

from typing import Any

import numpy as np
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from hypothesis import strategies as st

from tensorwire.containers.protobuf.schema import message_class

# Messages that hold no array.
MESSAGES = (
    "inference.InferParameter",
    "inference.ModelMetadataResponse",
    "inference.ModelInferRequest.InferRequestedOutputTensor",
    "inference.ModelInferRequest.InferInputTensor",
    "tensorflow.serving.ModelSpec",
    "tensorflow.TensorShapeProto",
    "seldon.protos.Status",
)
INTEGERS = {3: (-(2**63), 2**63), 4: (0, 2**64), 5: (-(2**31), 2**31), 13: (0, 2**32)}
_BYTES = 12  # the type of a field
_JSON = {f"google.protobuf.{name}" for name in ("ListValue", "Struct", "Value")}


def trees(message: Descriptor) -> st.SearchStrategy[dict[str, Any]]:
    """Draw trees of a message, one member of a oneof at most; contents are arrays, and left out."""
    fields = {f.json_name: field(f) for f in message.fields if f.name != "contents"}
    drawn = st.fixed_dictionaries({}, optional=fields)
    return drawn.filter(
        lambda tree: all(sum(f.json_name in tree for f in o.fields) < 2 for o in message.oneofs)
    )


def field(known: FieldDescriptor) -> st.SearchStrategy[Any]:
    """Draw what a field of a tree holds."""
    message = known.message_type
    if message is not None and message.GetOptions().map_entry:
        return st.dictionaries(st.text(max_size=3), field(message.fields_by_name["value"]))
    if message is not None and message.full_name == "google.protobuf.Int64Value":
        one: st.SearchStrategy[Any] = st.just(5)  # json_format writes a bare number
    elif message is not None:
        one = trees(message)
    elif known.enum_type is not None:
        one = st.sampled_from([value.name for value in known.enum_type.values])
    elif known.type in INTEGERS:
        low, high = INTEGERS[known.type]
        one = st.integers(low, high - 1) | st.sampled_from([0, low, high - 1])
        one |= one.map(str) if low < -(2**32) else one
    else:
        one = {1: st.floats(), 8: st.booleans(), 9: st.text(max_size=200)}[known.type]
    return st.lists(one, max_size=4) if known.default_value == [] else one


def made(name: str, tree: dict[str, Any]) -> Any:
    """Return the runtime's message of a tree."""
    message: Any = message_class(name)()
    fill(message, tree)
    return message


def written(name: str, tree: dict[str, Any]) -> bytes:
    """Return what the runtime writes for a tree, map entries in order."""
    body: bytes = made(name, tree).SerializeToString(deterministic=True)
    return body


def fill(message: Any, tree: dict[str, Any]) -> None:
    """Set the fields of the official runtime's message."""
    for known in message.DESCRIPTOR.fields:
        if known.json_name not in tree:
            continue
        node, inner = tree[known.json_name], known.message_type
        node = node.tolist() if isinstance(node, np.ndarray) and known.type != _BYTES else node
        if inner is not None and inner.GetOptions().map_entry:
            _fill_map(getattr(message, known.name), inner.fields_by_name["value"], node)
        elif inner is not None and known.default_value == []:
            for item in node:
                _fill_message(getattr(message, known.name).add(), item)
        elif inner is not None:
            child = getattr(message, known.name)
            child.SetInParent()
            _fill_message(child, node)
        elif known.default_value == []:
            getattr(message, known.name).extend(_scalar(known, item) for item in node)
        else:
            setattr(message, known.name, _scalar(known, node))


def _fill_map(entries: Any, known: FieldDescriptor, node: dict[str, Any]) -> None:
    for key, value in node.items():
        if known.message_type is None:
            entries[key] = _scalar(known, value)
        else:
            _fill_message(entries[key], value)


def _fill_message(message: Any, node: Any) -> None:
    if message.DESCRIPTOR.full_name in _JSON:
        json_format.ParseDict(node, message)
    else:
        fill(message, node if isinstance(node, dict) else {"value": node})


def _scalar(known: FieldDescriptor, node: Any) -> Any:
    if known.enum_type is not None:
        by_name = known.enum_type.values_by_name
        return by_name[node].number if isinstance(node, str) else node
    if known.type == _BYTES:
        return bytes(node)
    return int(node) if known.type in INTEGERS else node
