"""What a load tool has measured, and whether it was the server that set the pace."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean
from typing import TYPE_CHECKING, NamedTuple

from bench.serving.samples import quantile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SLACK = 0.2
"""How far clients / latency and requests/s may differ before the client is to blame."""
BUSY = 0.9
"""The share of a core at which a client of one thread has no time left."""


class Target(NamedTuple):
    """Where a ready-made body goes.

    Attributes
    ----------
    url
        of REST, or ``http://HOST:PORT/package.Service/Method`` of gRPC.
    grpc
        whether the body is a message of gRPC.
    folder
        for files, which belongs to this run alone.
    """

    url: str
    grpc: bool
    body: bytes
    folder: Path


@dataclass(frozen=True)
class Load:
    """One closed loop: every client sends its next request when the last is answered."""

    tool: str
    clients: int
    seconds: float
    failed: int
    latencies: Sequence[float]
    """Seconds of each answered request, in ascending order."""
    busy: float | None = None
    """Share of a core that the tool itself took, where it tells."""

    @property
    def rate(self) -> float:
        """Answered requests a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float | None:
        """Give a quantile of the latencies; None if nothing was answered."""
        return quantile(self.latencies, share) if self.latencies else None

    def doubt(self) -> str | None:
        """Say why this measures the client rather than the server, if it does.

        By Little's law the requests under way are rate x latency, and all clients have one under
        way unless they are busy with something else.
        """
        # With few requests a client, those that were cut off at the end weigh too much.
        if len(self.latencies) >= 10 * self.clients:
            expected = self.clients / fmean(self.latencies)
            if abs(expected / self.rate - 1) > SLACK:
                return (
                    f"{self.tool}: {self.clients} clients / latency gives {expected:,.0f}"
                    f" requests/s, {self.rate:,.0f} were seen: the client was the limit"
                )
        if self.busy is not None and self.busy > BUSY:
            return f"{self.tool} took {self.busy:.0%} of a core: the client may be the limit"
        return None
