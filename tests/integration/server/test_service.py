"""What both transports share: the threads of the model, and the metrics."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from prometheus_client.parser import text_string_to_metric_families

from tensorwire.server import EchoServer, ServerLimits
from tensorwire.server.service import Metrics
from tests.support.server_clients import HOUR, Gate, ask, call, until

PREDICT = "/seldon.protos.Seldon/Predict"
ONE = tw.get_codec("protobuf/tensor").encode(np.ones(1))
TEXT = json.dumps({"strData": "x"})


def test_threads() -> None:
    """No more calls of the model run at once than it has threads, over both transports."""
    lock, running, most = threading.Lock(), 0, 0
    model = Gate()

    class Counting:
        def predict(self, X: Any) -> Any:  # noqa: N803
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            try:
                return model.predict(X)
            finally:
                with lock:
                    running -= 1

    with (
        EchoServer(Counting(), limits=ServerLimits(threads=3, timeout=HOUR)) as server,
        ThreadPoolExecutor(32) as pool,
    ):
        rest = [pool.submit(ask, server.rest_port, "/predict", TEXT) for _ in range(16)]
        calls = [pool.submit(call, server.grpc_port, PREDICT, ONE) for _ in range(16)]
        for _ in range(3):
            model.begun.acquire()
        assert not model.begun.acquire(timeout=0.1)  # a fourth has time to begin, and does not
        model.open.set()
        assert [future.result().status for future in rest] == [200] * 16
        assert [future.result() for future in calls] == [ONE] * 16
    assert most == 3


SELDON = {"data": {"names": ["a", "b"], "ndarray": [[1.5, 2.0]]}, "meta": {"puid": "7"}}


def test_metrics() -> None:
    """Requests are counted by route and code, in a registry of each server's own."""
    with EchoServer(grpc_port=None) as server, EchoServer(grpc_port=None) as other:
        ask(server.rest_port, "/predict", json.dumps(SELDON))
        ask(server.rest_port, "/predict", b"{")
        ask(server.rest_port, "/nope")
        text = ask(server.rest_port, "/metrics").body.decode()
        for route, code in (("/predict", 200), ("/predict", 400), ("other", 404)):
            line = f'requests_total{{code="{code}",route="{route}",transport="rest"}} 1.0'
            assert f"tensorwire_{line}\n" in text
        assert 'request_seconds_bucket{le="10.0",route="/predict",transport="rest"} 2.0' in text
        assert 'route="/predict"' not in ask(other.rest_port, "/metrics").body.decode()


def test_metrics_are_read_by_others() -> None:
    """prometheus_client's own parser reads what was counted, of both transports."""
    with EchoServer() as server:
        sizes = [len(ask(server.rest_port, "/predict", TEXT).body) for _ in range(3)]
        call(server.grpc_port, PREDICT, ONE)
        text = ask(server.rest_port, "/metrics").body.decode()
        found: dict[tuple[str, ...], float] = {
            (sample.name, sample.labels["transport"], sample.labels.get("le", "")): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.labels.get("route") in ("/predict", PREDICT, None)
        }
    assert found["tensorwire_requests_total", "rest", ""] == 3
    assert found["tensorwire_request_bytes_total", "rest", ""] == 3 * len(TEXT)
    assert found["tensorwire_reply_bytes_total", "rest", ""] == sum(sizes)
    assert found["tensorwire_reply_bytes_total", "grpc", ""] == len(ONE)
    assert found["tensorwire_requests_active", "rest", ""] == 1  # the one that asks
    assert found["tensorwire_requests_active", "grpc", ""] == 0
    buckets = [
        (float(le), value)
        for (name, transport, le), value in found.items()
        if name.endswith("_bucket") and transport == "rest"
    ]
    assert [value for _, value in buckets] == sorted(value for _, value in buckets)
    assert dict(buckets)[float("inf")] == 3
    assert found["tensorwire_request_seconds_count", "rest", ""] == 3
    assert found["tensorwire_request_seconds_sum", "rest", ""] > 0


def test_metrics_from_many_threads() -> None:
    """No request is lost where several threads record at once."""
    metrics = Metrics()

    def record() -> None:
        for _ in range(5000):
            metrics.record("rest", "/", "200", 0.0, 1, 2)

    with ThreadPoolExecutor(8) as pool:
        for _ in range(8):
            pool.submit(record)
    text = metrics.text().decode()
    assert 'tensorwire_requests_total{code="200",route="/",transport="rest"} 40000.0\n' in text
    assert 'tensorwire_reply_bytes_total{route="/",transport="rest"} 80000.0\n' in text


def test_one_queue() -> None:
    """Calls of both transports begin in the order in which they came, also after quick ones."""
    gate, order = Gate(), []

    class Ordered:
        def predict(self, X: Any) -> Any:  # noqa: N803
            order.append(int(X[0]))
            return gate.predict(X)

    gate.open.set()
    with (
        EchoServer(Ordered(), limits=ServerLimits(threads=1, timeout=HOUR)) as server,
        ThreadPoolExecutor(20) as pool,
    ):
        workers = server.app.service.workers

        def send(value: int) -> Any:
            if value % 2:
                body = tw.get_codec("protobuf/tensor").encode(np.array([float(value)]))
                return pool.submit(call, server.grpc_port, PREDICT, body)
            text = json.dumps({"data": {"ndarray": [value]}})
            return pool.submit(ask, server.rest_port, "/predict", text)

        send(1).result()
        gate.begun.acquire()
        gate.open.clear()
        sent = [send(3)]
        gate.begun.acquire()
        for value in range(4, 16):
            sent.append(send(value))
            until(lambda queued=value - 3: workers.queued == queued)  # type: ignore[misc]
        gate.open.set()
        for future in sent:
            future.result()
    assert order == [1, *range(3, 16)]
