"""What decode accepts, encode writes again, and it says the same."""

import random
from typing import Any

import numpy as np

import tensorwire as tw
from tests.differential import bodies
from tests.differential.told import Wrong, attempt, numbers, refused, told


def check(chance: random.Random) -> bool:
    """Decode a message, valid or written in another way, encode it, and decode that."""
    body = bodies.valid(chance)
    if chance.random() < 0.6:
        body = bodies.rewritten(body, chance)
    return again(body)


def again(body: bodies.Body) -> bool:
    """Hold a message to itself; tell whether it was read."""
    message = attempt(body.decode)
    if refused(message):
        return False
    second = _encoded(body, message)
    if refused(second):
        raise Wrong(f"decoded, and not encoded again: {second} - {body.call()}")
    back = body._replace(data=second[0], headers=second[1])
    found = attempt(back.decode)
    if refused(found):
        raise Wrong(f"encoded, and not decoded again: {found} - {body.call()} - {second[0]!r}")
    same = told(found) == told(message)
    if not same and body.container == "msgpack":  # float64 values in place of a list of integers
        same = numbers(found) == numbers(message)
    if (
        not same and body.source == "tfserving/json" and hasattr(found, "outputs")
    ):  # a reply of one array drops its name
        same = told(list(found.outputs.items())) == told([("", *message.outputs.values())])
    if not same:
        raise Wrong(f"changed by encoding: {found!r} for {message!r} - {body.call()}")
    return True


def _encoded(body: bodies.Body, message: Any) -> Any:
    """Return the message in bytes again; NaN as that protocol's own servers write it."""
    found = attempt(body.protocol().encode, message)
    if refused(found) and _has_missing(message):
        try:
            return attempt(body.protocol().encode, message, missing="any")
        except Wrong as wrong:
            raise Wrong(f"{wrong} - {body.call()}") from None
    return found


def _has_missing(message: Any) -> bool:
    """Tell whether an array of a message has a value that is not finite."""
    if isinstance(message, tw.Message):
        arrays = [message.value]
    elif hasattr(message, "messages"):
        return any(map(_has_missing, message.messages))
    elif hasattr(message, "reward"):
        inner = (message.request, message.response, message.truth)
        return any(_has_missing(one) for one in inner if one is not None)
    else:
        tensors = message.inputs if hasattr(message, "inputs") else message.outputs
        arrays = [t.value for t in tensors] if isinstance(tensors, list) else list(tensors.values())
    return any(
        isinstance(array, np.ndarray) and array.dtype.kind == "f" and not np.isfinite(array).all()
        for array in arrays
    )
