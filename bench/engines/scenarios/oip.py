"""The infer calls of MLServer and KServe: as they are, with `install`, by a route, and by hand."""

from __future__ import annotations

from functools import partial
from http.client import HTTPConnection, HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ..scenario import (
    AS_IT_IS,
    BY_HAND,
    WITH_TENSORWIRE,
    Cell,
    Context,
    Scenario,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..rounds import Request
    from ..servers import Server

COUNTS = (1, 100_000)
ROUTE = "route"
"""An arm of its own: tensorwire's route, where `WITH_TENSORWIRE` is `install`."""
INFER = "/v2/models/double/infer"
CALL = "/inference.GRPCInferenceService/ModelInfer"
START = 60.0


def measure(context: Context, name: str, engine: str) -> Iterator[Cell | str]:
    """Call each endpoint with one value and many."""
    from ...serving.proxies import free_ports
    from ..rounds import calls

    servers, ports = {}, dict(zip(("as-it-is", "install"), free_ports(2), strict=True))
    for place, how in enumerate(ports):
        context.show_progress(f"{engine} starts", place / 10)
        command = (f"{name}_app.py", "{port}", str(ports[how]), how)
        servers[how] = _started(context, name, command)
    cases = [(form, count) for form in _forms(name) for count in COUNTS]
    for place, (form, count) in enumerate(cases):
        context.show_progress(engine, (place + 2) / (len(cases) + 2))
        arms = requests(servers, ports, form, count)
        case = f"{count:,} value{'s' * (count > 1)}, {form}"
        by_arm = {cell.arm: cell for cell in calls(context, engine, "", arms)}
        for arm in (AS_IT_IS, WITH_TENSORWIRE, BY_HAND):
            if arm in by_arm:
                yield _cell(by_arm[arm], case, arm)
        if ROUTE in by_arm:
            for arm in (AS_IT_IS, BY_HAND):
                yield _cell(by_arm[arm], f"{case}, route", arm)
            yield _cell(by_arm[ROUTE], f"{case}, route", WITH_TENSORWIRE)
    yield "with tensorwire: install(); in the rows of a route, its mount or custom handler."


def _forms(name: str) -> tuple[str, ...]:
    binary = ("binary",) if name == "kserve" else ()
    return ("JSON", *binary, "gRPC typed", "gRPC raw")


def _started(context: Context, name: str, command: tuple[str, ...]) -> Server:
    """Return a server whose model is loaded."""
    from time import monotonic, sleep

    from ...process import WorkerError
    from ..servers import APPS

    server = context.servers.start(name, (str(APPS / command[0]), *command[1:]))
    until = monotonic() + START
    while server._status("/v2/models/double/ready") != 200:  # noqa: SLF001
        server.check()
        if monotonic() > until:
            raise WorkerError("the model is not loaded in time")
        sleep(0.05)
    return server


class _HttpClient:
    """A connection of the standard library, which reads chunks."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._path, self._headers = parts.path, headers
        self._connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)

    def call(self, body: bytes) -> Any:
        """Send a body and return the reply; CallError where it is not one of 200."""
        from ...serving.clients import CallError, Reply

        try:
            self._connection.request("POST", self._path, body, dict(self._headers))
            response = self._connection.getresponse()
            reply = response.read()
        except (OSError, HTTPException) as error:
            raise CallError(f"HTTP: {error}") from error
        if response.status != 200:
            raise CallError(f"status {response.status}: {reply[:100].decode(errors='replace')}")
        return Reply(reply)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def requests(
    servers: Mapping[str, Server], ports: Mapping[str, int], form: str, count: int
) -> dict[str, Request]:
    """Return the request of each arm."""
    import numpy as np

    import tensorwire as tw

    from ..rounds import Request

    class Chunked(Request):
        """A request whose reply has no Content-Length: KServe's, in binary."""

        def client(self) -> _HttpClient:  # type: ignore[override]
            """Return a connection."""
            return _HttpClient(self.url, self.headers)

    protocol = tw.get_protocol(
        {"JSON": "oip/json", "binary": "oip/binary", "gRPC typed": "oip/protobuf-typed"}.get(
            form, "oip/protobuf"
        )
    )
    array = np.random.default_rng(1).normal(size=(1, count))
    parameters = {"binary_data_output": True} if form == "binary" else {}
    message = tw.oip.InferRequest(
        [tw.oip.InferTensor("x", array)], "double", id="7", parameters=parameters
    )
    body, headers = protocol.encode(message)

    def right(reply: bytes) -> bool:
        if form == "binary":
            return bytes(reply).endswith((array * 2).tobytes())
        read = "oip/protobuf" if form.startswith("gRPC") else "oip/json"
        answer = tw.get_protocol(read).decode(reply, type=tw.oip.InferResponse)
        return np.array_equal(answer.outputs[0].value, array * 2)

    if form.startswith("gRPC"):
        arms = {AS_IT_IS: "as-it-is", WITH_TENSORWIRE: "install"}
        return {
            arm: Request(f"http://127.0.0.1:{ports[how]}{CALL}", bytes(body), right, grpc=True)
            for arm, how in arms.items()
        }
    urls = {
        AS_IT_IS: servers["as-it-is"].url(INFER),
        WITH_TENSORWIRE: servers["install"].url(INFER),
        BY_HAND: servers["as-it-is"].url("/by-hand"),
        ROUTE: servers["as-it-is"].url(f"/tensorwire{INFER}"),
    }
    kind = Chunked if form == "binary" else Request
    return {arm: kind(url, bytes(body), right, headers) for arm, url in urls.items()}


def _cell(cell: Cell, case: str, arm: str) -> Cell:
    return Cell(cell.engine, case, arm, cell.metric, cell.samples, cell.failures, cell.requests)


SCENARIOS = tuple(
    Scenario(
        name=name,
        title=f"The infer calls of {engine}",
        question=f"What does {engine} gain by one line, install(), or by a route?",
        measure=partial(measure, name=name, engine=engine),
        engines=(name,),
        libraries=(name,),
    )
    for name, engine in (("kserve", "KServe"), ("mlserver", "MLServer"))
)
