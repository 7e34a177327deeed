"""The properties of the Open Inference Protocol that all its forms share.

Source: https://github.com/kserve/open-inference-protocol/tree/main/specification/protocol
"""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import orjson

from tensorwire.containers import CONTAINERS
from tensorwire.errors import DecodeError, EncodeError
from tensorwire.protocols.family import Call, Candidate, Contents, Endpoint, Family, Recognized
from tensorwire.protocols.neutral import Neutral
from tensorwire.protocols.oip.length import LENGTH, json_size
from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    InferTensor,
    RequestedOutput,
    tensors_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensorwire.protocols import MessageProtocol
    from tensorwire.protocols.family import ServerState

__all__ = ["FAMILY"]

_SERVICE = "inference.GRPCInferenceService"
_MODEL = "/v2/models/{model_name}"
_MODELS = (_MODEL, _MODEL + "/versions/{model_version}")
_INPUT = "input-0"  # the name in KServe and MLServer for a tensor without one
_GRPC_MEMBERS = {  # members of the JSON of gRPC messages that the JSON of REST does not have
    *("modelName", "modelVersion"),
    *("rawInputContents", "raw_input_contents", "rawOutputContents", "raw_output_contents"),
}
_EXAMINED = 64  # tensors of a list that are examined
_PLACEHOLDER = np.zeros(1)  # an output, to check the requested outputs


class OpenInference(Family):
    """Named tensors; a request may name the outputs that it asks for."""

    name = "oip"
    request, response = InferRequest, InferResponse
    media_types: ClassVar = {
        "json": CONTAINERS["json"].media_types,
        "binary": ("application/octet-stream",),
        "protobuf": CONTAINERS["protobuf"].media_types,
    }
    endpoints = (
        Endpoint("/v2", "server"),
        Endpoint("/v2/health/live", "live"),
        Endpoint("/v2/health/ready", "ready"),
        *(
            endpoint
            for model in _MODELS
            for endpoint in (
                Endpoint(f"{model}/infer", "predict", ("POST",)),
                Endpoint(f"{model}/ready", "model_ready"),
                Endpoint(model, "model"),
            )
        ),
    )
    calls = (
        Call(
            *(_SERVICE, "ModelInfer", "predict", "inference.ModelInferRequest"),
            ("protobuf", "protobuf-typed"),
        ),
        Call(_SERVICE, "ServerLive", "live"),
        Call(_SERVICE, "ServerReady", "ready"),
        Call(_SERVICE, "ModelReady", "ready"),
        Call(_SERVICE, "ServerMetadata", "server"),
        Call(_SERVICE, "ModelMetadata", "model"),
    )
    candidates = (
        Candidate("inference.ModelInferRequest", ("inputs",), Recognized("protobuf")),
        Candidate("inference.ModelInferResponse", ("outputs",), Recognized("protobuf", reply=True)),
    )
    exposed_headers = (LENGTH,)

    def take(self, message: Any) -> Neutral:
        """Convert a message to a `Neutral`."""
        member, tensors = tensors_of(message)
        wanted = message.outputs if isinstance(message, InferRequest) else []
        extras = {"$.parameters": message.parameters}
        extras |= {f"$.{member}[{i}].parameters": t.parameters for i, t in enumerate(tensors)}
        extras |= {f"$.outputs[{i}].parameters": o.parameters for i, o in enumerate(wanted)}
        arrays = {tensor.name: tensor.value for tensor in tensors}
        if len(arrays) < len(tensors):
            raise EncodeError("expected distinct tensor names, got one twice", f"$.{member}")
        model = {"name": message.model_name, "version": message.model_version}
        return Neutral(arrays, message.id, model, [output.name for output in wanted], extras)

    def make(self, neutral: Neutral, kind: Any) -> tuple[Any, dict[str, Any]]:
        """Make a message; an array without a name is named as in KServe and MLServer."""
        name, version = neutral.model.get("name", ""), neutral.model.get("version")
        base = "input" if kind is InferRequest else "output"
        default = next(new for i in count() if (new := f"{base}-{i}") not in neutral.tensors)
        tensors = [InferTensor(name or default, value) for name, value in neutral.tensors.items()]
        message = kind(tensors, name, "" if version is None else str(version), neutral.id)
        if kind is InferRequest:
            message.outputs = [RequestedOutput(output) for output in neutral.outputs]
        return message, neutral.extras

    def recognize(self, body: bytes, document: Any) -> Recognized | None:
        """Recognise a list of named tensors in JSON, with or without binary data after it."""
        if document is None:
            return _recognize_binary(body)
        if not isinstance(document, dict) or not document.keys() & {"inputs", "outputs"}:
            return None
        tensors = document.get("inputs", document.get("outputs"))
        reply = "inputs" not in document
        if not isinstance(tensors, list):
            return None
        objects = [one for one in tensors if isinstance(one, dict)]
        first = [one for one in tensors[:_EXAMINED] if isinstance(one, dict)]
        typed = any("datatype" in one and "contents" in one for one in objects[:_EXAMINED])
        if typed or (document.keys() & _GRPC_MEMBERS and objects):
            return Recognized("protobuf-json", reply)
        if tensors and not any("datatype" in one for one in first):
            return None
        parameters = (one.get("parameters") for one in first)
        binary = any(isinstance(p, dict) and "binary_data_size" in p for p in parameters)
        return Recognized("binary" if binary else "json", reply)

    def contents(self, message: Any) -> Contents:
        """Return the contents of a message, for display."""
        names = ("model_name", "model_version", "id", "parameters")
        fields = {name: getattr(message, name) for name in names}
        if isinstance(message, InferRequest):
            wanted = [{"name": one.name, "parameters": one.parameters} for one in message.outputs]
            fields["outputs"] = wanted
        tensors = []
        for one in tensors_of(message)[1]:
            more = {"parameters": one.parameters} if one.parameters else {}
            tensors.append((one.name, one.value, {"datatype": one.datatype, **more}))
        return Contents(fields, tensors, title=type(message).__name__)

    def headers(self, form: str, body: bytes) -> dict[str, str]:
        """Return the header with the length of the JSON in a binary body."""
        return {LENGTH: str(json_size(body))} if form == "binary" else {}

    def build(
        self, array: Any, form: str, *, name: str | None, model: str, columns: Sequence[str] | None
    ) -> InferRequest:
        """Make a request of one tensor."""
        del form, columns
        return InferRequest([InferTensor(_INPUT if name is None else name, array)], model)

    def address(self, found: Mapping[str, str]) -> dict[str, Any]:
        """Return name and version of the model in a path; they replace those of the body."""
        return {"model_name": found["model_name"], "model_version": found.get("model_version", "")}

    def refine(self, form: str, headers: Mapping[str, str]) -> str:
        """Return binary for JSON with the header that gives the length of the JSON."""
        return "binary" if form == "json" and LENGTH.lower() in headers else form

    def tensors(self, request: InferRequest) -> dict[str, Any]:
        """Return the inputs by name."""
        if request.outputs or request.parameters:  # invalid ones are an error of the client
            try:
                request.reply({output.name: _PLACEHOLDER for output in request.outputs})
            except EncodeError as error:
                raise DecodeError(error.reason, error.path, error.remedy) from None
        arrays = {tensor.name: tensor.value for tensor in request.inputs}
        if len(arrays) < len(request.inputs):
            raise DecodeError("expected distinct tensor names, got one twice", "$.inputs")
        return arrays

    def wanted(self, request: InferRequest) -> list[str]:
        """Return the names of the outputs that a request asks for."""
        return [output.name for output in request.outputs]

    def meta(self, request: InferRequest) -> dict[str, Any]:
        """Return the fields of a request other than its tensors."""
        meta: dict[str, Any] = {"id": request.id, "model_name": request.model_name}
        return meta | {
            "model_version": request.model_version,
            "parameters": dict(request.parameters),
        }

    def release(self, request: InferRequest) -> None:
        """Drop the elements of the inputs; their dtypes tell how to reply."""
        for tensor in request.inputs:
            tensor.value = np.empty(0, tensor.value.dtype)

    def request_reply_in(self, request: InferRequest, form: str) -> None:
        """Ask for binary outputs, unless the request has the parameter."""
        if form == "binary":
            request.parameters = {"binary_data_output": True, **request.parameters}

    def reply_form(self, form: str, body: bytes) -> str:
        """Return the typed form for a request with typed contents."""
        if form != "protobuf":
            return form
        typed = _protobuf().peek(body).kind == "contents"
        return "protobuf-typed" if typed else form

    def fallback(self, form: str, reply: Any) -> tuple[str, Any] | None:
        """Return the raw form for a reply that typed contents cannot represent, such as FP16."""
        return ("protobuf", reply) if form == "protobuf-typed" else None

    def answer(
        self, action: str, address: Mapping[str, Any], state: ServerState
    ) -> tuple[int, dict[str, Any]]:
        """Answer an endpoint of health or metadata."""
        if action == "server":
            extensions = ["binary_tensor_data"]
            facts = {"name": "tensorwire", "version": state.version, "extensions": extensions}
            return 200, facts
        if action == "model":
            return 200, _model(address["model_name"], address["model_version"], state)
        status, facts = super().answer(action, address, state)
        return status, ({"name": address["model_name"], **facts} if address else facts)

    def call(self, call: Call, body: bytes, state: ServerState) -> bytes:
        """Answer a gRPC call for health or metadata."""
        from google.protobuf.message import DecodeError as MalformedError

        from tensorwire.containers.protobuf.schema import message_class

        try:
            asked: Any = message_class(f"inference.{call.name}Request").FromString(body)
        except MalformedError:
            raise DecodeError(f"expected a {call.name}Request, got other bytes") from None
        if call.action == "model":
            facts = _model(asked.name, asked.version, state)
        else:
            facts = self.answer(call.action, {}, state)[1]
        return message_class(f"inference.{call.name}Response")(**facts).SerializeToString()


@cache
def _protobuf() -> MessageProtocol:
    from tensorwire.protocols import get_protocol

    return get_protocol("oip/protobuf")


def _recognize_binary(body: bytes) -> Recognized | None:
    """Recognise JSON with binary data after it."""
    try:
        start = orjson.loads(body[: json_size(body)])
    except (DecodeError, orjson.JSONDecodeError):
        return None
    return Recognized("binary", reply="inputs" not in start)


def _model(name: str, version: str, state: ServerState) -> dict[str, Any]:
    """Return the metadata of the model; the server has one model, under every name."""
    facts = state.metadata()
    return {"name": name, "versions": facts.pop("versions") or [version or "1"], **facts}


FAMILY = OpenInference()
