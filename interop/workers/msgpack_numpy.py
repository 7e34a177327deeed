"""msgpack-numpy: an array as a map in msgpack. It reads nothing here but what it or we wrote."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from interop.workers.loop import Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read


class MsgpackNumpy:
    """The library, loaded."""

    def __init__(self) -> None:
        self.library = import_module("msgpack_numpy")

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        return {"packb": {("encode", "request"): self.write, ("decode", "request"): self.read}}

    def write(self, arrays: dict[str, Any], _: Any) -> Encoded:
        """Write one array."""
        (array,) = arrays.values()
        return Encoded(self.library.packb(array))

    def read(self, encoded: Encoded) -> Read:
        """Read it."""
        return {"0": self.library.unpackb(encoded.body)}, {}


if __name__ == "__main__":
    serve(lambda: MsgpackNumpy().offer(), "msgpack-numpy", "msgpack", "numpy")
