"""The base of our implementations: make a message, encode and decode it, and be timed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import tensorwire as tw
from interop.workers.loop import Encoded
from interop.workers.tensors import from_value, to_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from interop.workers.tensors import Tensor

__all__ = ["Ours", "Read", "value_of"]


class Read(NamedTuple):
    """What was read of a body."""

    tensors: list[Tensor]
    fields: dict[str, Any]


def value_of(tensor: Tensor) -> Any:
    """Return a tensor as an argument of tensorwire: strings that end in NUL as lists."""
    value = to_value(tensor)
    if tensor.lengths is None:
        return value
    if tensor.dtype == "text":
        return value.astype("U")
    if any(element.endswith(b"\0") for element in value.ravel()):
        return value.tolist()
    return value.astype("S")


@dataclass(frozen=True)
class Ours:
    """A protocol, and how its messages are made; a side is ``request`` or ``response``."""

    protocol: str
    shared: ClassVar[bool] = True
    """Whether the peer and we write and read the same bytes."""

    def kind(self, side: str) -> Any:
        """Return the class of the messages of a side."""
        protocol = tw.get_protocol(self.protocol)
        return protocol.request if side == "request" else protocol.response

    def message(self, side: str, values: Mapping[str, Any], fields: Mapping[str, Any]) -> Any:
        """Make a message of values by name."""
        raise NotImplementedError

    def values(self, side: str, message: Any) -> dict[str, Any]:
        """Return the values of a message by name."""
        raise NotImplementedError

    def fields(self, _side: str, _message: Any) -> dict[str, Any]:
        """Return the other fields of a message."""
        return {}

    def given(self, tensors: Sequence[Tensor]) -> dict[str, Any]:
        """Return the values of a message, by name."""
        return {each.name: value_of(each) for each in tensors}

    def encode(self, side: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]) -> Encoded:
        """Write a message of a side."""
        return self._write(self.message(side, self.given(tensors), fields))

    def decode(self, side: str, encoded: Encoded) -> Read:
        """Read a message of a side."""
        message = self._read(side, encoded)
        values = self.values(side, message)
        tensors = [from_value(name, value) for name, value in values.items()]
        return Read(tensors, self.fields(side, message))

    def rewrite(self, side: str, encoded: Encoded) -> Encoded:
        """Write again what was read."""
        return self._write(self._read(side, encoded))

    def writing(
        self, side: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]
    ) -> Callable[[], object]:
        """Return the call that is timed: a message is made of arrays, and written."""
        encode, values = tw.get_protocol(self.protocol).encode, self.given(tensors)
        return lambda: encode(self.message(side, values, fields))

    def reading(self, side: str, encoded: Encoded) -> Callable[[], object]:
        """Return the call that is timed: a message is read, and its arrays are taken out."""
        decode, kind = tw.get_protocol(self.protocol).decode, self.kind(side)
        body, headers = encoded.body, dict(encoded.headers)
        return lambda: self.values(side, decode(body, headers, type=kind))

    def _write(self, message: Any) -> Encoded:
        return Encoded(*tw.get_protocol(self.protocol).encode(message))

    def _read(self, side: str, encoded: Encoded) -> Any:
        decode = tw.get_protocol(self.protocol).decode
        return decode(encoded.body, dict(encoded.headers), type=self.kind(side))
