"""A request as it came, for models that read it themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RawMessage"]


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A request that nobody has decoded.

    Attributes
    ----------
    body
        its bytes, inflated where they came compressed.
    protocol
        what they are, by a name for `tensorwire.get_protocol`, as in ``seldon/protobuf``.
    headers
        of HTTP, by names in lower case; the metadata of gRPC is not among them.
    """

    body: bytes
    protocol: str
    headers: Mapping[str, str] = field(default_factory=dict)
