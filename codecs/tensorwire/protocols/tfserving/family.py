"""The messages of TensorFlow Serving <-> what a message says whatever its protocol."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from tensorwire import lists
from tensorwire.protocols.neutral import Payload
from tensorwire.protocols.tfserving.messages import PredictRequest

_VERSION = re.compile("0|-?[1-9][0-9]{0,17}")  # what is the same text again, in 64 bits

__all__ = ["fit", "make", "take"]


def take(message: Any) -> Payload:
    """Take a message apart."""
    request = isinstance(message, PredictRequest)
    model = {"name": message.model_name, "version": message.version}
    model |= {"version_label": message.version_label, "signature_name": message.signature_name}
    arrays = message.inputs if request else message.outputs
    return Payload(dict(arrays), "", model, message.output_filter if request else ())


def make(payload: Payload, kind: Any) -> tuple[Any, dict[str, Any]]:
    """Make a message, in rows where the arrays have a first dimension in common."""
    model, version = payload.model, payload.model.get("version")
    number = int(version) if _VERSION.fullmatch(str(version)) else None  # type: ignore[arg-type]
    message = fit(kind(dict(payload.tensors), model.get("name", ""), number))
    message.version_label = model.get("version_label", "")
    message.signature_name = model.get("signature_name", "")
    lost = payload.extras | {"$.id": payload.id}
    lost["$.model_version"] = "" if number is not None else str(version or "")
    if kind is PredictRequest:
        message.output_filter = list(payload.outputs)
    return message, lost


def fit(message: Any) -> Any:
    """Let a message be written by columns where rows cannot hold its arrays; return the message.

    Rows need a first dimension that all arrays share, and one row at least. (A reply that is a
    single array without rows is written as ``{"predictions":[]}``.) Whoever reads a call of gRPC
    knows of no rows.
    """
    request = isinstance(message, PredictRequest)
    arrays = message.inputs if request else message.outputs
    shapes = [_shape(value) for value in arrays.values()]
    counts = {shape[:1] for shape in shapes}
    none = counts == {(0,)} and (request or shapes != [(0,)])
    if len(counts) != 1 or counts == {()} or none:
        message.rows = False
    return message


def _shape(value: Any) -> tuple[int, ...]:
    return value.shape if isinstance(value, np.ndarray) else lists.shape(value)
