"""pickle, protocol 5, of numpy's arrays: in one piece, or the memory beside the pickle.

What is read is what was just written here, over a pipe of our own; a pickle from elsewhere is a
program, and is never to be loaded.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

from interop.workers.loop import Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read

STREAM = "Stream-Length"
"""Bytes of the pickle; the memory of the array follows it."""


class Parts:
    """What is sent piece by piece, and joined for the pipe only."""

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __bytes__(self) -> bytes:
        return b"".join(self.parts)


def write(arrays: dict[str, Any], _: Any) -> Encoded:
    """Write one array in one piece."""
    (array,) = arrays.values()
    return Encoded(pickle.dumps(array, 5))


def read(encoded: Encoded) -> Read:
    """Read it."""
    return {"0": pickle.loads(encoded.body)}, {}  # noqa: S301 - see above


def write_parts(arrays: dict[str, Any], _: Any) -> Encoded:
    """Write one array without a copy of its memory."""
    (array,) = arrays.values()
    memory: list[pickle.PickleBuffer] = []
    stream = pickle.dumps(array, 5, buffer_callback=memory.append)
    parts: Any = Parts(stream, *(each.raw() for each in memory))
    return Encoded(parts, {STREAM: str(len(stream))})


def read_parts(encoded: Encoded) -> Read:
    """Read it as a view of what came."""
    body, size = memoryview(encoded.body), int(encoded.headers[STREAM])
    return {"0": pickle.loads(body[:size], buffers=[body[size:]])}, {}  # noqa: S301 - see above


def offer() -> Offer:
    """Return the implementations of the library: what encodes and decodes."""
    return {
        "in-band": {("encode", "request"): write, ("decode", "request"): read},
        "out-of-band": {("encode", "request"): write_parts, ("decode", "request"): read_parts},
    }


if __name__ == "__main__":
    serve(offer, "numpy", "ml_dtypes")
