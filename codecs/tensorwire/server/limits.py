"""What one client may take, so that there is enough for the others."""

from __future__ import annotations

from dataclasses import dataclass

import tensorwire as tw

__all__ = ["ServerLimits"]


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds on requests. What is over a bound is refused, and said so.

    Attributes
    ----------
    body
        bytes of one request, as sent and as inflated.
    elements
        elements of one array; None for what `tensorwire.Limits` allows by itself.
    concurrency
        requests under way at once, of each transport.
    timeout
        seconds for one request, from its first byte of body to the model's answer. A model that is
        running cannot be stopped: its caller is told, and its thread is busy until it ends.
    threads
        calls of the model that run at once, over both transports; and calls of gRPC.
    head
        bytes of the request line and headers.
    head_timeout
        seconds in which they have to be there.
    grace
        seconds that requests under way have to end when the server is closed.
    """

    body: int = 64 << 20
    elements: int | None = None
    concurrency: int = 1000
    timeout: float = 60.0
    threads: int = 4
    head: int = 64 << 10
    head_timeout: float = 10.0
    grace: float = 10.0

    @property
    def payload(self) -> tw.Limits | None:
        """What a payload may claim; None for the default, which decoders know by heart."""
        return None if self.elements is None else tw.Limits(max_elements=self.elements)
