"""Bounds on requests."""

from __future__ import annotations

from dataclasses import dataclass

import tensorwire as tw
from tensorwire.serving.refusals import Refusal, Status

__all__ = ["ServerLimits", "too_late"]


@dataclass(frozen=True, slots=True)
class ServerLimits:
    """Bounds on requests. A request beyond a bound is refused with the reason.

    Parameters
    ----------
    body : int, default 64 MiB
        Bytes of one request, as sent and as inflated.
    elements : int, optional
        Elements of one array; what `tensorwire.Limits` allows by default where None.
    concurrency : int, default 1000
        Requests under way at once, of each transport. Probes and the like do not count over REST;
        over gRPC they have as many of their own, of which one too many ends the oldest.
    timeout : float, default 60.0
        Seconds for one request, from the first byte of its body (over gRPC from its headers on) to
        the model's answer. A model that is running cannot be stopped: its caller is answered, and
        its thread is busy until it ends.
    threads : int, default 4
        Calls of the model that run at once, over both transports.
    head : int, default 64 KiB
        Bytes of the request line and the headers.
    head_timeout : float, default 10.0
        Seconds in which they have to arrive.
    grace : float, default 10.0
        Seconds that requests under way have to end when the server is closed.

    Examples
    --------
    >>> from tensorwire.server import EchoServer, ServerLimits
    >>> server = EchoServer(limits=ServerLimits(body=1 << 20, timeout=5.0))
    >>> server.app.service.limits.body
    1048576
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
        """The limits of a payload; None for the default."""
        return None if self.elements is None else tw.Limits(max_elements=self.elements)


def too_late(seconds: float) -> Refusal:
    """Return the refusal of a request whose model takes too long."""
    reason = f"expected an answer of the model within {seconds} s, got none"
    return Refusal(Status.TIMEOUT, reason)
