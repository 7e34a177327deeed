"""ONNX: its TensorProto, by numpy_helper; another message than TensorFlow's of that name."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from interop.workers.loop import Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read


class Onnx:
    """The library, loaded."""

    def __init__(self) -> None:
        self.proto = import_module("onnx").TensorProto
        self.helper = import_module("onnx.numpy_helper")

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        return {
            "numpy_helper": {("encode", "request"): self.write, ("decode", "request"): self.read}
        }

    def write(self, arrays: dict[str, Any], _: Any) -> Encoded:
        """Write one TensorProto."""
        (array,) = arrays.values()
        return Encoded(self.helper.from_array(array).SerializeToString(deterministic=True))

    def read(self, encoded: Encoded) -> Read:
        """Read it."""
        return {"0": self.helper.to_array(self.proto.FromString(encoded.body))}, {}


if __name__ == "__main__":
    serve(lambda: Onnx().offer(), "onnx", "numpy", "protobuf", "ml_dtypes")
