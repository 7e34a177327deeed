"""Our side of TensorFlow Serving's messages, and of a TensorProto by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tensorwire as tw
from interop.ours.implementation import Ours, Read
from interop.workers.loop import Encoded
from interop.workers.tensors import from_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from interop.workers.tensors import Tensor

__all__ = ["Serving", "TensorProto"]


@dataclass(frozen=True)
class Serving(Ours):
    """TensorFlow Serving's messages."""

    protocol: str = "tfserving/protobuf"

    def message(self, side: str, values: Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
        """Make a message of values by name."""
        members = {
            "model_name": fields["model_name"],
            "version": int(fields["model_version"]),
            "signature_name": fields["signature_name"],
        }
        if side == "response":
            return tw.tfserving.PredictResponse(dict(values), **members)
        members["output_filter"] = fields["outputs"]
        return tw.tfserving.PredictRequest(dict(values), **members)

    def values(self, side: str, message: Any) -> dict[str, Any]:
        """Return the values of a message by name."""
        found: dict[str, Any] = message.inputs if side == "request" else message.outputs
        return found

    def fields(self, side: str, message: Any) -> dict[str, Any]:
        """Return the other fields of a message."""
        found = {
            "model_name": message.model_name,
            "model_version": str(message.version),
            "signature_name": message.signature_name,
        }
        if side == "request":
            found["outputs"] = list(message.output_filter)
        return found


@dataclass(frozen=True)
class TensorProto(Ours):
    """A TensorProto by itself: the field ``data.tftensor`` of a Seldon message."""

    protocol: str = "seldon/protobuf"
    codec: str = "protobuf/tftensor"

    def encode(self, _: str, tensors: Sequence[Tensor], __: Mapping[str, Any]) -> Encoded:
        """Write the one tensor there is, and take it out of its envelope."""
        return self._taken(*self.given(tensors).values())

    def decode(self, side: str, encoded: Encoded) -> Read:
        """Read a tensor."""
        return Read([from_value("0", self.reading(side, encoded)())], {})

    def rewrite(self, side: str, encoded: Encoded) -> Encoded:
        """Write again what was read."""
        return self._taken(self.reading(side, encoded)())

    def writing(
        self, _: str, tensors: Sequence[Tensor], __: Mapping[str, Any]
    ) -> Callable[[], object]:
        """Return the call that is timed: an array is written, with its envelope."""
        encode, (value,) = tw.get_codec(self.codec).encode, self.given(tensors).values()
        return lambda: encode(value)

    def reading(self, _: str, encoded: Encoded) -> Callable[[], object]:
        """Return the call that is timed: the tensor is read, with an envelope."""
        decode = tw.get_codec(self.codec).decode
        data = b"\x22" + _varint(len(encoded.body)) + encoded.body  # tftensor = 4 of DefaultData
        body = b"\x1a" + _varint(len(data)) + data  # data = 3 of SeldonMessage
        return lambda: decode(body)

    def _taken(self, value: Any) -> Encoded:
        return Encoded(_inside(_inside(tw.get_codec(self.codec).encode(value))))


def _varint(number: int) -> bytes:
    low = number & 0x7F
    return bytes([low]) if low == number else bytes([low | 0x80]) + _varint(number >> 7)


def _inside(message: bytes) -> bytes:
    """Take the one field of a message, its tag and length cut off."""
    start = 2
    while message[start - 1] & 0x80:
        start += 1
    return message[start:]
