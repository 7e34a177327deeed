"""The load tools of ``bench.serving``, against a server of the standard library."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shutil import which
from typing import TYPE_CHECKING, Any

import pytest

from bench.process import WorkerError
from bench.serving import loadgen
from bench.serving.loadgen import Target
from bench.serving.samples import (
    Load,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Counting(BaseHTTPRequestHandler):
    """Counts requests by their bodies."""

    protocol_version = "HTTP/1.1"
    seen: list[bytes]
    status = 200

    def do_POST(self) -> None:
        """Answer."""
        self.seen.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def counting(status: int = 200) -> Iterator[tuple[str, list[bytes]]]:
    """Serve with the standard library; the URL, and the bodies that come in."""
    seen: list[bytes] = []
    handler = type("Handler", (Counting,), {"seen": seen, "status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/predict", seen
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("tool", ["h2load", "wrk", "python"])
def test_every_tool_counts_what_it_sends(tool: str, tmp_path: Path) -> None:
    """A server of the standard library has seen at least the requests that were reported."""
    if tool != "python" and not which(tool):
        pytest.skip(f"{tool} is not installed")
    with counting() as (url, seen):
        target = Target(url, grpc=False, body=b"payload", folder=tmp_path)
        seconds = 0.4
        while not (load := loadgen.choose(tool, grpc=False)(target, 2, seconds)).latencies:
            assert tool != "python"  # which waits for an answer
            seconds *= 2
    assert (load.tool, load.clients, load.failed) == (tool, 2, 0)
    assert 0 < len(load.latencies) <= len(seen)
    assert set(seen) == {b"payload"}
    assert load.latencies == sorted(load.latencies)
    assert 0 < load.latencies[0] < load.seconds


def test_the_first_answer_is_waited_for() -> None:
    """However long it takes, it is counted, and the time until then; what comes later is not."""
    record = loadgen.Record(0.0, 0.0)
    over = [record.over]
    record.answered(record.begin)
    assert [*over, record.over] == [False, True]
    (latency,) = record.latencies
    assert record.seconds == latency > 0
    record.answered(record.begin)
    assert record.latencies == [latency]
    early = loadgen.Record(3600.0, 1.0)
    early.answered(early.begin - 3600)
    assert (early.latencies, early.seconds, early.over) == ([], 1.0, False)


def test_errors_are_no_answers(tmp_path: Path) -> None:
    """A server that always fails is a failed run, with the reason."""
    with counting(500) as (url, _):
        target = Target(url, grpc=False, body=b"payload", folder=tmp_path)
        with pytest.raises(WorkerError, match=r"no request was answered: .*500"):
            loadgen.python(target, 1, 0.2)


def test_a_limited_client_is_found_out() -> None:
    """By Little's law, clients are requests a second times latency, or they were elsewhere."""
    good = Load("tool", 100, 1.0, 0, [0.01] * 9_500)
    assert good.doubt() is None
    slow = Load("tool", 100, 1.0, 0, [0.01] * 5_000)
    assert "the client was the limit" in str(slow.doubt())
    assert "91% of a core" in str(Load("tool", 100, 1.0, 0, [0.01] * 9_500, busy=0.91).doubt())
    assert Load("tool", 100, 1.0, 0, [0.01] * 20).doubt() is None  # too few to tell
    assert Load("tool", 1, 1.0, 3, []).percentile(50) is None
