"""What the bytes around the arrays of a message depend on; see `templates`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tensorwire.containers.protobuf.write import map_order
from tensorwire.protocols.templates import FEW_BYTES
from tensorwire.protocols.tfserving.messages import PredictRequest, PredictResponse

if TYPE_CHECKING:
    from tensorwire.protocols.templates import Known

__all__ = ["key_of", "write_one"]


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


def write_one(message: Any, known: Known) -> bytes | None:
    """Write a message that holds one small array; None for any other.

    It is what `key_of` and `Templates.write` do, without calls in between.
    """
    kind = message.__class__
    if kind is PredictRequest and message.output_filter.__class__ is list:
        tensors = None if message.output_filter else message.inputs
    elif kind is PredictResponse:
        tensors = message.outputs
    else:
        return None
    version, label, signature = message.version, message.version_label, message.signature_name
    if tensors.__class__ is not dict or len(tensors) != 1:
        return None
    if version is not None and version.__class__ is not int:
        return None
    ((name, array),) = tensors.items()
    if type(array) is not np.ndarray or array.nbytes > FEW_BYTES:
        return None
    try:
        key = (kind, message.model_name, version, label, signature, name, array.dtype, array.shape)
        _, start, (_, behind), writers = known[key]
    except (KeyError, TypeError):  # unknown, or a name that is none
        return None
    return start + array.tobytes() + behind if writers is None else None
