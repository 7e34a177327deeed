"""What is counted and timed, for Prometheus."""

from __future__ import annotations

from time import perf_counter

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

__all__ = ["Metrics"]

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60)


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
        """Give all of them in Prometheus' text format."""
        return generate_latest(self._registry)
