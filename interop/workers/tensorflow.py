"""TensorFlow: TensorProto by both of its readers, and TensorFlow Serving's messages around it."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from interop.workers.loop import SIDES, Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read


class TensorFlow:
    """The library, loaded."""

    def __init__(self) -> None:
        self.tf = import_module("tensorflow")
        self.proto = type(self.tf.make_tensor_proto(0))
        predict = import_module("tensorflow_serving.apis.predict_pb2")
        self.kinds = {"request": predict.PredictRequest, "response": predict.PredictResponse}

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        offer: Offer = {
            "make_ndarray": {
                ("encode", "request"): self.write_proto,
                ("decode", "request"): self.read_in_python,
            },
            "parse_tensor": {("decode", "request"): self.read_in_cpp},
            "Predict": {},
        }
        for side in SIDES:
            offer["Predict"]["encode", side] = partial(self.write, side)
            offer["Predict"]["decode", side] = partial(self.read, side)
        return offer

    def write_proto(self, arrays: dict[str, Any], _: Any) -> Encoded:
        """Write one TensorProto."""
        (array,) = arrays.values()
        return Encoded(self.tf.make_tensor_proto(array).SerializeToString(deterministic=True))

    def read_in_python(self, encoded: Encoded) -> Read:
        """Read it with make_ndarray."""
        return {"0": self.tf.make_ndarray(self.proto.FromString(encoded.body))}, {}

    def read_in_cpp(self, encoded: Encoded) -> Read:
        """Read it with parse_tensor."""
        dtype = encoded.body[1]  # behind the tag of the first field; callers know it
        value = self.tf.io.parse_tensor(encoded.body, dtype).numpy()
        return {"0": np.array(value, object) if isinstance(value, bytes) else value}, {}

    def write(self, side: str, arrays: dict[str, Any], fields: dict[str, Any]) -> Encoded:
        """Write a message of TensorFlow Serving."""
        message = self.kinds[side]()
        message.model_spec.name = fields["model_name"]
        message.model_spec.signature_name = fields["signature_name"]
        message.model_spec.version.value = int(fields["model_version"])
        if side == "request":
            message.output_filter.extend(fields["outputs"])
        tensors = message.inputs if side == "request" else message.outputs
        for name, array in arrays.items():
            tensors[name].CopyFrom(self.tf.make_tensor_proto(array))
        return Encoded(message.SerializeToString(deterministic=True))

    def read(self, side: str, encoded: Encoded) -> Read:
        """Read one."""
        message = self.kinds[side].FromString(encoded.body)
        tensors = message.inputs if side == "request" else message.outputs
        spec = message.model_spec
        fields: dict[str, Any] = {
            "model_name": spec.name,
            "signature_name": spec.signature_name,
            "model_version": str(spec.version.value),
        }
        if side == "request":
            fields["outputs"] = list(message.output_filter)
        return {name: self.tf.make_ndarray(each) for name, each in tensors.items()}, fields


if __name__ == "__main__":
    packages = ("tensorflow-cpu", "tensorflow-serving-api", "numpy", "protobuf", "ml_dtypes")
    serve(lambda: TensorFlow().offer(), *packages)
