"""A payload with its envelope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Message"]


@dataclass(slots=True)
class Message:
    """A value, and what travels with it.

    Attributes
    ----------
    value
        the array; nested lists where rows mix numbers and strings.
    kind
        ``ndarray``, ``tensor``, ``tftensor`` or ``raw``; `dumps` keeps it.
    names
        the names of the columns, None where there are none.
    meta
        puid, tags, routing, requestPath and metrics, as the JSON form has them.
    status
        code, info, reason and status of a reply.
    """

    value: Any
    kind: str = "tensor"
    names: Sequence[str] | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
    status: Mapping[str, Any] = field(default_factory=dict)

    def reply(self, value: Any, names: Sequence[str] | None = None) -> Message:
        """Answer this message with a value, in the kind that Seldon's wrapper would choose.

        Numbers go back in the kind of the request, or as `tensor` where the request was raw bytes;
        strings, bools and mixed rows go back as `ndarray`, bytes as `raw`. The request's puid, by
        which a caller matches answers, is kept.
        """
        meta = {"puid": self.meta["puid"]} if "puid" in self.meta else {}
        return Message(value, self._kind_of(value), names, meta)

    def _kind_of(self, value: Any) -> str:
        if isinstance(value, (bytes, bytearray, memoryview)):
            return "raw"
        array = np.asarray(value)
        if array.dtype.kind in "bSUTO":
            return "ndarray"
        return "tensor" if self.kind == "raw" else self.kind
