"""The properties of TensorFlow Serving's protocol that all its forms share.

Source: https://www.tensorflow.org/tfx/serving/api_rest, tensorflow_serving/apis/*.proto
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from tensorwire import lists
from tensorwire.containers import CONTAINERS
from tensorwire.protocols.family import Call, Candidate, Contents, Endpoint, Family, Recognized
from tensorwire.protocols.neutral import Neutral
from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tensorwire.protocols.family import ServerState

__all__ = ["FAMILY"]

_SERVICE, _REQUEST = "tensorflow.serving.PredictionService", "tensorflow.serving.PredictRequest"
_MODEL = "/v1/models/{name}"
_MODELS = (_MODEL, _MODEL + "/versions/{version}", _MODEL + "/labels/{label}")
_VERSION = re.compile("0|-?[1-9][0-9]{0,17}")  # the canonical text of an int64
_SIGNATURE = "serving_default"  # the signature of a request that names none


class TensorFlowServing(Family):
    """Named arrays; `output_filter` of a request names the outputs that it asks for."""

    name = "tfserving"
    request, response = PredictRequest, PredictResponse
    media_types: ClassVar = {
        "json": CONTAINERS["json"].media_types,
        "protobuf": CONTAINERS["protobuf"].media_types,
    }
    endpoints = tuple(
        endpoint
        for model in _MODELS
        for endpoint in (
            Endpoint(f"{model}:predict", "predict", ("POST",)),
            Endpoint(model, "model_status"),
        )
    )
    segments: ClassVar = {"name": "[^/:]+", "version": "[0-9]{1,18}", "label": "[^/:]+"}
    calls = (Call(_SERVICE, "Predict", "predict", _REQUEST),)
    candidates = (
        Candidate(_REQUEST, ("inputs",), Recognized("protobuf")),
        Candidate(
            "tensorflow.serving.PredictResponse", ("outputs",), Recognized("protobuf", reply=True)
        ),
    )

    def take(self, message: Any) -> Neutral:
        """Convert a message to a `Neutral`."""
        request = isinstance(message, PredictRequest)
        name = message.signature_name
        extras = {
            "$.model_spec.version_label": message.version_label,
            "$.model_spec.signature_name": "" if name == _SIGNATURE else name,
        }
        model = {"name": message.model_name, "version": message.version}
        arrays = message.inputs if request else message.outputs
        wanted = message.output_filter if request else ()
        return Neutral(dict(arrays), "", model, wanted, extras)

    def make(self, neutral: Neutral, kind: Any) -> tuple[Any, dict[str, Any]]:
        """Make a message, in rows where the arrays have a first dimension in common."""
        version = str(neutral.model.get("version") or "")
        is_number = _VERSION.fullmatch(str(neutral.model.get("version")))
        message = kind(
            dict(neutral.tensors),
            neutral.model.get("name", ""),
            int(neutral.model["version"]) if is_number else None,
        )
        lost = {**neutral.extras, "$.id": neutral.id}
        lost["$.model_version"] = "" if is_number else version
        if kind is PredictRequest:
            message.output_filter = list(neutral.outputs)
        return self.fit(message), lost

    def fit(self, message: Any) -> Any:
        """Return a message to be written by columns where rows cannot represent its arrays.

        Rows need a first dimension that all arrays share, and one row at least. (A reply that is a
        single array without rows is written as ``{"predictions":[]}``.) Messages of gRPC do not
        depend on it.
        """
        request = isinstance(message, PredictRequest)
        arrays = message.inputs if request else message.outputs
        shapes = [_shape(value) for value in arrays.values()]
        counts = {shape[:1] for shape in shapes}
        none = counts == {(0,)} and (request or shapes != [(0,)])
        if len(counts) != 1 or counts == {()} or none:
            message.rows = False
        return message

    def recognize(self, body: bytes, document: Any) -> Recognized | None:
        """Recognise rows, and columns that no other protocol has for a list of tensors."""
        del body
        if not isinstance(document, dict):
            return None
        keys = document.keys()
        if keys & {"instances", "predictions"}:
            return Recognized("json", reply="predictions" in keys)
        if keys & {"inputs", "outputs"}:
            return Recognized("json", reply="inputs" not in keys)
        return None

    def contents(self, message: Any) -> Contents:
        """Return the contents of a message, for display."""
        request = isinstance(message, PredictRequest)
        names = ["model_name", "version", "version_label", "signature_name"]
        fields = {name: getattr(message, name) for name in names}
        if request:
            fields["output_filter"] = message.output_filter
        arrays = message.inputs if request else message.outputs
        tensors: list[tuple[str, Any, dict[str, Any]]]
        tensors = [(name, value, {}) for name, value in arrays.items()]
        return Contents(fields, tensors, title=type(message).__name__)

    def build(
        self, array: Any, form: str, *, name: str | None, model: str, columns: Sequence[str] | None
    ) -> PredictRequest:
        """Make a request of one array; it has no name in REST, and a default name in gRPC."""
        del columns
        usual = "" if form == "json" else "inputs"
        return PredictRequest({usual if name is None else name: array}, model)

    def address(self, found: Mapping[str, str]) -> dict[str, Any]:
        """Return name, version and label of the model."""
        version = found.get("version")
        return {
            "model_name": found["name"],
            "version": None if version is None else int(version),
            "version_label": found.get("label", ""),
        }

    def tensors(self, request: PredictRequest) -> Mapping[str, Any]:
        """Return the inputs by name."""
        return request.inputs

    def wanted(self, request: PredictRequest) -> Sequence[str]:
        """Return the names of the outputs that a request asks for."""
        return request.output_filter

    def meta(self, request: PredictRequest) -> dict[str, Any]:
        """Return the fields of a request other than its arrays."""
        names = ("model_name", "version", "version_label", "signature_name")
        return {name: getattr(request, name) for name in names}

    def release(self, request: PredictRequest) -> None:
        """Drop the inputs of a request."""
        request.inputs = {}

    def fallback(self, form: str, reply: Any) -> tuple[str, Any] | None:
        """Return a reply of arrays without rows as the REST API of TensorFlow Serving writes it.

        It writes ``[]``, whatever the sizes behind the 0 and, in rows, however many outputs there
        are.
        """
        if form != "json":
            return None
        arrays = {name: x for name, x in reply.outputs.items() if isinstance(x, np.ndarray)}
        empty = {name: x for name, x in arrays.items() if x.ndim and not x.size}
        outputs: dict[str, Any] = {"": np.empty(0)}
        if not reply.rows or len(empty) < len(reply.outputs) or any(map(len, empty.values())):
            cut = {n: x.reshape(x.shape[: x.shape.index(0) + 1]) for n, x in empty.items()}
            outputs = {**reply.outputs, **cut}
        shapes = {name: x.shape for name, x in outputs.items() if isinstance(x, np.ndarray)}
        if shapes == {name: x.shape for name, x in arrays.items()}:
            return None
        return form, replace(reply, outputs=outputs)

    def answer(
        self, action: str, address: Mapping[str, Any], state: ServerState
    ) -> tuple[int, dict[str, Any]]:
        """Answer with the state of the model."""
        del action, state
        status = {"error_code": "OK", "error_message": ""}
        version = str(address["version"] or 1)
        model = {"version": version, "state": "AVAILABLE", "status": status}
        return 200, {"model_version_status": [model]}


def _shape(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, np.ndarray) else lists.shape(value)


FAMILY = TensorFlowServing()
