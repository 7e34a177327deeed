"""tritonclient: writes requests and reads replies, as Triton's clients do."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from interop.workers.loop import LENGTH, Encoded, serve

if TYPE_CHECKING:
    from collections.abc import Callable

    from interop.workers.loop import Offer, Read, Write

KEYS = ("id", "model_name", "model_version")


class Triton:
    """The library, loaded."""

    def __init__(self) -> None:
        self.http = import_module("tritonclient.http")
        self.grpc = import_module("tritonclient.grpc")
        self.shared = import_module("tritonclient.utils")
        self.messages = import_module("tritonclient.grpc.service_pb2")
        # What `infer` calls before it sends.
        self.request_of = import_module("tritonclient.grpc._utils")._get_inference_request  # noqa: SLF001

    def offer(self) -> Offer:
        """Return the implementations of the library: what encodes and decodes."""
        read = {("decode", "response"): self.read_http}
        return {
            "http binary": {("encode", "request"): self.write_http(lambda _: True), **read},
            "http json": {("encode", "request"): self.write_http(lambda _: False), **read},
            "http mixed": {("encode", "request"): self.write_http(lambda i: i % 2 == 0), **read},
            "grpc": {
                ("encode", "request"): self.write_grpc,
                ("decode", "response"): self.read_grpc,
                ("decode", "request"): self.read_messages,
            },
        }

    def _input(self, module: Any, name: str, array: Any) -> Any:
        datatype = self.shared.np_to_triton_dtype(array.dtype)
        return module.InferInput(name, list(array.shape), datatype)

    def write_http(self, binary: Callable[[int], bool]) -> Write:
        """Write requests, some of their tensors in binary."""

        def write(arrays: dict[str, Any], fields: dict[str, Any]) -> Encoded:
            inputs = [
                self._input(self.http, name, array).set_data_from_numpy(array, binary(index))
                for index, (name, array) in enumerate(arrays.items())
            ]
            body, size = self.http.InferenceServerClient.generate_request_body(
                inputs,
                outputs=[self.http.InferRequestedOutput(name) for name in fields["outputs"]],
                request_id=fields["id"],
                parameters=fields["parameters"],
            )
            return Encoded(body, {} if size is None else {LENGTH: str(size)})

        return write

    def read_http(self, encoded: Encoded) -> Read:
        """Read a reply."""
        size = encoded.headers.get(LENGTH)
        result = self.http.InferenceServerClient.parse_response_body(
            encoded.body, header_length=None if size is None else int(size)
        )
        message = result.get_response()
        arrays = {each["name"]: result.as_numpy(each["name"]) for each in message["outputs"]}
        return arrays, {key: message.get(key) for key in (*KEYS, "parameters")}

    def write_grpc(self, arrays: dict[str, Any], fields: dict[str, Any]) -> Encoded:
        """Write a request."""
        inputs = [
            self._input(self.grpc, name, array).set_data_from_numpy(array)
            for name, array in arrays.items()
        ]
        request = self.request_of(
            inputs=inputs,
            outputs=[self.grpc.InferRequestedOutput(name) for name in fields["outputs"]],
            request_id=fields["id"],
            sequence_id=0,
            sequence_start=False,
            sequence_end=False,
            priority=0,
            timeout=None,
            **{key: fields[key] for key in ("model_name", "model_version", "parameters")},
        )
        return Encoded(request.SerializeToString(deterministic=True))

    def read_grpc(self, encoded: Encoded) -> Read:
        """Read a reply."""
        result = self.grpc.InferResult(self.messages.ModelInferResponse.FromString(encoded.body))
        message = result.get_response()
        arrays = {each.name: result.as_numpy(each.name) for each in message.outputs}
        return arrays, {key: getattr(message, key) for key in KEYS}

    def read_messages(self, encoded: Encoded) -> Read:
        """Read a request as a server would that has Triton's messages and nothing more."""
        message = self.messages.ModelInferRequest.FromString(encoded.body)
        arrays = {}
        for each, raw in zip(message.inputs, message.raw_input_contents, strict=True):
            if each.datatype == "BYTES":
                array = self.shared.deserialize_bytes_tensor(raw)
            else:
                array = np.frombuffer(raw, self.shared.triton_to_np_dtype(each.datatype))
            arrays[each.name] = array.reshape(list(each.shape))
        fields = {key: getattr(message, key) for key in KEYS}
        fields["outputs"] = [each.name for each in message.outputs]
        fields["parameters"] = {
            key: getattr(each, each.WhichOneof("parameter_choice"))
            for key, each in message.parameters.items()
        }
        return arrays, fields


if __name__ == "__main__":
    serve(lambda: Triton().offer(), "tritonclient", "numpy", "protobuf")
