"""Our side of every way that a peer offers: the same message, written and read by tensorwire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

import tensorwire as tw
from bench.peers.workers.serving import Spoken
from bench.peers.workers.tensors import from_value, to_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.peers.workers.tensors import Tensor

__all__ = ["Inference", "Ours", "Read", "Serving", "TensorProto", "read", "value_of", "write"]


KEYS = ("id", "model_name", "model_version")


class Ours(Protocol):
    """What each of them does."""

    def encode(self, side: str, tensors: Sequence[Tensor], fields: Mapping[str, Any], /) -> Spoken:
        """Write a message of a side."""

    def decode(self, side: str, spoken: Spoken, /) -> Read:
        """Read a message of a side."""

    def rewrite(self, side: str, spoken: Spoken, /) -> Spoken:
        """Write again what was read."""


class Read(NamedTuple):
    """What was read of a body."""

    tensors: list[Tensor]
    fields: dict[str, Any]


def value_of(tensor: Tensor) -> Any:
    """Give a tensor as tensorwire takes it: strings that end in NUL as lists."""
    value = to_value(tensor)
    if tensor.lengths is None:
        return value
    if tensor.dtype == "text":
        return value.astype("U")
    if any(element.endswith(b"\0") for element in value.ravel()):
        return value.tolist()
    return value.astype("S")


def write(protocol: str, message: Any) -> Spoken:
    """Write a message."""
    return Spoken(*tw.get_protocol(protocol).encode(message))


def read(protocol: str, side: str, spoken: Spoken) -> Any:
    """Read a message of a side."""
    found = tw.get_protocol(protocol)
    kind = found.request if side == "request" else found.response
    return found.decode(spoken.body, dict(spoken.headers), type=kind)


class Inference(NamedTuple):
    """The Open Inference Protocol."""

    protocol: str
    binary: Callable[[int], bool | None] = lambda _: None

    def encode(self, side: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]) -> Spoken:
        """Write a message of a side."""
        written = [
            tw.oip.InferTensor(each.name, value_of(each), binary=self.binary(index))
            for index, each in enumerate(tensors)
        ]
        said = {key: fields[key] for key in (*KEYS, "parameters")}
        if side == "response":
            return write(self.protocol, tw.oip.InferResponse(written, **said))
        said["outputs"] = [tw.oip.RequestedOutput(name) for name in fields["outputs"]]
        return write(self.protocol, tw.oip.InferRequest(written, **said))

    def decode(self, side: str, spoken: Spoken) -> Read:
        """Read a message of a side."""
        message = read(self.protocol, side, spoken)
        in_url = side == "request" and "protobuf" not in self.protocol
        fields = {key: getattr(message, key) for key in (KEYS[:1] if in_url else KEYS)}
        fields["parameters"] = dict(message.parameters)
        if side == "request":
            fields["outputs"] = [each.name for each in message.outputs]
        tensors = message.inputs if side == "request" else message.outputs
        return Read([_tensor(each) for each in tensors], fields)

    def rewrite(self, side: str, spoken: Spoken) -> Spoken:
        """Write again what was read."""
        return write(self.protocol, read(self.protocol, side, spoken))


def _tensor(one: Any) -> Tensor:
    if tuple(one.shape) != np.shape(one.value) and not isinstance(one.value, list):
        raise ValueError(f"a shape of {one.shape} beside an array of {np.shape(one.value)}")
    return from_value(one.name, one.value)._replace(shape=tuple(one.shape))


class Serving(NamedTuple):
    """TensorFlow Serving's messages."""

    protocol: str = "tfserving/protobuf"

    def encode(self, side: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]) -> Spoken:
        """Write a message of a side."""
        arrays = {each.name: value_of(each) for each in tensors}
        said = {
            "model_name": fields["model_name"],
            "version": int(fields["model_version"]),
            "signature_name": fields["signature_name"],
        }
        if side == "response":
            return write(self.protocol, tw.tfserving.PredictResponse(arrays, **said))
        said["output_filter"] = fields["outputs"]
        return write(self.protocol, tw.tfserving.PredictRequest(arrays, **said))

    def decode(self, side: str, spoken: Spoken) -> Read:
        """Read a message of a side."""
        message = read(self.protocol, side, spoken)
        fields = {
            "model_name": message.model_name,
            "model_version": str(message.version),
            "signature_name": message.signature_name,
        }
        if side == "request":
            fields["outputs"] = list(message.output_filter)
        tensors = message.inputs if side == "request" else message.outputs
        return Read([from_value(name, value) for name, value in tensors.items()], fields)

    def rewrite(self, side: str, spoken: Spoken) -> Spoken:
        """Write again what was read."""
        return write(self.protocol, read(self.protocol, side, spoken))


class TensorProto(NamedTuple):
    """A TensorProto by itself: what stands in ``data.tftensor`` of a Seldon message."""

    codec: str = "protobuf/tftensor"

    def encode(self, _: str, tensors: Sequence[Tensor], __: Mapping[str, Any]) -> Spoken:
        """Write the one tensor there is, and take it out of its envelope."""
        (one,) = tensors
        body = tw.get_codec(self.codec).encode(value_of(one))
        return Spoken(_inside(_inside(body)), {})

    def decode(self, _: str, spoken: Spoken) -> Read:
        """Read a tensor."""
        return Read([from_value("0", self._value(spoken))], {})

    def rewrite(self, _: str, spoken: Spoken) -> Spoken:
        """Write again what was read."""
        body = tw.get_codec(self.codec).encode(self._value(spoken))
        return Spoken(_inside(_inside(body)), {})

    def _value(self, spoken: Spoken) -> Any:
        data = b"\x22" + _varint(len(spoken.body)) + spoken.body  # tftensor = 4 of DefaultData
        return tw.get_codec(self.codec).decode(b"\x1a" + _varint(len(data)) + data)  # data = 3


def _varint(number: int) -> bytes:
    low = number & 0x7F
    return bytes([low]) if low == number else bytes([low | 0x80]) + _varint(number >> 7)


def _inside(message: bytes) -> bytes:
    """Take the one field of a message, its tag and length cut off."""
    start = 2
    while message[start - 1] & 0x80:
        start += 1
    return message[start:]
