"""What the bytes of an infer call depend on beside its arrays; see `templates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.protocols.oip.messages import (
    InferRequest,
    InferResponse,
    InferTensor,
    RequestedOutput,
)
from tensorwire.protocols.templates import FEW_BYTES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tensorwire.protocols.templates import Known
    from tensorwire.tree import Array

__all__ = ["key_of", "maker", "write_one"]

Asked = tuple[tuple[str, "bool | None"], ...]


def key_of(message: Any) -> tuple[Any, list[Array]] | None:
    """Give what the bytes around the arrays depend on, but the id and parameters; and the arrays.

    None for messages that are not worth remembering, and for what is none.
    """
    kind = type(message)
    asked: Asked | None = ()
    if kind is InferRequest:
        tensors = message.inputs
        if message.outputs:
            asked = _asked(message.outputs)
    elif kind is InferResponse:
        tensors = message.outputs
    else:
        return None
    if asked is None or type(message.id) is not str or type(tensors) is not list:
        return None
    if type(message.parameters) is not dict:
        return None
    key: list[Any] = [kind, message.model_name, message.model_version, asked]
    arrays = []
    for tensor in tensors:
        array, more = tensor.value, tensor.parameters
        if type(array) is not np.ndarray or more or type(more) is not dict:
            return None
        key += tensor.name, array.dtype, array.shape, tensor.binary
        arrays.append(array)
    return tuple(key), arrays


def write_one(message: Any, known: Known) -> bytes | None:
    """Write a message that holds one small array and says no more; None for any other.

    It is what `key_of` and `Templates.write` do, without calls in between.
    """
    kind = message.__class__
    try:
        if kind is InferRequest and not message.outputs:
            tensors = message.inputs
        elif kind is InferResponse:
            tensors = message.outputs
        else:
            return None
        more, model, version = message.parameters, message.model_name, message.model_version
        if tensors.__class__ is not list or message.id != "" or more or more.__class__ is not dict:
            return None
        (tensor,) = tensors
        array, more = tensor.value, tensor.parameters
        if tensor.__class__ is not InferTensor or type(array) is not np.ndarray:
            return None
        if more or more.__class__ is not dict:
            return None
        _, start, (_, behind), writers = known[
            kind, model, version, (), tensor.name, array.dtype, array.shape, tensor.binary
        ]
    except (LookupError, TypeError, ValueError, AttributeError):  # unknown, or none of ours
        return None
    text = None
    if array.nbytes <= FEW_BYTES:
        text = array.tobytes() if writers is None else writers[0](array)
    return None if text is None else start + text + behind


def _asked(outputs: Any) -> Asked | None:
    """Give the outputs that are wanted, and which of them in binary."""
    if type(outputs) is not list:
        return None
    found = []
    for output in outputs:
        if type(output) is not RequestedOutput or not _usual(output.parameters, "binary_data"):
            return None
        found.append((output.name, output.parameters.get("binary_data")))
    return tuple(found)


def _usual(parameters: Mapping[str, Any], name: str) -> bool:
    """Tell whether parameters say no more than a name and True or False."""
    if type(parameters) is not dict:
        return False
    return not parameters or (len(parameters) == 1 and type(parameters.get(name)) is bool)


def maker(
    found: InferRequest | InferResponse,
) -> tuple[list[Any], Callable[[list[Array], str], Any]] | None:
    """Give the arrays of a message, and what makes a message like it of other arrays and an id.

    None for messages that are not worth remembering.
    """
    request, kind = isinstance(found, InferRequest), type(found)
    tensors = found.inputs if isinstance(found, InferRequest) else found.outputs
    asked = _asked(found.outputs) if isinstance(found, InferRequest) else ()
    if asked is None or not _usual(found.parameters, "binary_data_output"):
        return None
    if any(tensor.parameters for tensor in tensors):
        return None
    names = [tensor.name for tensor in tensors]
    model, version, parameters = found.model_name, found.model_version, dict(found.parameters)

    def make(arrays: list[Array], text: str) -> Any:
        made = list(map(InferTensor, names, arrays))
        if not request:
            return InferResponse(made, model, version, text, dict(parameters))
        wanted = [
            RequestedOutput(name, {} if binary is None else {"binary_data": binary})
            for name, binary in asked
        ]
        return InferRequest(made, model, version, text, dict(parameters), wanted)

    def make_plain(arrays: list[Array], text: str) -> Any:
        return kind(list(map(InferTensor, names, arrays)), model, version, text)

    return [tensor.value for tensor in tensors], make if asked or parameters else make_plain
