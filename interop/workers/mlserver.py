"""MLServer: its codecs, from arrays to types and back, and its types over REST and gRPC."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from interop.workers.loop import SIDES, Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read


class MLServer:
    """The library, loaded."""

    def __init__(self) -> None:
        self.types = import_module("mlserver.types")
        self.codec = import_module("mlserver.codecs").NumpyCodec
        self.json = import_module("mlserver.codecs.json")
        grpc = import_module("mlserver.grpc.converters")
        messages = import_module("mlserver.grpc.dataplane_pb2")
        self.grpc = {
            "request": (grpc.ModelInferRequestConverter, messages.ModelInferRequest),
            "response": (grpc.ModelInferResponseConverter, messages.ModelInferResponse),
        }

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        offer: Offer = {"rest json": {}, "grpc": {}, "grpc typed": {}}
        for side in SIDES:
            offer["rest json"]["encode", side] = partial(self.write_rest, side)
            offer["rest json"]["decode", side] = partial(self.read_rest, side)
            for name in ("grpc", "grpc typed"):
                offer[name]["encode", side] = partial(self.write_grpc, side, raw=name == "grpc")
                offer[name]["decode", side] = partial(self.read_grpc, side)
        return offer

    def _message(self, side: str, arrays: dict[str, Any], fields: dict[str, Any]) -> Any:
        parameters = self.types.Parameters(**fields["parameters"])
        if side == "request":
            return self.types.InferenceRequest(
                id=fields["id"],
                parameters=parameters,
                inputs=[self.codec.encode_input(name, each) for name, each in arrays.items()],
                outputs=[self.types.RequestOutput(name=name) for name in fields["outputs"]] or None,
            )
        return self.types.InferenceResponse(
            id=fields["id"],
            model_name=fields["model_name"],
            model_version=fields["model_version"],
            parameters=parameters,
            outputs=[self.codec.encode_output(name, each) for name, each in arrays.items()],
        )

    def _value(self, tensor: Any) -> Any:
        if tensor.datatype != "BYTES":
            return self.codec.decode_input(tensor)
        # NumpyCodec takes strings of equal length only, StringCodec text only: the data as it is
        elements = np.empty(len(tensor.data), object)
        elements[:] = [each.encode() if isinstance(each, str) else each for each in tensor.data]
        return elements.reshape(tensor.shape)

    def _values(self, side: str, message: Any) -> Read:
        keys = ("id",) if side == "request" else ("id", "model_name", "model_version")
        fields = {key: getattr(message, key) for key in keys}
        fields["parameters"] = message.parameters.model_dump() if message.parameters else {}
        if side == "request":
            fields["outputs"] = [each.name for each in message.outputs or []]
        tensors = message.inputs if side == "request" else message.outputs
        return {each.name: self._value(each) for each in tensors}, fields

    def write_rest(self, side: str, arrays: dict[str, Any], fields: dict[str, Any]) -> Encoded:
        """Write JSON."""
        message = self._message(side, arrays, fields).model_dump()
        return Encoded(self.json.encode_to_json_bytes(message))

    def read_rest(self, side: str, encoded: Encoded) -> Read:
        """Read JSON."""
        of = self.types.InferenceRequest if side == "request" else self.types.InferenceResponse
        message = self.json.decode_from_bytelike_json_to_dict(encoded.body)
        return self._values(side, of.model_validate(message))

    def write_grpc(
        self, side: str, arrays: dict[str, Any], fields: dict[str, Any], *, raw: bool
    ) -> Encoded:
        """Write raw or typed contents."""
        message = self._message(side, arrays, fields)
        model = {key: fields[key] for key in ("model_name", "model_version")}
        converter, _ = self.grpc[side]
        raw_message = converter.from_types(
            message, use_raw=raw, **(model if side == "request" else {})
        )
        return Encoded(raw_message.SerializeToString(deterministic=True))

    def read_grpc(self, side: str, encoded: Encoded) -> Read:
        """Read either."""
        converter, kind = self.grpc[side]
        return self._values(side, converter.to_types(kind.FromString(encoded.body)))


if __name__ == "__main__":
    serve(lambda: MLServer().offer(), "mlserver", "numpy", "orjson", "protobuf", "pydantic")
