"""safetensors: arrays by name, with the numpy face of the library."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from interop.workers.loop import Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read


class Safetensors:
    """The library, loaded."""

    def __init__(self) -> None:
        self.library = import_module("safetensors.numpy")

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        return {"save": {("encode", "request"): self.write, ("decode", "request"): self.read}}

    def write(self, arrays: dict[str, Any], _: Any) -> Encoded:
        """Write a file of arrays."""
        return Encoded(self.library.save(arrays))

    def read(self, encoded: Encoded) -> Read:
        """Read one."""
        return self.library.load(encoded.body), {}


if __name__ == "__main__":
    serve(lambda: Safetensors().offer(), "safetensors", "numpy", "ml_dtypes")
