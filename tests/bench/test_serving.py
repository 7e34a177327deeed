"""The parts of ``python -m bench.serving`` that need no server of ours."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from shutil import which
from statistics import quantiles
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import tensorwire as tw
from bench.measure.check import CheckError
from bench.process import WorkerError
from bench.serving import loadgen, matrix, objects
from bench.serving.cells import COUNTS, GRPC, KINDS, OBJECTS, OURS, REST, Cell, Choice, known
from bench.serving.clients import CallError, RestClient
from bench.serving.loadgen import Target
from bench.serving.options import parse
from bench.serving.samples import (
    SHARES,
    Load,
    Parts,
    Request,
    Samples,
    quantile,
    read_timing,
    shares,
    write_timing,
)
from bench.serving.scale import plan
from bench.serving.targets import advice, missed, target_of, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWN = Cell(GRPC, "predict", 100_000, "tensor", OURS)
OTHER = OWN._replace(side=OBJECTS)


def request(seconds: float) -> Request:
    """Return a request that took so long, all of it in the call."""
    return Request(0.0, seconds, 0.0, None)


def test_the_matrix_is_that_of_the_issue() -> None:
    """Two transports, two methods, two sizes, four kinds, two sides; figures where published."""
    cells = Choice().cells()
    assert len(cells) == len(set(cells)) == 2 * 2 * 2 * 4 * 2
    figures = {
        (REST, "predict", 100_000): (0.0198, 0.0197, 0.0162, None),
        (GRPC, "predict", 100_000): (0.253, 0.0084, 0.0055, None),
        (GRPC, "predict_raw", 100_000): (0.046, 0.0079, 0.005, None),
        (REST, "predict_raw", 100_000): (0.0133, 0.0133, 0.0111, None),
        (GRPC, "predict", 1): (0.00146, 0.00149, 0.00157, None),
        (REST, "predict_raw", 1): (None, None, None, None),
    }
    for row, times in figures.items():
        found = [known(Cell(*row, kind, side)) for kind in KINDS for side in (OURS, OBJECTS)]
        assert found == [pytest.approx(each) if each else None for each in times for _ in range(2)]


def test_targets_are_those_of_the_issue() -> None:
    """40x, 2x and 3x at 100,000 values of predict; never slower at 1."""
    many = {
        (cell.transport, cell.kind): target_of(cell)
        for cell in Choice(methods=("predict",), counts=(100_000,), sides=(OURS,)).cells()
    }
    assert many == {
        (REST, "ndarray"): 3,
        (REST, "tensor"): 3,
        (REST, "tftensor"): 3,
        (REST, "raw"): None,
        (GRPC, "ndarray"): 40,
        (GRPC, "tensor"): 2,
        (GRPC, "tftensor"): 2,
        (GRPC, "raw"): None,
    }
    assert {target_of(cell) for cell in Choice(counts=(1,)).cells()} == {1}


def test_quantiles_are_those_of_the_standard_library() -> None:
    """Between the two nearest values, both ends included."""
    values = sorted(np.random.default_rng(1).random(37).tolist())
    wanted = quantiles(values, n=100, method="inclusive")
    assert [quantile(values, n / 100) for n in range(1, 100)] == pytest.approx(wanted)
    assert (quantile([5.0], 0.99), quantile(values, 1.0)) == (5.0, values[-1])


def test_shares_add_up() -> None:
    """What the server tells is taken out of the call; the slowest requests do not count."""
    parts = Parts(decode=0.2, model=0.1, encode=0.05)
    requests = [Request(0.1, 0.75, 0.15, parts)] * 9 + [Request(9.0, 90.0, 1.0, parts)]
    found = dict(zip(SHARES, shares(requests), strict=True))
    assert found == pytest.approx(
        {
            "client encode": 0.1,
            "wire + server": 0.4,
            "decode": 0.2,
            "model": 0.1,
            "encode": 0.05,
            "client decode": 0.15,
        }
    )


def test_a_ratio_is_the_median_of_the_rounds() -> None:
    """One disturbed round changes nothing, and the noise says how far the others differ."""
    samples = Samples()
    samples.rounds[OTHER] = [[request(4.0)] * 3, [request(8.0)] * 3, [request(90.0)] * 3]
    samples.rounds[OWN] = [[request(1.0)] * 3, [request(2.0)] * 3, [request(2.0)] * 3]
    assert samples.matrix().ratio(OTHER, OWN) == (4.0, 0.0)
    assert samples.matrix().ratio(OTHER, OWN._replace(kind="raw")) is None
    assert list(missed(samples.matrix(), [OWN, OTHER])) == []
    slow = Samples({OWN: samples.rounds[OTHER], OTHER: samples.rounds[OWN]})
    (line,) = missed(slow.matrix(), [OWN, OTHER])
    assert "gRPC predict, 100,000, tensor: 0.250x" in line


def test_verdicts_know_the_noise() -> None:
    """What is short of a target by less than the noise is level with it."""
    assert verdict((2.1, 0.0), 2.0) == "met"
    assert verdict((1.9, 0.10), 2.0) == "level"
    assert verdict((1.9, 0.01), 2.0) == "MISSED"


def test_the_old_advice_is_compared() -> None:
    """``tensor`` is as good as ``tftensor`` if it is no slower, whatever the object way says."""
    samples = Samples()
    for side, kind, seconds in (
        (OURS, "tensor", 1.0),
        (OURS, "tftensor", 1.0),
        (OBJECTS, "tensor", 3.0),
        (OBJECTS, "tftensor", 1.5),
    ):
        samples.rounds[OWN._replace(side=side, kind=kind)] = [[request(seconds)]]
    (line,) = advice(samples.matrix(), [OWN])
    assert "tensor is as good as tftensor, 1.00x" in line
    assert "the object way has 0.500x" in line


def test_server_timing_is_read_as_the_w3c_has_it() -> None:
    """Milliseconds; names that are none of ours, and other parameters, are passed over."""
    text = 'cache;desc="hit";dur=3, decode;dur=1.5, encode;dur=0.25'
    assert read_timing(text) == Parts(0.0015, 0.0, 0.00025)
    assert read_timing("") is None
    assert write_timing(Parts(0.0015, 0.002, 0.0)) == (
        "decode;dur=1.5000, model;dur=2.0000, encode;dur=0.0000"
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("count", [1, 1000])
def test_both_sides_send_the_same_message(kind: str, count: int) -> None:
    """The object way writes what ours reads, and reads what ours writes, in both containers."""
    array = np.arange(1.0, count + 1).reshape(1, count)
    value = array.tobytes() if kind == "raw" else array
    container = tw.get_codec(f"protobuf/{kind}")
    body = objects.to_message(value, kind).SerializeToString()
    assert body == container.encode(array)
    read = objects.from_message(objects.SeldonMessage.FromString(container.encode(array)))
    matrix.check(OWN, read, array)
    text = tw.get_codec(f"json/{kind}")
    tree = json.loads(text.encode(array))
    matrix.check(OWN, objects.from_json(tree), array)
    matrix.check(OWN, text.decode(json.dumps(objects.to_json(value, kind)).encode()), array)


@pytest.mark.parametrize("got", [np.array([6, 7]), np.array([[6]]), b"\6", np.array([6.5])])
def test_wrong_answers_are_refused(got: Any) -> None:
    """Other values, another shape, other bytes."""
    with pytest.raises(CheckError, match="a wrong answer"):
        matrix.check(OWN, got, np.array([6]))


def test_options_are_read() -> None:
    """Lists in any case and order; ``--quick`` is shorter; a mode brings its own methods."""
    options = parse(["--transport", "grpc", "--kind", "raw,NDARRAY", "--count", "7,1", "--quick"])
    assert options.choice == Choice((GRPC,), counts=(7, 1), kinds=("ndarray", "raw"))
    assert options.seconds == 24
    assert parse([]).seconds == 120
    assert parse(["concurrent"]).choice.methods == ("predict",)
    assert parse([]).choice.counts == COUNTS


@pytest.mark.parametrize(
    "argv",
    [
        ["--kind", "image"],
        ["--count", "0"],
        ["--count", "many"],
        ["--seconds", "0"],
        ["fast"],
        ["--clients", "0"],
        ["-o", "/nowhere/at/all.json"],
        ["--csv", "--markdown"],
        ["noop", "-o", "run.json"],
        ["scale", "--py-spy", "graphs"],
    ],
)
def test_wrong_options_are_one_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and nothing on stdout."""
    with pytest.raises(SystemExit) as left:
        parse(argv)
    shown = capsys.readouterr()
    assert left.value.code == 2
    assert shown.out == ""
    assert shown.err.count("\n") == 1


def test_a_limited_client_is_found_out() -> None:
    """By Little's law, clients are requests a second times latency, or they were elsewhere."""
    good = Load("tool", 100, 1.0, 0, [0.01] * 9_500)
    assert good.doubt() is None
    slow = Load("tool", 100, 1.0, 0, [0.01] * 5_000)
    assert "the client was the limit" in str(slow.doubt())
    assert "91% of a core" in str(Load("tool", 100, 1.0, 0, [0.01] * 9_500, busy=0.91).doubt())
    assert Load("tool", 100, 1.0, 0, [0.01] * 20).doubt() is None  # too few to tell
    assert Load("tool", 1, 1.0, 3, []).quantile(0.5) is None


def test_scaling_goes_up_and_down() -> None:
    """One worker more or fewer in each step, up to the most and back to one, twice."""
    assert plan(3, 2) == [2, 3, 2, 1, 2, 3, 2, 1]


@contextmanager
def replies(*scripts: tuple[bytes, ...]) -> Iterator[int]:
    """Serve each connection by sending the pieces of its script, one for each request's end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        for script in scripts:
            connection, _ = listener.accept()
            with connection:
                for piece in script:
                    if piece.startswith(b"HTTP"):
                        connection.recv(1 << 16)
                    connection.sendall(piece)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(5)


def test_the_client_reads_replies_in_pieces() -> None:
    """Head and body may come in any pieces; what the server tells of its time is kept."""
    pieces = (
        b"HTTP/1.1 200 OK\r\nserver-timing: model;dur=1",
        b"\r\nCONTENT-length: 6\r",
        b"\n\r\nab",
        b"cd",
        b"ef",
    )
    with replies(pieces) as port:
        client = RestClient(port, "/", {})
        assert client.call(b"x") == (b"abcdef", "model;dur=1")
        client.close()


def test_a_closed_connection_is_opened_again() -> None:
    """A server may close one that is kept; the request goes out again, and is counted."""
    one = (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",)
    two = (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2",)
    with replies(one, two) as port:
        client = RestClient(port, "/", {})
        assert [client.call(b"x").body for _ in range(2)] == [b"1", b"2"]
        assert client.resent == 1
        client.close()


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ((b"HTTP/1.1 400 Bad\r\nContent-Length: 3\r\n\r\nbad",), "REST 400: bad"),
        ((b"HTTP/1.1 200 OK\r\n\r\n",), "without a Content-Length"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nb",), "closed the connection"),
        ((), "REST: "),
    ],
)
def test_what_is_no_answer_is_an_error(script: tuple[bytes, ...], reason: str) -> None:
    """Another status, no length, too few bytes, or nothing at all."""
    with replies(script) as port:
        client = RestClient(port, "/", {})
        with pytest.raises(CallError, match=reason):
            client.call(b"x")
        client.close()


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
