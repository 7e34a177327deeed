"""The messages of the Open Inference Protocol <-> what a message says whatever its protocol."""

from __future__ import annotations

from itertools import count
from typing import Any

from tensorwire.errors import EncodeError
from tensorwire.protocols.neutral import Payload
from tensorwire.protocols.oip.messages import InferRequest, InferTensor, RequestedOutput, tensors_of

__all__ = ["make", "take"]


def take(message: Any) -> Payload:
    """Take a message apart."""
    member, tensors = tensors_of(message)
    wanted = message.outputs if isinstance(message, InferRequest) else []
    extras = {"$.parameters": message.parameters}
    extras |= {f"$.{member}[{i}].parameters": t.parameters for i, t in enumerate(tensors)}
    extras |= {f"$.outputs[{i}].parameters": o.parameters for i, o in enumerate(wanted)}
    arrays = {tensor.name: tensor.value for tensor in tensors}
    if len(arrays) < len(tensors):
        raise EncodeError("two tensors of one name", f"$.{member}")
    model = {"name": message.model_name, "version": message.model_version}
    return Payload(arrays, message.id, model, [output.name for output in wanted], extras)


def make(payload: Payload, kind: Any) -> tuple[Any, dict[str, Any]]:
    """Make a message, its unnamed array named as KServe and MLServer do; and tell what is lost."""
    name, version = payload.model.get("name", ""), payload.model.get("version")
    base = "input" if kind is InferRequest else "output"
    default = next(new for i in count() if (new := f"{base}-{i}") not in payload.tensors)
    tensors = [InferTensor(name or default, value) for name, value in payload.tensors.items()]
    message = kind(tensors, name, "" if version is None else str(version), payload.id)
    lost = payload.extras | payload.signature()
    if kind is InferRequest:
        message.outputs = [RequestedOutput(output) for output in payload.outputs]
    return message, lost
