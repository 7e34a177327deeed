"""Our side of the formats that hold arrays and nothing around them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import tensorwire as tw
from interop.ours.implementation import Ours, Read
from interop.workers.loop import Encoded
from interop.workers.tensors import from_value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from interop.workers.tensors import Tensor

__all__ = ["Arrays", "Beside", "OneArray"]


@dataclass(frozen=True)
class Arrays(Ours):
    """A codec of arrays by name; ``protocol`` is its name."""

    def whole(self, values: dict[str, Any]) -> Any:
        """Return the value that the codec encodes."""
        return values

    def named(self, value: Any) -> dict[str, Any]:
        """Return what the codec decoded, by name."""
        return dict(value)

    def encode(self, side: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]) -> Encoded:
        """Write arrays."""
        body: Any = self.writing(side, tensors, fields)()
        return Encoded(b"".join(body) if isinstance(body, list) else body)

    def decode(self, side: str, encoded: Encoded) -> Read:
        """Read arrays."""
        values = self.named(self.reading(side, encoded)())
        return Read([from_value(name, value) for name, value in values.items()], {})

    def rewrite(self, side: str, encoded: Encoded) -> Encoded:
        """Write again what was read."""
        return Encoded(tw.get_codec(self.protocol).encode(self.reading(side, encoded)()))

    def writing(
        self, _: str, tensors: Sequence[Tensor], __: Mapping[str, Any]
    ) -> Callable[[], object]:
        """Return the call that is timed: arrays are written."""
        encode, value = tw.get_codec(self.protocol).encode, self.whole(self.given(tensors))
        return lambda: encode(value)

    def reading(self, _: str, encoded: Encoded) -> Callable[[], object]:
        """Return the call that is timed: arrays are read."""
        decode, body = tw.get_codec(self.protocol).decode, encoded.body
        return lambda: decode(body)


@dataclass(frozen=True)
class OneArray(Arrays):
    """A codec of one array, which has no name."""

    def whole(self, values: dict[str, Any]) -> Any:
        """Return the only array."""
        (value,) = values.values()
        return value

    def named(self, value: Any) -> dict[str, Any]:
        """Return the array under the only name."""
        return {"0": value}


@dataclass(frozen=True)
class Beside(OneArray):
    """A codec to compare with a format that we have no codec for."""

    protocol: str = "protobuf/tftensor"
    parts: bool = False
    """Write as buffers, without a copy."""
    shared: ClassVar[bool] = False

    def writing(
        self, side: str, tensors: Sequence[Tensor], fields: Mapping[str, Any]
    ) -> Callable[[], object]:
        """Return the call that is timed: an array is written."""
        if not self.parts:
            return super().writing(side, tensors, fields)
        encode, value = tw.get_codec(self.protocol).encode_parts, self.whole(self.given(tensors))
        return lambda: encode(value)
