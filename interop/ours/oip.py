"""Our side of the Open Inference Protocol's messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

import tensorwire as tw
from interop.ours.implementation import Ours, Read
from interop.workers.tensors import from_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from interop.workers.loop import Encoded
    from interop.workers.tensors import Tensor

__all__ = ["Inference"]

KEYS = ("id", "model_name", "model_version")


@dataclass(frozen=True)
class Inference(Ours):
    """The Open Inference Protocol."""

    binary: Callable[[int], bool | None] = lambda _: None

    def message(self, side: str, values: Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
        """Make a message of values by name."""
        tensors = [
            tw.oip.InferTensor(name, value, binary=self.binary(index))
            for index, (name, value) in enumerate(values.items())
        ]
        members = {key: fields[key] for key in (*KEYS, "parameters")}
        if side == "response":
            return tw.oip.InferResponse(tensors, **members)
        members["outputs"] = [tw.oip.RequestedOutput(name) for name in fields["outputs"]]
        return tw.oip.InferRequest(tensors, **members)

    def values(self, side: str, message: Any) -> dict[str, Any]:
        """Return the values of a message by name."""
        tensors = message.inputs if side == "request" else message.outputs
        return {each.name: each.value for each in tensors}

    def fields(self, side: str, message: Any) -> dict[str, Any]:
        """Return the other fields of a message."""
        in_url = side == "request" and "protobuf" not in self.protocol
        found = {key: getattr(message, key) for key in (KEYS[:1] if in_url else KEYS)}
        found["parameters"] = dict(message.parameters)
        if side == "request":
            found["outputs"] = [each.name for each in message.outputs]
        return found

    def decode(self, side: str, encoded: Encoded) -> Read:
        """Read a message of a side; shapes are those of the tensors' own fields."""
        message = self._read(side, encoded)
        tensors = message.inputs if side == "request" else message.outputs
        return Read([_tensor(each) for each in tensors], self.fields(side, message))


def _tensor(one: Any) -> Tensor:
    if tuple(one.shape) != np.shape(one.value) and not isinstance(one.value, list):
        raise ValueError(f"a shape of {one.shape} beside an array of {np.shape(one.value)}")
    return from_value(one.name, one.value)._replace(shape=tuple(one.shape))
