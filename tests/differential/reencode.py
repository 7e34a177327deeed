"""What decode accepts, encode writes again, and it says the same."""

import random
from typing import Any

import tensorwire as tw
from tests.differential import bodies
from tests.differential.contents import Wrong, attempt, contents, numbers, refused


def check(chance: random.Random) -> bool:
    """Decode a message, valid or written in another way, encode it, and decode that."""
    body = bodies.valid(chance)
    if chance.random() < 0.6:
        body = bodies.rewritten(body, chance)
    return reencoded(body)


def reencoded(body: bodies.Body) -> bool:
    """Hold a message to itself; tell whether it was read."""
    message = attempt(body.decode)
    if refused(message):
        return False
    second = _encoded(body, message)
    if refused(second):
        if _is_known(second):
            return False
        raise Wrong(f"decoded, and not encoded again: {second} - {body.call()}")
    back = body._replace(data=second[0], headers=second[1])
    found = attempt(back.decode)
    if refused(found):
        raise Wrong(f"encoded, and not decoded again: {found} - {body.call()} - {second[0]!r}")
    same = contents(found) == contents(message)
    if not same and body.container == "msgpack":  # float64 values in place of a list of integers
        same = numbers(found) == numbers(message)
    if (
        not same and body.source == "tfserving/json" and hasattr(found, "outputs")
    ):  # a reply of one array drops its name
        same = contents(list(found.outputs.items())) == contents([("", *message.outputs.values())])
    if not same:
        raise Wrong(f"changed by encoding: {found!r} for {message!r} - {body.call()}")
    return True


def _encoded(body: bodies.Body, message: Any) -> Any:
    """Return the message in bytes again; NaN as that protocol's own servers write it."""
    found = attempt(body.protocol().encode, message)
    return attempt(body.protocol().encode, message, missing="any") if refused(found) else found


def _is_known(error: tw.CodecError) -> bool:
    """Return whether a refusal is one of two that are promised.

    A `tensor` is float64 to its readers, though JSON may say integers in it; msgpack has byte
    strings in lists, and `ndarray` has not.
    """
    text = str(error)
    if "integers that float64 represents, got" in text:
        return ".tensor" in error.path
    bare = ("numbers, bools or strings, got", "got bytes", "expected numbers, got strings")
    return any(reason in text for reason in bare)
