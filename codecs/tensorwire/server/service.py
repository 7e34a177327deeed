"""What both transports of a server share: a model, its threads, and its metrics."""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import suppress
from itertools import accumulate
from operator import add
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from prometheus_client import generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

import tensorwire as tw
from tensorwire.protocols.family import ServerState
from tensorwire.serving.answers import Answers
from tensorwire.serving.model import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric

    from tensorwire.missing import Missing
    from tensorwire.server.limits import ServerLimits
    from tensorwire.serving.refusals import ModelError

__all__ = ["Job", "Metrics", "Service", "Workers"]

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

    Calls begin in the order in which they came, over both transports. One thread is woken at a
    time, and wakes the next if there is more to do: to wake a thread takes as long as a small call,
    which the first may have ended before the second could begin.

    The threads are daemons, unlike those of `concurrent.futures`: a model that never returns does
    not keep the process alive.
    """

    def __init__(self, count: int, name: str = "tensorwire-model") -> None:
        self._name = name
        self._lock = Lock()  # of all that follows
        self._calls: deque[Callable[[], None]] = deque()
        self._places = count  # for calls that could run
        self._threads: list[Thread] = []
        self._count = count
        self._idle = 0  # threads that wait, and have not been woken
        self._waking = self._closed = False
        self._wakes: SimpleQueue[None] = SimpleQueue()

    @property
    def queued(self) -> int:
        """How many calls wait."""
        return len(self._calls)

    def post(self, call: Callable[[], None]) -> None:
        """Pass a call, which raises nothing, to the next thread that is free.

        Raise RuntimeError if there is no thread, and none can be started.
        """
        with self._lock:
            self._calls.append(call)
            if not self._idle and len(self._threads) < self._count:
                name = f"{self._name}-{len(self._threads)}"
                thread = Thread(target=self._work, name=name, daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # the system has no more: those that there are take the call
                    if not self._threads:
                        self._calls.pop()
                        raise
                else:
                    self._threads.append(thread)
            else:
                self._wake()

    def submit(self, call: Callable[[], _T]) -> Job[_T]:
        """Pass a call to the next thread that is free."""
        job = Job(call)
        self.post(job.run)
        return job

    def begin(self) -> bool:
        """Return whether a call may run in this thread now; `end` follows it."""
        with self._lock:
            if self._calls or not self._places:
                return False
            self._places -= 1
            return True

    def end(self) -> None:
        """Leave the place of a call that has run in this thread."""
        with self._lock:
            self._places += 1
            self._wake()

    def _wake(self) -> None:
        """Wake a thread if there is a call for it; the lock is held."""
        if self._calls and self._places and self._idle and not self._waking:
            self._waking = True
            self._idle -= 1
            self._wakes.put(None)

    def _work(self) -> None:
        while True:
            with self._lock:
                call = self._calls.popleft() if self._calls and self._places else None
                if call is not None:
                    self._places -= 1
                    self._wake()
                elif self._closed and not self._calls:
                    return
                else:
                    self._idle += 1
            if call is None:
                self._wakes.get()
                with self._lock:
                    self._waking = False
                continue
            call()
            del call  # it refers to a request, and the next call may come much later
            with self._lock:
                self._places += 1

    def close(self, timeout: float) -> None:
        """End the threads after the calls that were submitted, or stop waiting after `timeout`."""
        with self._lock:
            self._closed = True
            for _ in range(self._idle):
                self._wakes.put(None)
            self._idle = 0
        end = monotonic() + timeout
        for thread in self._threads:
            thread.join(max(0.0, end - monotonic()))


def _wrapped(error: BaseException) -> ModelError:
    made = failure(error)
    made.__cause__ = error
    return made


class Job(Future[_T]):
    """The result of a call that a thread is to make, or makes."""

    def __init__(self, call: Callable[[], _T]) -> None:
        super().__init__()
        self._call: Callable[[], _T] | None = call

    def run(self) -> None:
        """Call it, unless it was abandoned."""
        call, self._call = self._call, None
        if call is None or not self.set_running_or_notify_cancel():
            return
        with suppress(InvalidStateError):  # abandoned
            try:
                self.set_result(call())
            except Exception as error:  # noqa: BLE001 - raised again where it is awaited
                self.set_exception(error)
                del self, call  # the error holds this frame, which would hold the error
            except BaseException as error:  # noqa: BLE001 - it would end the event loop
                self.set_exception(_wrapped(error))
                del self, call

    def abandon(self) -> None:
        """Stop waiting for it: it is not started, and its request dropped, or its result is."""
        self._call = None
        if not self.cancel():
            with suppress(InvalidStateError):  # it has just ended
                self.set_exception(CancelledError())


class Metrics(Collector):
    """The metrics of one server.

    They are kept in a table of numbers, of which prometheus_client makes its text when it is asked:
    to add to four of its counters takes as long as to decode a small message.

    Attributes
    ----------
    active
        functions that count the requests under way, by transport.
    """

    media_type = "text/plain; version=0.0.4; charset=utf-8"  # what generate_latest writes

    def __init__(self) -> None:
        self._lock = Lock()
        self._counts: dict[tuple[str, str, str], _Counts] = {}  # by transport, route and code
        self.active: dict[str, Callable[[], int]] = {}

    def record(  # noqa: PLR0913, PLR0917 - one call a request
        self, transport: str, route: str, code: str, began: float, received: int, sent: int
    ) -> None:
        """Record a request: when it began by `perf_counter`, and bytes of the two bodies."""
        seconds = perf_counter() - began
        key = transport, route, code
        with self._lock:
            counts = self._counts.get(key)
            if counts is None:  # there are as many as routes and codes
                counts = self._counts[key] = _Counts()
            counts.received += received
            counts.sent += sent
            counts.seconds += seconds
            counts.buckets[bisect_left(_SECONDS, seconds)] += 1

    def collect(self) -> Iterator[Metric]:
        """Return all metrics, for prometheus_client."""
        with self._lock:
            by_code = {key: sum(counts.buckets) for key, counts in self._counts.items()}
            by_route: dict[tuple[str, str], _Counts] = {}
            for (transport, route, _), counts in self._counts.items():
                by_route.setdefault((transport, route), _Counts()).add(counts)
        labels = ("transport", "route")
        requests = CounterMetricFamily(
            "tensorwire_requests", "Requests that were answered.", labels=(*labels, "code")
        )
        for key, number in by_code.items():
            requests.add_metric(key, number)
        times = HistogramMetricFamily(
            "tensorwire_request_seconds", "Time from a request's head to its reply.", labels=labels
        )
        received = CounterMetricFamily(
            "tensorwire_request_bytes", "Bodies received.", labels=labels
        )
        sent = CounterMetricFamily("tensorwire_reply_bytes", "Bodies sent.", labels=labels)
        for route_of, counts in by_route.items():
            bounds = map(floatToGoString, (*_SECONDS, float("inf")))
            buckets = list(zip(bounds, accumulate(counts.buckets), strict=True))
            times.add_metric(route_of, buckets, counts.seconds)
            received.add_metric(route_of, counts.received)
            sent.add_metric(route_of, counts.sent)
        active = GaugeMetricFamily(
            "tensorwire_requests_active", "Requests under way.", labels=("transport",)
        )
        for transport, count in self.active.items():
            active.add_metric((transport,), count())
        yield from (requests, times, received, sent, active)

    def text(self) -> bytes:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self)


class _Counts:
    """What is counted of the requests of one route."""

    __slots__ = ("buckets", "received", "seconds", "sent")

    def __init__(self) -> None:
        self.received = self.sent = 0
        self.seconds = 0.0
        self.buckets = [0] * (len(_SECONDS) + 1)

    def add(self, other: _Counts) -> None:
        """Add what another one has."""
        self.received += other.received
        self.sent += other.sent
        self.seconds += other.seconds
        self.buckets = list(map(add, self.buckets, other.buckets))
