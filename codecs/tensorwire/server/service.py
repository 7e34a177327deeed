"""What both transports of a server share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tensorwire.missing import reading
from tensorwire.server.exchange import Exchange
from tensorwire.server.metrics import Metrics
from tensorwire.server.model import Model
from tensorwire.server.workers import Workers

if TYPE_CHECKING:
    from tensorwire.missing import Missing
    from tensorwire.server.limits import ServerLimits

__all__ = ["Service"]


class Service:
    """A model, the threads in which it runs, and what is counted.

    Attributes
    ----------
    ready
        whether new requests are welcome.
    grpc_port
        where gRPC listens, None where it does not.
    """

    def __init__(self, model: Any, limits: ServerLimits, missing: Missing | None = None) -> None:
        reading(missing, "any", text=True)  # raises DecodeError for a word that is not known
        self.limits = limits
        self.exchange = Exchange(Model(model), limits.payload, missing)
        self.workers = Workers(limits.threads)
        self.metrics = Metrics()
        self.ready = True
        self.grpc_port: int | None = None
