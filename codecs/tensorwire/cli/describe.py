"""A message as plain values: what programs get as JSON, and what the text for people is made of."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from types import NoneType
from typing import TYPE_CHECKING, Any

import numpy as np

import tensorwire as tw

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["describe", "plain"]

# In this order, and left out where they are empty.
_FIELDS = (
    "kind",
    "model_name",
    "model_version",
    "version",
    "version_label",
    "signature_name",
    "id",
    "names",
    "parameters",
    "output_filter",
    "meta",
    "status",
    "reward",
)
_NO_ARRAY = ("strData", "jsonData", "customData", "")


def describe(message: Any, first: int) -> dict[str, Any]:
    """Say what a message holds.

    Arrays stand in ``tensors``, with the `first` values of each, other payloads in ``value``, plain
    values among arrays in ``values``, the outputs that a request asks for in ``outputs``, and
    messages in a message in ``messages``.
    """
    facts = {name: plain(getattr(message, name, None)) for name in _FIELDS}
    facts = {name: value for name, value in facts.items() if value not in (None, "", [], {})}
    inner = list(_messages(message))
    if inner:
        facts["messages"] = [{"member": name} | describe(one, first) for name, one in inner]
    elif isinstance(message, tw.Message) and message.kind in _NO_ARRAY:
        facts |= {"value": plain(message.value)} if message.kind else {}
    else:
        tensors = list(_tensors(message))
        found = [_tensor(*tensor, first) for tensor in tensors if _is_array(tensor[1])]
        others = {name: plain(value) for name, value, _ in tensors if not _is_array(value)}
        facts |= {"values": others} if others else {}
        facts["tensors"] = found
    if isinstance(message, tw.oip.InferRequest) and message.outputs:
        outputs = [{"name": one.name, "parameters": one.parameters} for one in message.outputs]
        facts["outputs"] = plain(outputs)
    return facts


def _messages(message: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(message, tw.seldon.MessageList):
        yield from ((f"{i}", inner) for i, inner in enumerate(message.messages))
    elif isinstance(message, tw.seldon.Feedback):
        members = (("request", message.request), ("response", message.response))
        both = (*members, ("truth", message.truth))
        yield from ((name, inner) for name, inner in both if inner is not None)


def _tensors(message: Any) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Give the arrays of a message: name, value, and what else is known of each."""
    if isinstance(message, tw.Message):
        yield "", message.value, {}
        return
    tensors = getattr(message, "inputs", None)
    if tensors is None:
        tensors = getattr(message, "outputs", message)
    if isinstance(message, (dict, list)):  # of arrays, and of more such
        yield from _nested(message, "")
    elif isinstance(tensors, Mapping):
        yield from ((name, value, {}) for name, value in tensors.items())
    elif isinstance(message, (tw.oip.InferRequest, tw.oip.InferResponse)):
        for one in tensors:
            more = {"datatype": one.datatype}
            more |= {"parameters": plain(one.parameters)} if one.parameters else {}
            yield one.name, one.value, more
    else:
        yield "", tensors, {}


def _nested(value: Any, place: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Give the leaves of dicts and lists, each by its place in them."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _nested(inner, f"{place}.{name}" if place else str(name))
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _nested(inner, f"{place}[{i}]")
    else:
        yield place, value, {}


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic, list))


def _tensor(name: str, value: Any, more: dict[str, Any], first: int) -> dict[str, Any]:
    if isinstance(value, (bytes, bytearray, memoryview)):
        value = np.frombuffer(value, np.uint8)
    if isinstance(value, list):  # what no dtype holds: rows of several types, bytes ending in NUL
        flat, shape = _flat(value)
        dtype = "bytes" if all(isinstance(item, bytes) for item in flat) else "mixed"
        size = sum(len(item) if isinstance(item, (bytes, str)) else 8 for item in flat)
        start = flat[:first]
    else:
        shape, size = value.shape, value.nbytes
        dtype = {"S": "bytes", "U": "str", "T": "str"}.get(value.dtype.kind, value.dtype.name)
        # The shortest text that reads back in the array's own dtype: float32 0.1 is 0.1.
        short = complex if "complex" in dtype else float if "float" in dtype else None
        start = [short(str(x)) if short else x for x in value.reshape(-1)[:first]]
    facts = {"name": name, "dtype": dtype, **more, "shape": list(shape)}
    return facts | {"elements": math.prod(shape), "bytes": size, "first": plain(start)}


def _flat(nested: list[Any]) -> tuple[list[Any], list[int]]:
    shape: list[int] = []
    flat: list[Any] = nested
    while True:
        if not shape:
            shape.append(len(flat))
        if not flat or not isinstance(flat[0], list):
            return flat, shape
        shape.append(len(flat[0]))
        flat = [item for row in flat for item in row]


def plain(value: Any) -> Any:
    """Say a value in JSON: NaN by its name, bytes as text or in base64, complex as a pair."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, np.ndarray)):
        return [plain(inner) for inner in value]
    if isinstance(value, complex):
        return [plain(value.real), plain(value.imag)]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    return value if isinstance(value, (str, int, float, NoneType)) else str(value)


def _text(value: bytes) -> str | dict[str, str]:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(value).decode()}
