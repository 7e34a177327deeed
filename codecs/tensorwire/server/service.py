"""What both transports of a server share: a model, its threads, and its metrics."""

from __future__ import annotations

from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

import tensorwire as tw
from tensorwire.protocols.family import ServerState
from tensorwire.serving.answers import Answers

if TYPE_CHECKING:
    from collections.abc import Callable

    from tensorwire.missing import Missing
    from tensorwire.server.limits import ServerLimits

__all__ = ["Metrics", "Service", "Workers"]

_T = TypeVar("_T")
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


class Service:
    """A model, the threads in which it runs, and its metrics.

    Attributes
    ----------
    protocols
        those that are served, by name: built in, and of installed packages.
    ready
        whether the server takes new requests.
    grpc_port
        where gRPC listens, None where it does not.
    """

    def __init__(self, model: Any, limits: ServerLimits, missing: Missing | None = None) -> None:
        self.limits = limits
        self.answers = Answers(model, limits.payload, limits.body, missing)
        self.protocols, self.exchange = self.answers.protocols, self.answers.exchange
        self.workers = Workers(limits.threads)
        self.metrics = Metrics()
        self.ready = True
        self.grpc_port: int | None = None

    @property
    def state(self) -> ServerState:
        """The state of the server, for endpoints of health and metadata."""
        return ServerState(tw.__version__, self.ready, self.exchange.model.metadata)


class Workers:
    """A pool of threads, each started when it is needed; at most `count` calls run at once.

    The threads are daemons, unlike those of `concurrent.futures`: a model that never returns does
    not keep the process alive.
    """

    def __init__(self, count: int) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._count = count
        self._threads: list[Thread] = []
        self._starting = Lock()
        self._places: SimpleQueue[None] = SimpleQueue()  # a semaphore written in C
        for _ in range(count):
            self._places.put(None)

    def run(self, call: Callable[[], _T]) -> _T:
        """Run a call in this thread; it counts as one of those that run at once."""
        self._places.get()
        try:
            return call()
        finally:
            self._places.put(None)

    def submit(self, call: Callable[[], _T]) -> Future[_T]:
        """Pass a call to the next thread that is free."""
        if len(self._threads) < self._count:
            self._start()
        future: Future[_T] = Future()
        self._calls.put(lambda: _run(future, partial(self.run, call)))
        return future

    def _start(self) -> None:
        with self._starting:
            number = len(self._threads)
            if number < self._count:
                name = f"tensorwire-model-{number}"
                self._threads.append(Thread(target=self._work, name=name, daemon=True))
                self._threads[-1].start()

    def abandon(self, future: Future[_T]) -> None:
        """Stop waiting for a call: it is not started, or its result is dropped."""
        if not future.cancel():
            with suppress(InvalidStateError):  # it has just ended
                future.set_exception(CancelledError())

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call  # it refers to a request, and the next call may come much later

    def close(self, timeout: float) -> None:
        """End the threads after the calls that were submitted, or stop waiting after `timeout`."""
        for _ in self._threads:
            self._calls.put(None)
        end = monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))


def _run(future: Future[_T], call: Callable[[], _T]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    with suppress(InvalidStateError):  # abandoned
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised again where the call is awaited
            future.set_exception(error)
            del future  # the error holds this frame, which would hold the error


class Metrics:
    """The metrics of one server, in a registry of their own."""

    media_type = "text/plain; version=0.0.4; charset=utf-8"  # what generate_latest writes

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._known: dict[tuple[str, str, str], tuple[Counter, Histogram, Counter, Counter]] = {}
        labels = ("transport", "route")
        self._requests = Counter(
            "tensorwire_requests",
            "Requests that were answered.",
            (*labels, "code"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "tensorwire_request_seconds",
            "Time from a request's head to its reply.",
            labels,
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._bytes_in = Counter(
            "tensorwire_request_bytes", "Bodies received.", labels, registry=self._registry
        )
        self._bytes_out = Counter(
            "tensorwire_reply_bytes", "Bodies sent.", labels, registry=self._registry
        )
        self.active = Gauge(
            "tensorwire_requests_active",
            "Requests under way.",
            ("transport",),
            registry=self._registry,
        )

    def record(  # noqa: PLR0913, PLR0917 - one call a request
        self, transport: str, route: str, code: str, began: float, received: int, sent: int
    ) -> None:
        """Record a request: when it began by `perf_counter`, and bytes of the two bodies."""
        key = transport, route, code
        if key not in self._known:  # as many as there are routes and codes
            self._known[key] = (
                self._requests.labels(*key),
                self._seconds.labels(transport, route),
                self._bytes_in.labels(transport, route),
                self._bytes_out.labels(transport, route),
            )
        requests, seconds, bytes_in, bytes_out = self._known[key]
        requests.inc()
        seconds.observe(perf_counter() - began)
        bytes_in.inc(received)
        bytes_out.inc(sent)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self._registry)
