"""What the bytes around the arrays of a message depend on; see `templates`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorwire.protocols.oip import InferRequest, InferResponse

__all__ = ["key_of"]


def key_of(message: Any) -> tuple[Any, list[np.ndarray[Any, Any]]] | None:
    """Give what the bytes around the arrays depend on, but the id; and the arrays.

    None for messages that are not worth remembering, and for what is none.
    """
    kind = type(message)
    if kind is not InferRequest and kind is not InferResponse:
        return None
    request, more = kind is InferRequest, message.parameters
    tensors = message.inputs if request else message.outputs
    if more or type(more) is not dict or (request and message.outputs):
        return None
    if type(message.id) is not str or type(tensors) is not list:
        return None
    key: tuple[Any, ...] = (kind, message.model_name, message.model_version)
    arrays = []
    for tensor in tensors:
        array, more = tensor.value, tensor.parameters
        if type(array) is not np.ndarray or more or type(more) is not dict:
            return None
        if tensor.binary is not None:
            return None
        key += (tensor.name, array.dtype, array.shape)
        arrays.append(array)
    return key, arrays
