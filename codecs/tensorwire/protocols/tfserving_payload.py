"""The messages of TensorFlow Serving <-> what a message says whatever its protocol."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorwire.payload import Payload
from tensorwire.protocols.tfserving import PredictRequest

__all__ = ["make", "take"]


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
    number = int(version) if str(version).isdecimal() else None  # type: ignore[arg-type]
    shapes = [np.shape(value)[:1] for value in payload.tensors.values()]
    message = kind(dict(payload.tensors), model.get("name", ""), number)
    message.rows = len(set(shapes)) == 1 and shapes[0] not in ((), (0,))
    message.version_label = model.get("version_label", "")
    message.signature_name = model.get("signature_name", "")
    lost = payload.extras | {"$.id": payload.id}
    lost["$.model_version"] = "" if number is not None else str(version or "")
    if kind is PredictRequest:
        message.output_filter = list(payload.outputs)
    return message, lost
