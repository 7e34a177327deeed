"""What the bytes around the arrays of a message depend on; see `templates`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorwire.protocols.tfserving import PredictRequest, PredictResponse
from tensorwire.wire.simple import map_order

__all__ = ["key_of"]


def key_of(message: Any) -> tuple[Any, list[np.ndarray[Any, Any]]] | None:
    """Give what the bytes around the arrays depend on, and the arrays, in the order of the bytes.

    None for messages that are not worth remembering, and for what is none.
    """
    kind = type(message)
    if kind is PredictRequest:
        tensors = message.inputs
        if message.output_filter != []:
            return None
    elif kind is PredictResponse:
        tensors = message.outputs
    else:
        return None
    version = message.version
    if type(tensors) is not dict or (version is not None and type(version) is not int):
        return None
    model = message.model_name, version, message.version_label, message.signature_name
    key: tuple[Any, ...] = (kind, *model)
    arrays = []
    if len(tensors) > 1:  # a map is written in order
        if any(type(name) is not str for name in tensors):
            return None
        tensors = {name: tensors[name] for name in sorted(tensors, key=map_order)}
    for name in tensors:
        array = tensors[name]
        if type(array) is not np.ndarray:
            return None
        key += (name, array.dtype, array.shape)
        arrays.append(array)
    return key, arrays
