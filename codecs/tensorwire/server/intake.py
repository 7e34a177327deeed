"""What is the same for every request of REST, by ASGI or directly: counts, refusals, headers."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tensorwire.serving.refusals import Status, forget, status_of
from tensorwire.serving.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tensorwire.server.cors import Cors
    from tensorwire.server.service import Service
    from tensorwire.serving.request import Reply, Request

__all__ = ["Intake"]

_LOG = logging.getLogger("tensorwire.server")
_SMALL = 64 << 10  # bytes: up to here an echo takes less time than the start of a thread


class Intake:
    """The requests of one application that are under way.

    Attributes
    ----------
    routes
        what is served.
    active
        the number of requests under way.
    messages
        the number of those that are for the model, and count for the limit.
    """

    def __init__(self, service: Service, cors: Cors | None) -> None:
        self.service, self._cors = service, cors
        self.routes = Routes(service.protocols.values(), metrics=True)
        self.active = self.messages = 0
        service.metrics.active["rest"] = lambda: self.active

    def refused(self, call: Request, error: BaseException) -> Reply:
        """Return the reply that tells what is wrong; what is not the client's fault is logged."""
        if status_of(error) is Status.INTERNAL:
            _LOG.error("%s %s", call.method, call.path, exc_info=error)
        reply = call.refused(error)
        forget(error)
        return reply

    def headers_of(self, call: Request, reply: Reply, began: float) -> Mapping[str, str]:
        """Record a reply, all of whose body is its first part, and return its headers."""
        label = call.route.label if call.route else "other"
        sizes = len(call.body or b""), len(reply.parts[0])
        self.service.metrics.record("rest", label, str(reply.status), began, *sizes)
        if self._cors is None:
            return reply.headers
        return {**reply.headers, **self._cors.headers(call.headers)}

    def begin(self, *, counts: bool = True) -> None:
        """Count a request that begins."""
        self.active += 1
        self.messages += counts

    def end(self, *, counts: bool = True) -> None:
        """Count a request that ends."""
        self.active -= 1
        self.messages -= counts

    def takes(self, size: int) -> bool:
        """Return whether a message of so many bytes needs no refusal before it is read."""
        limits = self.service.limits
        return size <= limits.body and self.messages < limits.concurrency

    def is_quick(self, call: Request) -> bool:
        """Return whether an answer takes less time than the start of a thread: a small echo's."""
        return (
            self.service.exchange.model.is_echo
            and len(call.body or b"") <= _SMALL
            and "content-encoding" not in call.headers
        )
