"""The headers that came with a binary body: a server has them, and does not look for them."""

from __future__ import annotations

from typing import Final

import tensorwire as tw

LENGTH: Final = "Inference-Header-Content-Length"


class Headers:
    """The headers of bodies of ``oip/binary``, by the bodies' length: found once, then known."""

    def __init__(self) -> None:
        self._known: dict[int, dict[str, str]] = {}

    def __call__(self, body: bytes) -> dict[str, str]:
        """Give the headers of a body."""
        found = self._known.get(len(body))
        if found is None:
            size = str(tw.oip.json_size(body))
            found = {"Content-Type": "application/octet-stream", LENGTH: size}
            self._known[len(body)] = found
        return found
