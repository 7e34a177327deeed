"""What a message says whatever its protocol: the middle of every conversion.

Beside each protocol's messages stands a file that takes them apart and puts them together,
`protocols/*_payload.py`; what has no place in a protocol is named before it would be lost.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tensorwire.errors import EncodeError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Payload"]

_DEFAULT = "serving_default"  # the signature that is meant where none is named


@dataclass(slots=True)
class Payload:
    """A message without its protocol.

    Attributes
    ----------
    tensors
        the arrays by name; a single one may have the name "".
    id
        by which a caller matches answers.
    model
        name, version, version label and signature name of the model.
    outputs
        the names of the outputs that are wanted.
    extras
        all else that it says, by its place.
    source
        the name of the codec that has read it, of one that is no protocol's.
    metadata
        what that codec's files say beside the arrays, as its `encode` takes it by ``meta=``.
    """

    tensors: dict[str, Any]
    id: str = ""
    model: dict[str, Any] = field(default_factory=dict)
    outputs: Sequence[str] = ()
    extras: dict[str, Any] = field(default_factory=dict)
    source: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)

    def single(self) -> Any:
        """Give the one array; raise `EncodeError` where there are more."""
        if len(self.tensors) != 1:
            names = ", ".join(self.tensors) or "none"
            raise EncodeError(
                f"one array has a place here, and there are {len(self.tensors)}: {names}; "
                "oip and tfserving have places for several"
            )
        return next(iter(self.tensors.values()))

    def signature(self) -> dict[str, Any]:
        """Give what TensorFlow Serving alone says of a model, by its place."""
        name = self.model.get("signature_name", "")
        return {
            "$.model_spec.version_label": self.model.get("version_label", ""),
            "$.model_spec.signature_name": "" if name == _DEFAULT else name,
        }


def refuse(lost: Mapping[str, Any], target: str) -> None:
    """Raise `EncodeError` for the first thing that would be lost."""
    for place, value in lost.items():
        if value is not None and len(value):
            raise EncodeError(f"{target} has no place for this; lossy=True drops it", place)
