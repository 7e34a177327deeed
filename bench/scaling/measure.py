"""What one server costs: an echo in a process of its own, asked by some clients, form by form.

``python -m bench.scaling.measure`` is that server.
"""

from __future__ import annotations

import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import tensorwire as tw

from ..measure.check import CheckError
from ..process import module, tell
from ..serving.clients import GrpcClient, RestClient
from ..serving.processes import Processes, wait_for_end
from .records import Cost, Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..serving.clients import Caller

REST, GRPC = "REST", "gRPC"
CLIENTS = 4
CONNECTIONS = 200
ROUNDS, QUICK_ROUNDS = 5, 2
CPU, QUICK_CPU = 0.5, 0.1
"""Seconds of a core that a round of one form takes, about;"""
LEAST = 3
"""requests of each client in it, at least."""


class Form(NamedTuple):
    """A form of requests, where they go, and how the values of a reply are read."""

    transport: str
    name: str
    path: str
    body: bytes
    headers: dict[str, str]
    value: Callable[[bytes], Any]

    def connect(self, ports: dict[str, int]) -> Caller:
        """Open a connection."""
        if self.transport == REST:
            return RestClient(ports[REST], self.path, self.headers)
        return GrpcClient(ports[GRPC], self.path)


def forms(values: int) -> Iterator[Form]:
    """Yield what is measured: the usual forms of doubles, which differ in every digit."""
    import numpy as np

    array = np.random.default_rng(1).normal(size=(1, values))
    message = tw.oip.InferRequest([tw.oip.InferTensor("x", array)])
    in_binary = tw.oip.InferRequest(
        [tw.oip.InferTensor("x", array)], parameters={"binary_data_output": True}
    )
    paths = {REST: "/predict", GRPC: "/seldon.protos.Model/Predict"}
    infer = {REST: "/v2/models/m/infer", GRPC: "/inference.GRPCInferenceService/ModelInfer"}
    for transport, container in ((REST, "json"), (GRPC, "protobuf")):
        for kind in ("ndarray", "tftensor"):
            codec = tw.get_codec(f"{container}/{kind}")
            headers = {"Content-Type": codec.media_type}
            body = bytes(codec.encode(array))
            yield Form(transport, codec.name, paths[transport], body, headers, codec.decode)
    for transport, name, asked in (
        (REST, "oip/json", message),
        (REST, "oip/binary", in_binary),
        (GRPC, "oip/protobuf", message),
    ):
        form = tw.get_protocol(name)
        body, headers = form.encode(asked)
        yield Form(transport, name, infer[transport], bytes(body), dict(headers), _last(array))


def _last(array: Any) -> Callable[[bytes], Any]:
    """Read the doubles at the end of a reply; of JSON, its numbers."""

    def value(body: bytes) -> Any:
        import numpy as np
        import orjson

        if body.endswith(b"}"):
            found = orjson.loads(body)
            return found.get("outputs", found.get("inputs"))[0]["data"]
        return np.frombuffer(body[-array.nbytes :], array.dtype)

    return value


def measure(values: int, *, quick: bool, show_progress: Callable[[str, float], None]) -> Measured:
    """Measure a server.

    Parameters
    ----------
    values
        doubles in a request; the reply has as many.
    """
    rounds, seconds = (QUICK_ROUNDS, QUICK_CPU) if quick else (ROUNDS, CPU)
    asked = list(forms(values))
    costs: dict[str, list[Cost]] = {form.name: [] for form in asked}
    with Processes() as processes:
        process = processes.start(module(f"{__package__}.measure")).ready()
        own, ports = Server(process.pid), process.ports
        at_rest = own.memory("VmRSS")
        connection_bytes = _connections(own, ports)
        for number in range(rounds):
            for place, form in enumerate(
                asked[number % len(asked) :] + asked[: number % len(asked)]
            ):
                share = (number + place / len(asked)) / rounds
                show_progress(f"{form.transport} {form.name}", share)
                costs[form.name].append(_cost(form, own, ports, seconds))
                process.check()
    least = [min(found, key=lambda cost: cost.core_s) for found in costs.values()]
    most = [max(each.flight_bytes for each in found) for found in costs.values()]
    found = [cost._replace(flight_bytes=memory) for cost, memory in zip(least, most, strict=True)]
    return Measured(values, at_rest, connection_bytes, found)


class Server:
    """The process of a server, as Linux tells of it."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def cpu(self) -> float:
        """Return the seconds of a core that all its threads took, in the kernel too."""
        total = 0
        for task in self._folder.glob("task/*/schedstat"):
            total += int(task.read_text("ascii").split()[0])
        return total / 1e9

    def memory(self, name: str) -> int:
        """Return a figure of its memory in bytes: VmRSS, or VmHWM, the most since `forget`."""
        text = (self._folder / "status").read_text("ascii")
        found = re.search(rf"^{name}:\s+([0-9]+) kB$", text, re.MULTILINE)
        return int(found[1]) * 1024 if found else 0

    def forget(self) -> None:
        """Begin anew with the most memory."""
        (self._folder / "clear_refs").write_text("5", "ascii")


def _connections(own: Server, ports: dict[str, int]) -> int:
    """Return the memory of a connection that is open and asks nothing."""
    before = own.memory("VmRSS")
    with ExitStack() as opened:
        for _ in range(CONNECTIONS):
            opened.enter_context(socket.create_connection(("127.0.0.1", ports[REST]), 10))
        with closing(RestClient(ports[REST], "/predict", {})) as client:
            client.call(b'{"data":{"ndarray":[1.5]}}')  # the others were accepted before
        return max(0, own.memory("VmRSS") - before) // CONNECTIONS


def _cost(form: Form, own: Server, ports: dict[str, int], seconds: float) -> Cost:
    with ExitStack() as opened:
        callers = [form.connect(ports) for _ in range(CLIENTS)]
        for each in callers:
            opened.callback(each.close)
        pool = opened.enter_context(ThreadPoolExecutor(CLIENTS))

        def ask(count: int) -> float:
            def all_of(caller: Caller) -> None:
                for _ in range(count):
                    caller.call(form.body)

            began = own.cpu()
            list(pool.map(all_of, callers))
            return (own.cpu() - began) / (count * CLIENTS)

        reply = callers[0].call(form.body).body
        _check(form, reply)
        ask(1)
        first = ask(LEAST)
        count = max(LEAST, int(seconds / max(first, 1e-6) / CLIENTS))
        own.forget()
        at_rest = own.memory("VmRSS")
        core_s = ask(count)
        flight = (own.memory("VmHWM") - at_rest) // CLIENTS
    # A server reuses what it has had: at least both bodies are there.
    flight = max(flight, len(form.body) + len(reply))
    return Cost(form.transport, form.name, core_s, len(form.body), len(reply), flight)


def _check(form: Form, reply: bytes) -> None:
    import numpy as np

    if not np.array_equal(np.ravel(form.value(reply)), np.ravel(form.value(form.body))):
        raise CheckError(f"{form.name}: expected the values of the request, got others")


def _serve() -> None:
    from tensorwire.server import EchoServer

    with EchoServer() as server:
        tell({REST: server.rest_port, GRPC: server.grpc_port})
        wait_for_end()


if __name__ == "__main__":
    _serve()
