"""What requests may take, and how the server ends: under load, by signals."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import HOUR, JSON, Gate, ask, call, refused, set_limit

PREDICT = "/seldon.protos.Seldon/Predict"
ONE = tw.get_codec("protobuf/tensor").encode(np.ones(1))
TEXT = json.dumps({"strData": "x"})


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
