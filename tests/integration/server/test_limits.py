"""What requests may take, and how the server ends: under load, by signals."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import JSON, answer, ask, call, refused, set_limit, until

READY = "/inference.GRPCInferenceService/ServerReady"
PREDICT = "/seldon.protos.Seldon/Predict"
ONE = tw.get_codec("protobuf/tensor").encode(np.ones(1))
TEXT = json.dumps({"strData": "x"})
HOUR = 3600.0


class Gate:
    """A model that waits to be let through."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.begun = threading.Semaphore(0)

    def predict(self, X: Any) -> Any:  # noqa: N803 - Seldon's name
        """Wait, and echo."""
        self.begun.release()
        self.open.wait()
        return X


def test_elements() -> None:
    """An array of more elements than allowed is 413 or RESOURCE_EXHAUSTED, whatever its form."""
    with EchoServer(limits=ServerLimits(elements=3)) as server:
        for codec in ("json/ndarray", "json/tensor", "json/tftensor"):
            for size, status in ((3, 200), (4, 413)):
                body = tw.get_codec(codec).encode(np.ones(size))
                assert ask(server.rest_port, "/predict", body, JSON).status == status
        body = tw.get_codec("protobuf/tensor").encode(np.ones(4))
        assert refused(server.grpc_port, PREDICT, body)[0] == "RESOURCE_EXHAUSTED"
        assert call(server.grpc_port, PREDICT, ONE) == ONE


def test_time() -> None:
    """A model that takes too long is 504 or DEADLINE_EXCEEDED; probes and echoes are answered."""
    model = Gate()
    limits = ServerLimits(timeout=0.3, threads=2, grace=1)
    with EchoServer(model, limits=limits) as server:
        reply = ask(server.rest_port, "/predict", TEXT)
        assert (reply.status, "0.3 s" in reply.body.decode()) == (504, True)
        assert refused(server.grpc_port, PREDICT, ONE)[0] == "DEADLINE_EXCEEDED"
        assert ask(server.rest_port, "/ready").status == 200
        assert (
            call(server.grpc_port, "/inference.GRPCInferenceService/ServerReady", b"") == b"\x08\1"
        )
        set_limit(limits, "timeout", HOUR)
        model.open.set()
        assert ask(server.rest_port, "/predict", TEXT).status == 200
        assert call(server.grpc_port, PREDICT, ONE) == ONE


def test_the_deadline_of_a_client() -> None:
    """A client of gRPC may allow less time than the server does."""
    model = Gate()
    with EchoServer(model, None, limits=ServerLimits(grace=1)) as server:
        assert refused(server.grpc_port, PREDICT, ONE, timeout=0.3)[0] == "DEADLINE_EXCEEDED"
        model.open.set()
        assert call(server.grpc_port, PREDICT, ONE) == ONE


def test_concurrency() -> None:
    """What is over the limit is refused at once, with 503 or RESOURCE_EXHAUSTED."""
    model = Gate()
    with EchoServer(model, limits=ServerLimits(concurrency=2, threads=4, timeout=HOUR)) as server:
        with ThreadPoolExecutor(4) as pool:
            under_way = [pool.submit(ask, server.rest_port, "/predict", TEXT) for _ in range(2)]
            under_way_too = [pool.submit(call, server.grpc_port, PREDICT, ONE) for _ in range(2)]
            for _ in range(4):
                model.begun.acquire()
            assert ask(server.rest_port, "/predict", TEXT).status == 503
            assert refused(server.grpc_port, PREDICT, ONE)[0] == "RESOURCE_EXHAUSTED"
            model.open.set()
            assert [future.result().status for future in under_way] == [200, 200]
            assert [future.result() for future in under_way_too] == [ONE, ONE]
        assert ask(server.rest_port, "/predict", TEXT).status == 200


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


def test_requests_under_way_are_finished() -> None:
    """Closing waits for them, takes no new ones, and says that it is not ready."""
    model = Gate()
    server = EchoServer(model, limits=ServerLimits(grace=HOUR, timeout=HOUR)).start()
    with ThreadPoolExecutor(3) as pool:
        rest = pool.submit(ask, server.rest_port, "/predict", TEXT)
        rpc = pool.submit(call, server.grpc_port, PREDICT, ONE)
        for _ in range(2):
            model.begun.acquire()
        closing_ = pool.submit(server.close)
        # What is asked meanwhile must not come to the model, where it would be under way, too.
        until(lambda: refused(server.grpc_port, READY, b"")[0] == "UNAVAILABLE")
        assert refused(server.grpc_port, PREDICT, ONE)[0] == "UNAVAILABLE"
        assert not closing_.done()
        model.open.set()
        assert rest.result().json == {"strData": "x"}
        assert rpc.result() == ONE
        closing_.result()
    with pytest.raises(ConnectionRefusedError):
        ask(server.rest_port, "/live")


def test_closing_under_load() -> None:
    """Clients on connections of their own get a whole answer, or none from the start."""
    lost: list[BaseException] = []
    done = [0]
    server = EchoServer().start()
    stop = threading.Event()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.rest_port)
        with closing(connection):
            while not stop.is_set():
                try:
                    connection.request("POST", "/predict", TEXT)
                except ConnectionRefusedError:
                    return
                except OSError as error:
                    lost.append(error)
                    return
                try:
                    assert answer(connection).json == {"strData": "x"}
                    done[0] += 1
                except (OSError, http.client.HTTPException, AssertionError) as error:
                    lost.append(error)
                    return

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: done[0] >= 100 or not any(thread.is_alive() for thread in threads))
    server.close()
    stop.set()
    for thread in threads:
        thread.join()
    assert done[0] >= 100
    # A connection may be opened in the moment in which the server closes its socket.
    assert all(isinstance(error, (ConnectionResetError, BrokenPipeError)) for error in lost)
    assert len(lost) < 8


def test_a_model_that_hangs() -> None:
    """Closing waits no longer than it was told to, for both transports."""
    model = Gate()
    server = EchoServer(model, limits=ServerLimits(grace=0.2)).start()
    with ThreadPoolExecutor(2) as pool:
        rest = pool.submit(ask, server.rest_port, "/predict", TEXT)
        rpc = pool.submit(refused, server.grpc_port, PREDICT, ONE)
        for _ in range(2):
            model.begun.acquire()
        server.close()
        with pytest.raises((OSError, http.client.HTTPException, AssertionError)):
            assert rest.result().status == 200
        assert rpc.result()[0] in ("CANCELLED", "UNAVAILABLE", "DEADLINE_EXCEEDED")
    model.open.set()


def threads_of_servers() -> dict[threading.Thread, str]:
    """Return the threads of servers that are alive, and their names."""
    found = {thread: thread.name for thread in threading.enumerate()}
    return {thread: name for thread, name in found.items() if name.startswith("tensorwire")}


def test_nothing_is_left_behind() -> None:
    """Threads, sockets and ports are free after the context."""
    before = threads_of_servers().keys()
    with EchoServer() as server:
        ports = server.rest_port, server.grpc_port
        assert ask(ports[0], "/predict", json.dumps({"strData": "x" * 100_000})).status == 200
        assert call(ports[1], PREDICT, ONE) == ONE
        begun = {name for each, name in threads_of_servers().items() if each not in before}
        assert {"tensorwire-rest", "tensorwire-model-0"} <= begun
    until(lambda: not threads_of_servers().keys() - before)
    for port in ports:
        socket.create_server(("127.0.0.1", port or 0)).close()


ROOT = Path(tw.__file__).parents[1]


def process(*arguments: str) -> subprocess.Popen[str]:
    """Start ``python -m tensorwire.server`` on free ports."""
    free = ["--rest-port", "0", "--grpc-port", "0"]
    return subprocess.Popen(
        [sys.executable, "-m", "tensorwire.server", *free, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parents[2] / 'support'}",
        },
    )


def ports_of(server: subprocess.Popen[str]) -> list[int]:
    """Read where it listens."""
    assert server.stdout is not None
    line = server.stdout.readline()
    return [int(word.strip().rpartition(":")[2]) for word in line.split(",")]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_line_and_signals(number: signal.Signals) -> None:
    """It says where it listens, serves a model by name, and ends with 0 after a signal."""
    with process("--model", "doubling_model:Doubling", "--elements", "4") as server:
        try:
            rest, rpc = ports_of(server)
            reply = ask(rest, "/predict", '{"data":{"ndarray":[1.5]}}', JSON)
            assert reply.json["data"] == {"ndarray": [3.0]}
            assert ask(rest, "/predict", '{"data":{"ndarray":[1,2,3,4,5]}}', JSON).status == 413
            assert call(rpc, "/inference.GRPCInferenceService/ServerLive", b"") == b"\x08\1"
        finally:
            server.send_signal(number)
            out, err = server.communicate()
    assert (server.returncode, out, err) == (0, "", "")


@pytest.mark.slow
def test_a_signal_that_another_thread_gets() -> None:
    """The system may give a signal to any thread: the server ends all the same."""
    code = (
        "import signal, sys, threading, time\n"
        "from tensorwire.server.__main__ import main\n"
        "class Output:\n"
        "    def write(self, _):\n"
        "        threading.Thread(target=end).start()\n"
        "    def flush(self):\n"
        "        pass\n"
        "def end():\n"
        "    time.sleep(0.5)  # the main thread waits by now\n"
        "    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)\n"
        "sys.stdout = Output()\n"
        "sys.exit(main(['--rest-port', '0', '--no-grpc']))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == 0


@pytest.mark.slow
def test_wrong_arguments() -> None:
    """A wrong argument, model or port is one line and no traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        wrong = {
            "--body": ["--body", "-1"],
            "--timeout": ["--timeout", "soon"],
            "nowhere": ["--model", "nowhere:Nothing"],
            "dumps2": ["--model", "json:dumps2"],
            "70000": ["--grpc-port", "70000"],
            "in use": ["--rest-port", port],
        }
        servers = {text: process(*arguments) for text, arguments in wrong.items()}
        for text, server in servers.items():
            out, err = server.communicate()
            assert server.returncode in (1, 2)
            assert text in err.splitlines()[-1]
            assert "Traceback" not in err
            assert not out


def test_two_processes_share_a_port() -> None:
    """With reuse_port, servers listen at the same ports; without, the second is refused."""
    with EchoServer(reuse_port=True) as one:
        with EchoServer(None, one.rest_port, one.grpc_port, reuse_port=True) as two:
            assert (two.rest_port, two.grpc_port) == (one.rest_port, one.grpc_port)
        assert ask(one.rest_port, "/live").status == 200
        with pytest.raises(OSError, match="in use"):
            EchoServer(None, one.rest_port, None).start()
