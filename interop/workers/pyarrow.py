"""pyarrow: Arrow's tensor message."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from interop.workers.loop import Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read


class PyArrow:
    """The library, loaded."""

    def __init__(self) -> None:
        self.library = import_module("pyarrow")

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        return {"tensor": {("encode", "request"): self.write, ("decode", "request"): self.read}}

    def write(self, arrays: dict[str, Any], _: Any) -> Encoded:
        """Write one tensor."""
        (array,) = arrays.values()
        sink = self.library.BufferOutputStream()
        self.library.ipc.write_tensor(self.library.Tensor.from_numpy(array), sink)
        return Encoded(sink.getvalue().to_pybytes())

    def read(self, encoded: Encoded) -> Read:
        """Read it, as a view."""
        tensor = self.library.ipc.read_tensor(self.library.BufferReader(encoded.body))
        return {"0": tensor.to_numpy()}, {}


if __name__ == "__main__":
    serve(lambda: PyArrow().offer(), "pyarrow", "numpy")
