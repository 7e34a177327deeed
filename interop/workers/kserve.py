"""KServe: the objects of its Python server and client, on both sides of both transports."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

from interop.workers.loop import LENGTH, SIDES, Encoded, serve

if TYPE_CHECKING:
    from interop.workers.loop import Offer, Read


class KServe:
    """The library, loaded."""

    def __init__(self) -> None:
        self.types = import_module("kserve.protocol.infer_type")
        self.rest = import_module("kserve.protocol.rest.v2_datamodels")
        self.messages = import_module("kserve.protocol.grpc.grpc_predict_v2_pb2")
        self.datatype_of = import_module("kserve.utils.numpy_codec").from_np_dtype
        self.orjson = import_module("orjson")

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        offer: Offer = {"rest binary": {}, "rest json": {}, "grpc": {}, "grpc typed": {}}
        for side in SIDES:
            for name, calls in offer.items():
                rest, binary = name.startswith("rest"), name in ("rest binary", "grpc")
                write = self.write_rest if rest else self.write_grpc
                calls["encode", side] = partial(write, side, binary=binary)
                calls["decode", side] = partial(self.read_rest if rest else self.read_grpc, side)
        return offer

    def _message(
        self, side: str, arrays: dict[str, Any], fields: dict[str, Any], *, binary: bool
    ) -> Any:
        kind = self.types.InferInput if side == "request" else self.types.InferOutput
        tensors = []
        for name, array in arrays.items():
            one = kind(name, list(array.shape), self.datatype_of(array.dtype))
            one.set_data_from_numpy(array, binary_data=binary)
            tensors.append(one)
        message = {key: fields[key] for key in ("model_name", "model_version", "parameters")}
        if side == "request":
            message["request_id"] = fields["id"]
            outputs = [self.types.RequestedOutput(name) for name in fields["outputs"]]
            return self.types.InferRequest(infer_inputs=tensors, request_outputs=outputs, **message)
        message |= {"response_id": fields["id"], "use_binary_outputs": binary}
        return self.types.InferResponse(infer_outputs=tensors, **message)

    def _values(self, side: str, message: Any) -> Read:
        fields = {"id": message.id, "model_name": message.model_name}
        fields["parameters"] = self.types.to_http_parameters(message.parameters or {})
        if side == "request":
            fields["outputs"] = [each.name for each in message.request_outputs or []]
        tensors = message.inputs if side == "request" else message.outputs
        return {each.name: each.as_numpy() for each in tensors}, fields

    def write_rest(
        self, side: str, arrays: dict[str, Any], fields: dict[str, Any], *, binary: bool
    ) -> Encoded:
        """Write as the client posts, or as the server's endpoint answers."""
        message, size = self._message(side, arrays, fields, binary=binary).to_rest()
        if size is not None:
            return Encoded(message, {LENGTH: str(size)})
        if side == "response":
            checked = self.rest.InferenceResponse.model_validate(message)
            return Encoded(checked.model_dump_json().encode())
        return Encoded(self.orjson.dumps(message))

    def read_rest(self, side: str, encoded: Encoded) -> Read:
        """Read as the server's endpoint does, or as the client."""
        size = int(encoded.headers.get(LENGTH, len(encoded.body)))
        if side == "response":
            return self._values(side, self.types.InferResponse.from_bytes(encoded.body, size))
        if LENGTH in encoded.headers:
            message = self.types.InferRequest.from_bytes(encoded.body, size, "model")
        else:
            checked = self.rest.InferenceRequest.model_validate_json(encoded.body)
            message = self.types.InferRequest.from_inference_request(checked, "model")
        return self._values(side, message)

    def write_grpc(
        self, side: str, arrays: dict[str, Any], fields: dict[str, Any], *, binary: bool
    ) -> Encoded:
        """Write raw or typed contents."""
        message = self._message(side, arrays, fields, binary=binary).to_grpc()
        return Encoded(message.SerializeToString(deterministic=True))

    def read_grpc(self, side: str, encoded: Encoded) -> Read:
        """Read either."""
        if side == "request":
            message = self.messages.ModelInferRequest.FromString(encoded.body)
            return self._values(side, self.types.InferRequest.from_grpc(message))
        message = self.messages.ModelInferResponse.FromString(encoded.body)
        return self._values(side, self.types.InferResponse.from_grpc(message))


if __name__ == "__main__":
    serve(lambda: KServe().offer(), "kserve", "numpy", "orjson", "protobuf", "pydantic")
