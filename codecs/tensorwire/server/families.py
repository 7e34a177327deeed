"""What each family of messages tells a model, and how its answer becomes a reply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from tensorwire.errors import DecodeError, EncodeError
from tensorwire.server.refusals import Refusal, Status

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tensorwire.oip import InferRequest
    from tensorwire.seldon import Message
    from tensorwire.tfserving import PredictRequest

__all__ = ["FAMILIES", "Arguments", "Family", "without_rows"]

_ARRAYS = ("ndarray", "tensor", "tftensor")
_ANY = np.zeros(1)  # an output, for the check of what is asked of it
_OUTPUT = "output-0"  # the name of an array for which nobody has one


class Arguments(NamedTuple):
    """What `predict` is called with."""

    value: Any
    names: list[str]
    meta: dict[str, Any]


class Family(Protocol):
    """The requests and replies of one family of protocols."""

    def arguments(self, request: Any) -> Arguments:
        """Give what a request tells the model."""

    def echo(self, request: Any) -> Any:
        """Answer a request with what it brought."""

    def reply(self, request: Any, value: Any, names: Sequence[str]) -> Any:
        """Answer a request with what the model made of it."""


class Seldon:
    """SeldonMessage: one payload, the names of its columns, and meta."""

    def arguments(self, request: Message) -> Arguments:
        """Give the payload: an array, bytes, text, or any JSON value."""
        if not request.kind:
            raise DecodeError("no payload to predict from")
        value = request.value.tobytes() if request.kind == "raw" else request.value
        return Arguments(value, list(request.names or ()), dict(request.meta))

    def echo(self, request: Message) -> Message:
        """Give the message itself: its class is that of replies."""
        return request

    def reply(self, request: Message, value: Any, names: Sequence[str]) -> Message:
        """Answer in the kind of the request, where that can be; arrays have names of columns."""
        reply = request.reply(value)
        if reply.kind in _ARRAYS:
            reply.names = list(names) or None
        return reply


class OpenInference:
    """Named tensors, of which `outputs` says which are wanted."""

    def arguments(self, request: InferRequest) -> Arguments:
        """Give the one tensor, or a dict of them."""
        meta: dict[str, Any] = {"id": request.id, "model_name": request.model_name}
        meta |= {"model_version": request.model_version, "parameters": dict(request.parameters)}
        return Arguments(_one_or_all(self._inputs(request)), [], meta)

    def echo(self, request: InferRequest) -> Any:
        """Give each input as an output of that name."""
        return _asked(request, self._inputs(request), [output.name for output in request.outputs])

    def reply(self, request: InferRequest, value: Any, names: Sequence[str]) -> Any:
        """Answer with a dict of outputs; with one array, by the name that is asked for."""
        wanted = [output.name for output in request.outputs]
        return _asked(request, _named(value, names, wanted), wanted)

    def _inputs(self, request: InferRequest) -> dict[str, Any]:
        if request.outputs or request.parameters:  # what they ask wrongly is no fault of a model
            try:
                request.reply({output.name: _ANY for output in request.outputs})
            except EncodeError as error:
                raise DecodeError(error.reason, error.path, error.remedy) from None
        arrays = {tensor.name: tensor.value for tensor in request.inputs}
        if len(arrays) < len(request.inputs):
            raise DecodeError("two tensors of one name", "$.inputs")
        return arrays


class Serving:
    """Named arrays of TensorFlow Serving, of which `output_filter` says which are wanted."""

    def arguments(self, request: PredictRequest) -> Arguments:
        """Give the one array, or a dict of them."""
        meta = {"model_name": request.model_name, "version": request.version}
        meta |= {"version_label": request.version_label, "signature_name": request.signature_name}
        return Arguments(_one_or_all(request.inputs), [], meta)

    def echo(self, request: PredictRequest) -> Any:
        """Give each input as an output of that name."""
        return _asked(request, request.inputs, request.output_filter)

    def reply(self, request: PredictRequest, value: Any, names: Sequence[str]) -> Any:
        """Answer with a dict of outputs; with one array, by the name that is asked for."""
        wanted = request.output_filter
        return _asked(request, _named(value, names, wanted), wanted)


def without_rows(reply: Any) -> Any:
    """Return a reply of TensorFlow Serving as its REST API writes arrays without rows.

    It writes ``[]``, whatever the sizes behind the 0 and, in rows, however many outputs there are.
    None for a reply that has no such array.
    """
    arrays = {name: x for name, x in reply.outputs.items() if isinstance(x, np.ndarray)}
    empty = {name: x for name, x in arrays.items() if x.ndim and not x.size}
    outputs: dict[str, Any] = {"": np.empty(0)}
    if not reply.rows or len(empty) < len(reply.outputs) or any(map(len, empty.values())):
        cut = {n: x.reshape(x.shape[: x.shape.index(0) + 1]) for n, x in empty.items()}
        outputs = {**reply.outputs, **cut}
    shapes = {name: x.shape for name, x in outputs.items() if isinstance(x, np.ndarray)}
    if shapes == {name: x.shape for name, x in arrays.items()}:
        return None
    return replace(reply, outputs=outputs)


FAMILIES: Mapping[str, Family] = {
    "seldon": Seldon(),
    "oip": OpenInference(),
    "tfserving": Serving(),
}


def _one_or_all(arrays: Mapping[str, Any]) -> Any:
    return next(iter(arrays.values())) if len(arrays) == 1 else dict(arrays)


def _named(value: Any, names: Sequence[str], wanted: Sequence[str]) -> dict[str, Any]:
    """Give the outputs by name: one that is not in a dict has its own name, or the wanted one."""
    if isinstance(value, Mapping):
        return dict(value)
    name = names[0] if len(names) == 1 else wanted[0] if len(wanted) == 1 else _OUTPUT
    return {name: [value] if isinstance(value, (str, bytes)) else value}


def _asked(request: Any, outputs: Mapping[str, Any], wanted: Sequence[str]) -> Any:
    """Reply with the outputs that a request asks for; one that is not there is its mistake."""
    for name in wanted:
        if name not in outputs:
            known = ", ".join(map(repr, outputs)) or "none"
            reason = f"expected an output that there is ({known}), got {name!r} - at `$.outputs`"
            raise Refusal(Status.BAD_INPUT, reason)
    return request.reply(outputs)
