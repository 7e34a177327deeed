"""What peek tells of a message is what decode gives."""

import random
from typing import Any

import numpy as np

import tensorwire as tw
from tests.differential import bodies
from tests.differential.contents import Wrong, attempt, contents, refused


def check(chance: random.Random) -> bool:
    """Peek into a message, valid, written in another way, or damaged, and decode it."""
    body = bodies.valid(chance)
    way = chance.random()
    if way > 0.3:
        body = bodies.rewritten(body, chance)
    if way > 0.7:
        body = bodies.damaged(body, chance)
    return agrees(body)


def agrees(body: bodies.Body) -> bool:
    """Hold peek to decode; tell whether the message was read."""
    message, seen = attempt(body.decode), attempt(body.peek)
    if refused(message):
        return False
    if refused(seen):
        raise Wrong(f"decoded, and peek refuses it: {seen} - {body.call()}")
    found, wanted = _claims(seen), _arrays(message)
    if len(found) != len(wanted):
        raise Wrong(f"peek tells {found} of {len(wanted)} arrays - {body.call()}")
    for (name, dtype, shape), (label, value) in zip(found, wanted, strict=True):
        if name != label or not _says(dtype, shape, value):
            raise Wrong(f"peek tells {name} {dtype} {shape} of {value!r} - {body.call()}")
    if contents(_around(seen, body)) != contents(_around(message, body)):
        raise Wrong(f"peek tells {seen!r} around {message!r} - {body.call()}")
    return True


def _says(dtype: Any, shape: Any, value: Any) -> bool:
    """Return whether a claim is that of a value; None is no claim."""
    array = np.asarray(value, object) if isinstance(value, (list, bytes, str)) else value
    if shape is not None and shape != array.shape:
        return False
    if dtype is None:
        return True
    if isinstance(value, (list, bytes)):  # byte strings of which numpy would drop a NUL
        return bool(dtype == np.dtype("S")) and all(type(x) is bytes for x in array.ravel())
    if dtype == np.dtype("S"):
        return bool(array.dtype.kind == "S")
    return bool(dtype == array.dtype)


def _claims(seen: Any) -> list[Any]:
    return [(tensor.name, tensor.dtype, tensor.shape) for tensor in seen.tensors]


def _arrays(message: Any) -> list[Any]:
    if isinstance(message, tw.Message):
        return [("", message.value)] if _is_array(message) else []
    if isinstance(message, tw.seldon.MessageList):
        return [
            (f"seldonMessages[{i}]", one.value)
            for i, one in enumerate(message.messages)
            if _is_array(one)
        ]
    if isinstance(message, tw.seldon.Feedback):
        parts = [(name, getattr(message, name)) for name in ("request", "response", "truth")]
        return [(name, one.value) for name, one in parts if one is not None and _is_array(one)]
    tensors = message.inputs if hasattr(message, "inputs") else message.outputs
    if isinstance(tensors, list):
        return [(tensor.name, tensor.value) for tensor in tensors]
    return list(tensors.items())


def _is_array(message: Any) -> bool:
    return message.kind in ("ndarray", "tensor", "tftensor", "raw")


def _around(message: Any, body: bodies.Body) -> Any:
    if body.family == "oip":
        return message.id, message.model_name, dict(message.parameters)
    if body.kind is tw.Message:
        return message.kind, message.names, dict(message.meta), dict(message.status)
    return None
