"""A server from start to close: ports, what is under way, and what is left behind."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import numpy as np
import pytest

import tensorwire as tw

pytest.importorskip("tensorwire.server", exc_type=ModuleNotFoundError)

from tensorwire.server import EchoServer, ServerLimits
from tests.support.server_clients import HOUR, Gate, answer, ask, call, refused, until

READY = "/inference.GRPCInferenceService/ServerReady"
PREDICT = "/seldon.protos.Seldon/Predict"
ONE = tw.get_codec("protobuf/tensor").encode(np.ones(1))
TEXT = json.dumps({"strData": "x"})


def test_a_port_that_is_in_use(server: EchoServer) -> None:
    """A port that is taken is an OSError, for both transports, and leaves nothing behind."""
    before = threading.active_count()
    with pytest.raises(OSError, match=str(server.grpc_port)):
        EchoServer(grpc_port=server.grpc_port).start()
    assert threading.active_count() == before


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


def test_two_processes_share_a_port() -> None:
    """With reuse_port, servers listen at the same ports; without, the second is refused."""
    with EchoServer(reuse_port=True) as one:
        with EchoServer(None, one.rest_port, one.grpc_port, reuse_port=True) as two:
            assert (two.rest_port, two.grpc_port) == (one.rest_port, one.grpc_port)
        assert ask(one.rest_port, "/live").status == 200
        with pytest.raises(OSError, match="in use"):
            EchoServer(None, one.rest_port, None).start()
